//! The protocols that go by the name of Mem0, each a bundle of a pipeline's switches.
//!
//! Facts about them are in docs/METHODOLOGY.md. A config starts from a protocol and changes single
//! switches: its tables are laid over the protocol's, key by key.

mod deviation;
mod system;
#[cfg(test)]
mod tests;

use memgauge_store::LexicalConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use deviation::Deviation;
pub use system::{Mem0Config, Mem0gConfig};

use super::pipeline::{ConsolidationConfig, Perspectives, PipelineConfig, StorageConfig};
use crate::context::BudgetConfig;
use crate::extractor::llm::{LlmExtractorConfig, SummaryConfig};
use crate::fusion::{Mem0AdditiveConfig, SingleConfig};
use crate::graph::builder::LlmBuilderConfig;
use crate::graph::{EntityLinksConfig, Mem0gConfig as PaperGraph, Mem0gOssConfig as OssGraph};
use crate::retriever::{DenseConfig, HybridConfig, LexicalConfig as LexicalRetriever};
use crate::update::hash::HashConfig;
use crate::update::llm::{LlmUpdateConfig, Mode};

/// One of the algorithms and evaluations that are called Mem0.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
pub enum Protocol {
    /// The paper: arXiv 2504.19413, section 2.
    #[default]
    #[serde(rename = "mem0-2504")]
    Mem02504,
    /// The evaluation code that the paper's authors published with it: one memory per speaker.
    #[serde(rename = "mem0-eval")]
    Mem0Eval,
    /// The open-source package as it was when the paper came out: mem0ai 0.1.94.
    #[serde(rename = "mem0-oss-0.1")]
    Mem0Oss01,
    /// The open-source package of 2026: mem0ai 2.0.18.
    #[serde(rename = "mem0-oss-2")]
    Mem0Oss2,
}

impl Protocol {
    /// All of them, oldest first.
    pub const ALL: [Self; 4] = [
        Self::Mem02504,
        Self::Mem0Eval,
        Self::Mem0Oss01,
        Self::Mem0Oss2,
    ];

    /// Its name in config files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mem02504 => "mem0-2504",
            Self::Mem0Eval => "mem0-eval",
            Self::Mem0Oss01 => "mem0-oss-0.1",
            Self::Mem0Oss2 => "mem0-oss-2",
        }
    }

    /// The protocol of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.name() == name)
    }

    /// What it follows.
    pub const fn source(self) -> &'static str {
        match self {
            Self::Mem02504 => "arXiv 2504.19413, section 2.1",
            Self::Mem0Eval => "the evaluation code published in April 2025",
            Self::Mem0Oss01 => "mem0ai 0.1.94 (April 2025)",
            Self::Mem0Oss2 => "mem0ai 2.0.18 (August 2026)",
        }
    }

    /// What it does otherwise than its source, and why.
    pub fn deviations(self) -> Vec<Deviation> {
        deviation::of(self)
    }

    /// Its switches with a graph beside the memories, built by the language model. `mem0-oss-2` gave
    /// its graph up: there it is that of `mem0-oss-0.1`, and entities are not linked.
    pub fn with_graph(self) -> PipelineConfig {
        let builder = LlmBuilderConfig::default();
        let graph = match self {
            Self::Mem02504 | Self::Mem0Eval => PaperGraph {
                builder: builder.into(),
                ..PaperGraph::default()
            }
            .into(),
            Self::Mem0Oss01 | Self::Mem0Oss2 => OssGraph {
                builder: builder.into(),
                ..OssGraph::default()
            }
            .into(),
        };
        PipelineConfig {
            graph: Some(graph),
            ..self.defaults()
        }
    }

    /// Its switches.
    pub fn defaults(self) -> PipelineConfig {
        match self {
            Self::Mem02504 => base(
                LlmExtractorConfig {
                    prompt: "extract/mem0-2504".to_owned(),
                    batch: 2,
                    lookback: 10,
                    ..LlmExtractorConfig::default()
                },
                per_fact(),
            ),
            Self::Mem0Eval => PipelineConfig {
                perspectives: Perspectives::PerSpeaker,
                ..base(
                    LlmExtractorConfig {
                        prompt: "extract/mem0-eval".to_owned(),
                        batch: 2,
                        lookback: 0,
                        instructions: "instructions/mem0-eval".to_owned(),
                        summary: no_summary(),
                        ..LlmExtractorConfig::default()
                    },
                    per_fact(),
                )
            },
            Self::Mem0Oss01 => base(
                LlmExtractorConfig {
                    prompt: "extract/mem0-oss-0.1".to_owned(),
                    batch: 2,
                    lookback: 0,
                    summary: no_summary(),
                    ..LlmExtractorConfig::default()
                },
                LlmUpdateConfig {
                    mode: Mode::Joint,
                    similar: Some(5),
                    ..LlmUpdateConfig::default()
                },
            ),
            Self::Mem0Oss2 => oss_2(),
        }
    }
}

/// One memory, inline, the 30 nearest by vector, as `time: text`.
fn base(extractor: LlmExtractorConfig, update: LlmUpdateConfig) -> PipelineConfig {
    PipelineConfig {
        perspectives: Perspectives::One,
        extractor: extractor.into(),
        update: update.into(),
        consolidation: ConsolidationConfig::default(),
        embedder: "embeddings".to_owned(),
        store: StorageConfig::default(),
        graph: None,
        retriever: DenseConfig {
            k: Some(30),
            ..DenseConfig::default()
        }
        .into(),
        fusion: SingleConfig::default().into(),
        context: BudgetConfig::default().into(),
        scope_filter: true,
    }
}

/// One call per fact, with the 10 most similar memories.
fn per_fact() -> LlmUpdateConfig {
    LlmUpdateConfig {
        mode: Mode::PerFact,
        similar: Some(10),
        ..LlmUpdateConfig::default()
    }
}

fn no_summary() -> SummaryConfig {
    SummaryConfig {
        enabled: false,
        ..SummaryConfig::default()
    }
}

/// ADD only; vectors and BM25 added up.
fn oss_2() -> PipelineConfig {
    const K: usize = 20;
    // Fetched by vector and by BM25: max(4k, 60).
    const DEPTH: usize = 80;
    let extractor = LlmExtractorConfig {
        prompt: "extract/mem0-oss-2".to_owned(),
        batch: 2,
        lookback: 10,
        summary: no_summary(),
        ..LlmExtractorConfig::default()
    };
    PipelineConfig {
        update: HashConfig::default().into(),
        store: StorageConfig {
            lexical: LexicalConfig::lucene_stemmed(),
            ..StorageConfig::default()
        },
        retriever: HybridConfig {
            k: Some(K),
            inputs: vec![
                DenseConfig {
                    k: None,
                    depth: DEPTH,
                }
                .into(),
                LexicalRetriever {
                    k: None,
                    depth: DEPTH,
                }
                .into(),
            ],
        }
        .into(),
        graph: Some(EntityLinksConfig::default().into()),
        fusion: Mem0AdditiveConfig::default().into(),
        ..base(extractor, LlmUpdateConfig::default())
    }
}

/// Lays `given` over `base`: tables key by key, everything else in the place of what was there. A table
/// of another `kind` takes the place of the whole table, as its keys mean other things; one that does
/// not say its kind keeps that of `base`.
fn lay_over(base: &mut Value, given: Value) {
    match (base, given) {
        (Value::Object(base), Value::Object(given))
            if given
                .get("kind")
                .is_none_or(|kind| base.get("kind") == Some(kind)) =>
        {
            for (key, value) in given {
                match base.get_mut(&key) {
                    Some(slot) => lay_over(slot, value),
                    None => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (base, given) => *base = given,
    }
}

/// The table of a `system` as it was written, with what its protocol says filled in: what a check
/// against the schema needs to see, where tables without their `kind` are mistakes. Other tables
/// stay as they are.
pub fn filled(system: &Value) -> Value {
    let kind = system.get("kind").and_then(Value::as_str);
    if !kind.is_some_and(|kind| system::KINDS.contains(&kind)) {
        return system.clone();
    }
    let name = system.get("protocol").and_then(Value::as_str);
    // A name that is none is reported by the check; the rest is then read as the default's.
    let protocol = name.and_then(Protocol::named).unwrap_or_default();
    let parts = match kind {
        Some("mem0g") => protocol.with_graph(),
        _ => protocol.defaults(),
    };
    let Ok(mut whole) = serde_json::to_value(parts) else {
        return system.clone();
    };
    // The system's own table has no kind in the pipeline's.
    if let (Value::Object(whole), Some(kind)) = (&mut whole, kind) {
        whole.insert("kind".to_owned(), kind.into());
    }
    drop_nulls(&mut whole);
    lay_over(&mut whole, system.clone());
    whole
}

/// A key that is null was left out.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
