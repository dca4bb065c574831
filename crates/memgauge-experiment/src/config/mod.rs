//! The config of an experiment: its types, and how a file becomes them.

mod file;
mod types;

pub use file::{ConfigFile, drop_nulls};
pub(crate) use file::{is_name, swapped_name};
pub use types::{
    Controls, DatasetConfig, DatasetKind, ExperimentConfig, Isolation, Measure, RecordConfig,
    VariantConfig,
};
