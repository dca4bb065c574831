//! The config of an experiment: its types, and how a file becomes them.

mod file;
mod types;

pub(crate) use file::swapped_name;
pub use file::{ConfigFile, drop_nulls};
pub use types::{
    Controls, DatasetConfig, DatasetKind, ExperimentConfig, Isolation, Measure, RecordConfig,
    VariantConfig,
};
