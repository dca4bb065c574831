//! Pipelines by name: the same keys, other defaults.

use memgauge_core::{Build, BuildError, MemorySystem, Parts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pipeline::{PipelineConfig, StorageConfig};
use crate::context::{BudgetConfig, ContextConfig};
use crate::extractor::ExtractorConfig;
use crate::extractor::observations::ObservationsConfig as ObservationsExtractor;
use crate::extractor::rules::RulesConfig as RulesExtractor;
use crate::extractor::summaries::SummariesConfig as SummariesExtractor;
use crate::extractor::verbatim::VerbatimConfig;
use crate::fusion::{FusionConfig, NeighbourConfig, Normalise, OneOrEach, WeightedConfig};
use crate::retriever::{HybridConfig, RetrieverConfig};
use crate::update::UpdateConfig;
use crate::update::append::AppendConfig;
use crate::update::rules::RulesConfig as RulesUpdate;

/// Declares a system with the keys of a pipeline and its own defaults.
macro_rules! preset {
    ($(#[doc = $doc:literal])+ $name:ident = $kind:literal, $default:expr) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
        pub struct $name {
            /// What turns become.
            pub extractor: ExtractorConfig,
            /// What becomes of new facts.
            pub update: UpdateConfig,
            /// Name of the embedder. Unused where nothing looks at vectors.
            pub embedder: String,
            /// What shapes the store.
            pub store: StorageConfig,
            /// What is searched for, and with `k` how many memories enter the context.
            pub retriever: RetrieverConfig,
            /// How ranked lists are joined.
            pub fusion: FusionConfig,
            /// How memories are shown.
            pub context: ContextConfig,
            /// Whether a question sees the memories of its own conversation alone. Matters where
            /// conversations share a store.
            pub scope_filter: bool,
        }

        impl From<PipelineConfig> for $name {
            fn from(config: PipelineConfig) -> Self {
                Self {
                    extractor: config.extractor,
                    update: config.update,
                    embedder: config.embedder,
                    store: config.store,
                    retriever: config.retriever,
                    fusion: config.fusion,
                    context: config.context,
                    scope_filter: config.scope_filter,
                }
            }
        }

        impl From<$name> for PipelineConfig {
            fn from(config: $name) -> Self {
                Self {
                    extractor: config.extractor,
                    update: config.update,
                    embedder: config.embedder,
                    store: config.store,
                    retriever: config.retriever,
                    fusion: config.fusion,
                    context: config.context,
                    scope_filter: config.scope_filter,
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::from($default)
            }
        }

        impl Build<Box<dyn MemorySystem>> for $name {
            fn build(&self, parts: &dyn Parts) -> Result<Box<dyn MemorySystem>, BuildError> {
                let config = PipelineConfig::from(self.clone());
                Ok(Box::new(config.pipeline($kind, parts)?))
            }
        }
    };
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
        extractor,
        update: AppendConfig::default().into(),
        embedder: "static".to_owned(),
        store: StorageConfig::default(),
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
