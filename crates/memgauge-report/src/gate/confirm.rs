//! A suspected regression is looked at again before it counts.

use super::policy::LATENCY;
use super::report::{Confirmation, GateReport};
use super::verdict::GateVerdict;

/// A second look: the same gate on another run of the same experiment, or on another set of rounds.
#[derive(Debug, Clone, Copy)]
pub struct SecondRun<'a> {
    /// What the gate finds there.
    pub report: &'a GateReport,
    /// How it came to be, in words.
    pub how: &'a str,
    /// Whether latency is what was looked at again, or everything else.
    pub latency: bool,
}

impl GateReport {
    /// Whether a regression waits for a second look at latency, or at everything else.
    #[must_use]
    pub fn is_suspicious(&self, latency: bool) -> bool {
        self.suspected(latency).next().is_some()
    }

    /// Whether search times that were measured do not suffice for a verdict.
    #[must_use]
    pub fn needs_more_rounds(&self) -> bool {
        let mut undecided = self.with(GateVerdict::Underpowered);
        undecided.any(|check| check.metric == LATENCY && check.difference.is_some())
    }

    fn suspected(&self, latency: bool) -> impl Iterator<Item = usize> + '_ {
        let checks = self.checks.iter().enumerate();
        checks
            .filter(move |(_, check)| {
                check.verdict == GateVerdict::Regressed && (check.metric == LATENCY) == latency
            })
            .map(|(at, _)| at)
    }

    /// Holds every suspected regression against a second look. One that does not show there is not decided.
    pub fn confirm(&mut self, second: &SecondRun<'_>) {
        let places: Vec<usize> = self.suspected(second.latency).collect();
        for at in places {
            let Some(check) = self.checks.get_mut(at) else {
                continue;
            };
            // Both are of one policy and one baseline: the same places. A run that is not comparable has none.
            let again = second.report.checks.get(at);
            let shows = again.map(|again| again.verdict == GateVerdict::Regressed);
            check.confirmation = Some(Confirmation {
                confirmed: shows,
                how: second.how.to_owned(),
            });
            if let Some(again) = again.filter(|_| shows == Some(false)) {
                check.verdict = GateVerdict::Underpowered;
                check.reason = Some(format!(
                    "a regression that did not show again ({}): {}",
                    again.verdict.name(),
                    second.how
                ));
            }
            check.settle();
        }
        self.settle();
    }

    /// Notes why nobody looked again: the regressions count as they are.
    pub fn unconfirmed(&mut self, latency: bool, why: &str) {
        let places: Vec<usize> = self.suspected(latency).collect();
        for at in places {
            if let Some(check) = self.checks.get_mut(at) {
                check.confirmation = Some(Confirmation {
                    confirmed: None,
                    how: why.to_owned(),
                });
            }
        }
    }
}
