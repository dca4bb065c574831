//! What a page is made with.

use memgauge_core::CategoryNames;
use memgauge_dataset::{Dataset, Errata};
use memgauge_report::statistics::DEFAULT_MARGIN;

/// What a page is made with.
#[derive(Debug, Clone)]
pub struct PageOptions<'a> {
    /// Whose names the categories go by.
    pub names: CategoryNames,
    /// Metric of the comparisons; `None` = J where every arm has labels that may be compared, otherwise `f1.locomo`.
    pub metric: Option<String>,
    /// Differences inside plus and minus this count as none, in score units.
    pub margin: f64,
    /// Datasets that are at hand. The words of a conversation are shown where one has the fingerprint of the run.
    pub datasets: &'a [Dataset],
    /// Known mistakes of an answer key, applied to runs of the dataset that they are bound to.
    pub errata: Option<&'a Errata>,
    /// Bytes that the page should stay below: fewer of the retrieved memories are listed where they would pass it.
    pub most_bytes: usize,
}

impl PageOptions<'_> {
    /// Three million bytes.
    pub const MOST_BYTES: usize = 3_000_000;
}

impl Default for PageOptions<'_> {
    fn default() -> Self {
        Self {
            names: CategoryNames::Official,
            metric: None,
            margin: DEFAULT_MARGIN,
            datasets: &[],
            errata: None,
            most_bytes: Self::MOST_BYTES,
        }
    }
}
