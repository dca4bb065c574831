//! The config of an experiment, or of a memory alone: types, and how a file becomes them.

mod file;
mod memory;
mod types;

pub(crate) use file::swapped_name;
pub use file::{ConfigFile, drop_nulls};
pub use memory::MemoryConfig;
pub use types::{
    Controls, DatasetConfig, DatasetKind, ExperimentConfig, Isolation, Measure, RecordConfig,
    VariantConfig,
};
