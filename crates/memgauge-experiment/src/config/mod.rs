//! The config of an experiment, or of a memory alone: types, and how a file becomes them.

mod file;
mod memory;
mod types;

pub use file::{ConfigFile, drop_nulls};
pub(crate) use file::{is_name, swapped_name};
pub use memory::MemoryConfig;
pub use types::{
    Controls, DatasetConfig, DatasetKind, ExperimentConfig, Isolation, Measure, RecordConfig,
    VariantConfig,
};
