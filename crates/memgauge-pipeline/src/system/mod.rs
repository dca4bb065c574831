//! Memory systems: pipelines made of the other families' parts, and the baselines that they are
//! measured against.

mod control;
mod desk;
mod external;
mod full_context;
mod library;
mod no_memory;
mod pipeline;
mod presets;
mod protocol;
mod rag;
mod transcript;

use memgauge_core::{ComponentError, ConversationId, ErrorKind, MemorySystem, registry};

pub use control::Oracle;
pub use external::{External, ExternalConfig, TimeoutConfig};
pub use full_context::{FullContext, FullContextConfig};
pub use library::{Addition, Found};
pub use no_memory::{NoMemory, NoMemoryConfig};
pub use pipeline::{
    ConsolidationConfig, MAX_CANDIDATES, Perspectives, Pipeline, PipelineConfig, StorageConfig,
};
pub use presets::{
    CooccurrenceRulesConfig, Mem0RulesConfig, Mem0gOssRulesConfig, Mem0gRulesConfig, NotesConfig,
    NotesRulesConfig, ObservationsConfig, SummariesConfig, TemporalRulesConfig, TurnsConfig,
    best_hybrid_fusion,
};
pub use protocol::{Deviation, Mem0Config, Mem0gConfig, Protocol, filled};
pub use rag::{Rag, RagConfig};

registry! {
    /// Memory systems: what remembers a conversation and brings something to mind about a question.
    pub enum SystemConfig: "system" => Box<dyn MemorySystem> {
        "no-memory" => NoMemory(NoMemoryConfig),
        "full-context" => FullContext(FullContextConfig),
        "rag" => Rag(RagConfig),
        "turns" => Turns(TurnsConfig),
        "observations" => Observations(ObservationsConfig),
        "summaries" => Summaries(SummariesConfig),
        "mem0-rules" => Mem0Rules(Mem0RulesConfig),
        "mem0g-rules" => Mem0gRules(Mem0gRulesConfig),
        "mem0g-oss-rules" => Mem0gOssRules(Mem0gOssRulesConfig),
        "temporal-rules" => TemporalRules(TemporalRulesConfig),
        "cooccurrence-rules" => CooccurrenceRules(CooccurrenceRulesConfig),
        "mem0" => Mem0(Mem0Config),
        "mem0g" => Mem0g(Mem0gConfig),
        "notes" => Notes(NotesConfig),
        "notes-rules" => NotesRules(NotesRulesConfig),
        "external" => External(ExternalConfig),
    }
}

fn unknown_conversation(component: &str, conversation: &ConversationId) -> ComponentError {
    ComponentError::new(
        component,
        ErrorKind::Permanent,
        format!("conversation `{conversation}` was never ingested"),
    )
}

#[cfg(test)]
mod pipeline_tests;
#[cfg(test)]
pub(crate) mod tests;
