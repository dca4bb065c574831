//! Why there is no page.

use memgauge_report::arm::SelectionError;
use memgauge_report::compare::CompareError;
use memgauge_report::{RunDirError, SummaryError};

/// A page cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HtmlError {
    /// What was named is no arm.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// A run cannot be read.
    #[error(transparent)]
    Run(#[from] RunDirError),
    /// An unfinished run cannot be summed up.
    #[error(transparent)]
    Summary(#[from] SummaryError),
    /// Arms cannot be compared for a reason of their numbers.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// A plot cannot be drawn.
    #[error(transparent)]
    Plot(#[from] memgauge_plot::PlotError),
    /// The data cannot be packed.
    #[error("data of the page: {0}")]
    Pack(#[source] std::io::Error),
    /// A template is wrong.
    #[error("template of the page")]
    Template(#[from] minijinja::Error),
}
