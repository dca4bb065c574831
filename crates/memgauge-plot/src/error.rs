//! What can go wrong.

use std::path::PathBuf;

use memgauge_report::RunDirError;
use memgauge_report::arm::SelectionError;
use memgauge_report::compare::CompareError;
use memgauge_report::statistics::StatisticsError;

/// A plot cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// What was named is no arm, or cannot be read.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// A run cannot be read.
    #[error(transparent)]
    Run(#[from] RunDirError),
    /// The metric cannot be drawn: there is none of that name, or no arm has it.
    #[error("{0}")]
    Metric(String),
    /// The arms cannot be compared.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// The numbers make no sense.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    /// The backend refused.
    #[error("drawing failed: {0}")]
    Draw(String),
    /// A picture cannot be written.
    #[error("{}: {message}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
}
