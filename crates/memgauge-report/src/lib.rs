//! Records, metrics, statistics and tables: functions of saved files.

mod call;
mod fate;
mod judgements;
mod lineage;
mod manifest;
pub mod metrics;
mod parquet;
mod question;
pub mod record;
pub mod retrieval;
mod rundir;
pub mod statistics;
pub mod summary;
pub mod table;

pub use fate::{Fate, fate};
pub use judgements::{
    Agreement, JudgeCard, JudgeReport, JudgedKey, JudgedRow, JudgedVariant, judge_report,
};
pub use lineage::{Lineage, MemoryTrace};
pub use manifest::{DatasetManifest, Machine, Manifest, TrafficManifest, VariantManifest};
pub use parquet::write_parquet;
pub use question::{first_question, show_question};
pub use rundir::{Appender, RunDir, RunDirError, files};
pub use summary::{Summary, SummaryError, summarise};
