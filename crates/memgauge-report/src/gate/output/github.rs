//! Workflow commands of GitHub Actions, one line each.

use super::cell::told;
use super::headline;
use crate::gate::{CheckResult, GateReport, GateVerdict, Outcome};

/// Annotations: an error per test that trips, a warning per other test that cannot be decided, a notice per improvement,
/// and what it comes to.
#[must_use]
pub fn annotations(report: &GateReport) -> String {
    let mut text = String::new();
    let mut add = |kind: &str, title: &str, message: &str| {
        text.push_str(&format!(
            "::{kind} title={}::{}\n",
            property(title),
            data(message)
        ));
    };
    for refusal in &report.incomparable {
        add(
            "error",
            &format!("memgauge: other {}", refusal.what),
            &refusal.message,
        );
    }
    for check in &report.checks {
        if let Some(kind) = kind(check) {
            let title = format!("memgauge: {} {}", check.metric, check.verdict.name());
            add(kind, &title, &format!("{}: {}", check.name(), told(check)));
        }
    }
    let kind = match report.outcome {
        Outcome::Passed => "notice",
        _ => "error",
    };
    add(kind, "memgauge gate", &headline(report));
    text
}

fn kind(check: &CheckResult) -> Option<&'static str> {
    match check.verdict {
        _ if check.trips => Some("error"),
        GateVerdict::Underpowered | GateVerdict::Regressed => Some("warning"),
        GateVerdict::Improved => Some("notice"),
        GateVerdict::NoChange => None,
    }
}

/// A message: what would end it is escaped, as the runner's own toolkit does (actions/toolkit, command.ts).
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property: of these also what would end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_its_line() {
        assert_eq!(data("5 %\n::error::x"), "5 %25%0A::error::x");
        assert_eq!(property("a: b, c"), "a%3A b%2C c");
    }
}
