//! The config of an experiment: its types, and how a file becomes them.

mod file;
mod types;

pub use file::ConfigFile;
pub(crate) use file::swapped_name;
pub use types::{
    Controls, DatasetConfig, DatasetKind, ExperimentConfig, Isolation, Measure, RecordConfig,
    VariantConfig,
};
