//! What stands around the systems of an experiment.

use memgauge_core::{Extractor, MemorySystem};
use memgauge_pipeline::system::SystemConfig;

/// Puts something around systems and their parts as they are built, to watch them or, to try a gate, to plant a fault.
/// Neither config nor manifest knows of it. Every method leaves things as they are unless it is written anew.
pub trait Decorator: Send + Sync {
    /// The config that a system is built from in the place of the one that was written.
    fn config(&self, config: &SystemConfig) -> SystemConfig {
        config.clone()
    }

    /// What a pipeline extracts facts with.
    fn extractor(&self, extractor: Box<dyn Extractor>) -> Box<dyn Extractor> {
        extractor
    }

    /// What a variant remembers with.
    fn system(&self, system: Box<dyn MemorySystem>) -> Box<dyn MemorySystem> {
        system
    }
}
