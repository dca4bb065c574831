//! Pipelines by name: the same keys, other defaults.

use std::borrow::Cow;

use memgauge_core::{Build, BuildError, MemorySystem, Parts};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::pipeline::{ConsolidationConfig, Perspectives, PipelineConfig, StorageConfig};
use crate::context::BudgetConfig;
use crate::extractor::ExtractorConfig;
use crate::extractor::llm::{LlmExtractorConfig, SummaryConfig};
use crate::extractor::observations::ObservationsConfig as ObservationsExtractor;
use crate::extractor::rules::RulesConfig as RulesExtractor;
use crate::extractor::summaries::SummariesConfig as SummariesExtractor;
use crate::extractor::verbatim::VerbatimConfig;
use crate::fusion::{
    FusionConfig, NeighbourConfig, Normalise, OneOrEach, SingleConfig, WeightedConfig,
};
use crate::graph::{CooccurrenceConfig, GraphConfig, Mem0gConfig, Mem0gOssConfig, TemporalConfig};
use crate::retriever::{AllConfig, HybridConfig};
use crate::update::append::AppendConfig;
use crate::update::rules::RulesConfig as RulesUpdate;

/// Declares a system with the keys of a pipeline and its own defaults.
macro_rules! preset {
    ($(#[doc = $doc:literal])+ $name:ident = $kind:literal, $default:expr) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub PipelineConfig);

        impl Default for $name {
            fn default() -> Self {
                Self($default)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let given = Map::deserialize(deserializer)?;
                over(&Self::default().0, given).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                schema(generator, concat!($($doc, "\n"),+), &Self::default().0)
            }
        }

        impl From<$name> for PipelineConfig {
            fn from(config: $name) -> Self {
                config.0
            }
        }

        impl Build<Box<dyn MemorySystem>> for $name {
            fn build(&self, parts: &dyn Parts) -> Result<Box<dyn MemorySystem>, BuildError> {
                Ok(Box::new(self.0.pipeline($kind, parts)?))
            }
        }
    };
}

/// `default` with the tables and values of `given` in the place of its own.
fn over<E: serde::de::Error>(
    default: &PipelineConfig,
    given: Map<String, Value>,
) -> Result<PipelineConfig, E> {
    let mut table = match serde_json::to_value(default) {
        Ok(Value::Object(table)) => table,
        Ok(_) => Map::new(),
        Err(error) => return Err(E::custom(error)),
    };
    table.extend(given);
    PipelineConfig::deserialize(Value::Object(table)).map_err(E::custom)
}

/// Schema of a preset: that of a pipeline, every key with the preset's default.
pub(super) fn schema(
    generator: &mut SchemaGenerator,
    doc: &str,
    default: &PipelineConfig,
) -> Schema {
    let mut schema = PipelineConfig::json_schema(generator);
    let object = schema.ensure_object();
    object.remove("required");
    object.insert("description".to_owned(), json!(doc.trim()));
    if let (Some(Value::Object(properties)), Ok(default)) =
        (object.get_mut("properties"), serde_json::to_value(default))
    {
        for (key, property) in properties {
            if let (Value::Object(property), Some(value)) = (property, default.get(key)) {
                property.insert("default".to_owned(), value.clone());
            }
        }
    }
    schema
}

/// Standard scores of both lists, BM25 counting a little less.
fn hybrid_fusion() -> WeightedConfig {
    WeightedConfig {
        normalise: OneOrEach::One(Normalise::ZScore),
        weights: vec![1.0, 0.8],
        ..WeightedConfig::default()
    }
}

/// The fusion of `turns`: standard scores of cosine + 0.8 x those of BM25, then shares of the scores of
/// the turns said before and after. Chosen on LOCOMO by the example `crossfit`.
pub fn best_hybrid_fusion() -> FusionConfig {
    FusionConfig::Neighbour(NeighbourConfig {
        inner: Box::new(hybrid_fusion().into()),
        before: 0.5,
        after: 0.3,
    })
}

fn pipeline(extractor: ExtractorConfig, fusion: FusionConfig) -> PipelineConfig {
    PipelineConfig {
        perspectives: Perspectives::One,
        extractor,
        update: AppendConfig::default().into(),
        consolidation: ConsolidationConfig::default(),
        embedder: "static".to_owned(),
        store: StorageConfig::default(),
        graph: None,
        retriever: HybridConfig::default().into(),
        fusion,
        context: BudgetConfig::default().into(),
        scope_filter: true,
    }
}

preset! {
    /// Every turn as it was said, found by vectors and words together.
    TurnsConfig = "turns",
    pipeline(VerbatimConfig::default().into(), best_hybrid_fusion())
}

preset! {
    /// The single facts that the dataset's authors had an LLM note down about each session.
    ObservationsConfig = "observations",
    pipeline(ObservationsExtractor::default().into(), hybrid_fusion().into())
}

preset! {
    /// The summaries that the dataset's authors had an LLM write of each session.
    SummariesConfig = "summaries",
    PipelineConfig {
        retriever: HybridConfig { k: Some(5), ..HybridConfig::default() }.into(),
        ..pipeline(SummariesExtractor::default().into(), hybrid_fusion().into())
    }
}

preset! {
    /// Mem0's shape (extract facts; add, update or delete by similarity) with rules in place of the LLM.
    /// It is not Mem0: the name says so.
    Mem0RulesConfig = "mem0-rules",
    PipelineConfig {
        update: RulesUpdate::default().into(),
        ..pipeline(RulesExtractor::default().into(), hybrid_fusion().into())
    }
}

/// Weight of a graph's list beside the lists of the hybrid.
const GRAPH_WEIGHT: f64 = 0.5;

/// The fusion of `turns` with a graph's list as the third: its scores as shares of the best.
fn hybrid_fusion_with_graph(weight: f64) -> FusionConfig {
    FusionConfig::Neighbour(NeighbourConfig {
        inner: Box::new(
            WeightedConfig {
                normalise: OneOrEach::Each(vec![
                    Normalise::ZScore,
                    Normalise::ZScore,
                    Normalise::Max,
                ]),
                weights: vec![1.0, 0.8, weight],
                ..WeightedConfig::default()
            }
            .into(),
        ),
        before: 0.5,
        after: 0.3,
    })
}

/// `turns` with a graph beside the memories.
fn turns_with(graph: GraphConfig) -> PipelineConfig {
    let fusion = match graph.lists() {
        0 => best_hybrid_fusion(),
        _ => hybrid_fusion_with_graph(GRAPH_WEIGHT),
    };
    PipelineConfig {
        graph: Some(graph),
        ..pipeline(VerbatimConfig::default().into(), fusion)
    }
}

preset! {
    /// `turns` with a graph after Mem0g whose entities and relations are found by rules: the relations
    /// that a question brings up are shown after the turns. It is not Mem0g: the name says so.
    Mem0gRulesConfig = "mem0g-rules",
    turns_with(Mem0gConfig::default().into())
}

preset! {
    /// `turns` with a graph after that of mem0's open-source package 0.1.94, built by rules: five
    /// relations are shown after the turns.
    Mem0gOssRulesConfig = "mem0g-oss-rules",
    turns_with(Mem0gOssConfig::default().into())
}

preset! {
    /// `turns` with a graph whose edges hold from one time to another, built by rules: relations are
    /// shown after the turns with the time for which they held.
    TemporalRulesConfig = "temporal-rules",
    turns_with(TemporalConfig::default().into())
}

preset! {
    /// `turns` with a graph of entities that share a turn, found by rules: a personalised PageRank from
    /// the question's entities is a third list beside vectors and words.
    CooccurrenceRulesConfig = "cooccurrence-rules",
    turns_with(CooccurrenceConfig::default().into())
}

/// Every memory written, unranked, in the prompt.
fn notes(extractor: ExtractorConfig) -> PipelineConfig {
    PipelineConfig {
        retriever: AllConfig::default().into(),
        ..pipeline(extractor, SingleConfig::default().into())
    }
}

preset! {
    /// The protocol of the OpenAI-memory baseline in Mem0's evaluation: every memory that a language model
    /// wrote of the sessions, unranked, in every prompt. Here one call per session writes them.
    NotesConfig = "notes",
    notes(
        LlmExtractorConfig {
            prompt: "extract/mem0-oss-0.1".to_owned(),
            batch: 0,
            lookback: 0,
            summary: SummaryConfig {
                enabled: false,
                ..SummaryConfig::default()
            },
            ..LlmExtractorConfig::default()
        }
        .into(),
    )
}

preset! {
    /// As `notes`, with rules in place of the language model: what the protocol costs and finds offline.
    NotesRulesConfig = "notes-rules",
    notes(RulesExtractor::default().into())
}
