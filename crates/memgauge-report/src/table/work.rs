//! What the cells of a run shared, in a line.

use memgauge_core::Traffic;

use crate::summary::Summary;

/// Cells and ingestions; calls made and distinct calls, where a model was called. `None` in summaries of a memgauge
/// that did not count.
pub(super) fn work(summary: &Summary) -> Option<String> {
    let work = summary.work.as_ref()?;
    let mut line = format!(
        "Shared: {} cells (variant x repeat x conversation), {} ingestions",
        work.cells, work.ingestions
    );
    if !work.calls.is_empty() {
        let named = |(traffic, n): (&Traffic, &u64)| {
            let name = match traffic {
                Traffic::Live => "live",
                Traffic::Cache => "cache",
                Traffic::Cassette => "cassette",
                Traffic::Fake => "fake",
            };
            format!("{n} {name}")
        };
        let calls: Vec<String> = work.calls.iter().map(named).collect();
        line.push_str(&format!("; replies: {}", calls.join(", ")));
        let number =
            |n: Option<u64>| n.map_or_else(|| super::UNKNOWN.to_owned(), |n| n.to_string());
        line.push_str(&format!(
            "; calls made {}, distinct calls {}",
            number(work.made),
            number(work.distinct)
        ));
    }
    line.push('.');
    Some(line)
}
