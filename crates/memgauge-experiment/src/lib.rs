//! From a config file to a finished run directory: load and check a config, plan it, run it,
//! resume it. [`memory`] is the same parts as a library for agents.
//!
//! The crate reads and writes the files that the caller names; it prints nothing and reads
//! neither the environment nor the current directory.

mod assemble;
pub mod catalogue;
mod checkup;
pub mod config;
mod controls;
mod decorate;
mod digest;
mod error;
pub mod estimate;
mod judging;
mod known_run;
pub mod memory;
pub mod merge;
mod parts;
mod plan;
pub mod run;
mod schema;
pub mod search_rounds;
mod shard;
mod sharing;

pub use assemble::{Assembly, Secrets, Supplies};
pub use checkup::{Checkup, check_up};
pub use config::{ConfigFile, ExperimentConfig, Isolation, MemoryConfig, VariantConfig};
pub use decorate::Decorator;
pub use error::ExperimentError;
pub use judging::{JudgeEnd, JudgeOptions, judge_again};
pub use known_run::{KnownOptions, known_run, role};
pub use memgauge_pipeline::prompt;
pub use memory::Memory;
pub use plan::{Plan, PlannedConversation, PlannedVariant, Role};
pub use run::{Event, Observer, RunOptions, RunReport, Runner, Stop};
pub use shard::{Cell, Shard};
pub use sharing::{Group, Ingestion};
