//! Records, metrics, statistics and tables: functions of saved files.

pub mod metrics;
