//! A suspected regression is looked at again before it counts.

use super::policy::LATENCY;
use super::report::{CheckResult, Confirmation, GateReport};
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
            let silence = match again {
                Some(again) => again.silence(check),
                None => Some(second.report.why_incomparable()),
            };
            let (confirmed, how) = match silence {
                Some(why) => (None, format!("{}, which cannot tell: {why}", second.how)),
                None => (
                    again.map(|again| again.verdict == GateVerdict::Regressed),
                    second.how.to_owned(),
                ),
            };
            check.confirmation = Some(Confirmation { confirmed, how });
            if let Some(again) = again.filter(|_| confirmed == Some(false)) {
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

    /// Why a second run has no tests.
    fn why_incomparable(&self) -> String {
        let reasons = self.incomparable.iter();
        let reasons: Vec<&str> = reasons.map(|refusal| refusal.message.as_str()).collect();
        match reasons.is_empty() {
            true => "nothing was computed".to_owned(),
            false => reasons.join("; "),
        }
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

impl CheckResult {
    /// Why this second look says nothing about the regression that `first` suspects; `None` where it does. What measured
    /// too little acquits nobody.
    fn silence(&self, first: &Self) -> Option<String> {
        let is_regressed = self.verdict == GateVerdict::Regressed;
        let is_measured = match first.breaks_limit() {
            true => !self.limits.is_empty() && !self.has_open_limit(),
            false => {
                let cannot = self.verdict == GateVerdict::Underpowered && self.reason.is_some();
                self.difference.is_some() && !cannot
            }
        };
        match is_regressed || is_measured {
            true => None,
            false => {
                let reason = self.reason.clone();
                Some(reason.unwrap_or_else(|| "it has no value".to_owned()))
            }
        }
    }
}
