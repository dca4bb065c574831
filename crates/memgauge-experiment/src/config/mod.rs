//! The config of an experiment, or of a memory alone: types, and how a file becomes them.

mod controls;
mod diff;
mod file;
mod memory;
mod only;
mod places;
mod profile;
mod set;
mod sweep;
mod types;

pub use controls::Controls;
pub use diff::{Difference, VariantDifferences, differences};
pub use file::{Choices, ConfigFile, drop_nulls};
pub(crate) use file::{is_name, swapped_name};
pub use memgauge_pipeline::system::Protocol;
pub use memory::MemoryConfig;
pub use only::Only;
pub use types::{
    CellConfig, DatasetConfig, DatasetKind, ExperimentConfig, Isolation, Measure, RecordConfig,
    Repeats, SweepConfig, SweepMode, VariantConfig,
};
