//! The config of an experiment, or of a memory alone: types, and how a file becomes them.

mod combinations;
mod controls;
mod diff;
mod file;
mod memory;
mod only;
mod places;
mod profile;
mod remedy;
mod set;
mod sweep;
mod types;

pub(crate) use combinations::{is_name, swapped_name};
pub use controls::Controls;
pub use diff::{Difference, VariantDifferences, differences};
pub use file::{Choices, ConfigFile, drop_nulls};
pub use memgauge_pipeline::system::Protocol;
pub use memory::MemoryConfig;
pub use only::Only;
pub(crate) use remedy::table_of;
pub use types::{
    CellConfig, DatasetConfig, DatasetKind, ExperimentConfig, Isolation, Measure, RecordConfig,
    Repeats, SweepConfig, SweepMode, VariantConfig,
};
