//! Records, metrics, statistics and tables: functions of saved files.

pub mod arm;
pub mod baseline;
mod call;
pub mod card;
pub mod compare;
mod direction;
pub mod errata;
mod fate;
pub mod gate;
pub mod history;
pub mod import;
mod judgements;
mod lineage;
pub mod loss;
mod manifest;
pub mod metrics;
mod order;
mod paid;
pub mod paper;
mod parquet;
pub mod powered;
mod publish;
mod question;
pub mod rank;
pub mod record;
mod replay;
pub mod rescore;
pub mod retrieval;
mod run_name;
mod rundir;
pub mod statistics;
pub mod summary;
pub mod surrogate;
pub mod table;

pub use direction::{Direction, direction};
pub use fate::{Fate, fate};
pub use judgements::{
    Agreement, JudgeCard, JudgeReport, JudgedKey, JudgedRow, JudgedVariant, judge_report,
};
pub use lineage::{Lineage, MemoryTrace};
pub use manifest::{
    CellManifest, DatasetManifest, Machine, Manifest, MergedShard, RepeatsManifest, ShardManifest,
    TrafficManifest, VariantManifest,
};
pub use order::Order;
pub use parquet::{FlatTable, ParquetError, write_flat_table, write_parquet};
pub use publish::publish;
pub use question::{first_question, show_question};
pub use run_name::{create_run, new_run, run_name};
pub use rundir::{Appender, Draft, RunDir, RunDirError, files};
pub use summary::{Summary, SummaryError, summarise};
