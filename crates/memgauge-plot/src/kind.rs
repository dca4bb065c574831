//! The kinds of plots.

use std::fmt;
use std::str::FromStr;

/// A kind of plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Accuracy against tokens, and against p95 of the latency, with the Pareto front.
    Pareto,
    /// Distributions of latencies by stage.
    Latency,
    /// Accuracy by category, with ceilings where errata are given.
    Category,
    /// Where questions were lost.
    Waterfall,
    /// Paired differences to a reference.
    Ablation,
    /// Tokens and money of a question, by stage.
    Tokens,
    /// What approximate indexes of vectors miss.
    IndexError,
    /// A metric over commits.
    Trend,
}

impl Kind {
    /// All kinds, in the order of a report.
    pub const ALL: [Self; 8] = [
        Self::Pareto,
        Self::Category,
        Self::Latency,
        Self::Tokens,
        Self::Waterfall,
        Self::Ablation,
        Self::IndexError,
        Self::Trend,
    ];

    /// Its name on the command line and in file names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pareto => "pareto",
            Self::Latency => "latency",
            Self::Category => "category",
            Self::Waterfall => "waterfall",
            Self::Ablation => "ablation",
            Self::Tokens => "tokens",
            Self::IndexError => "index-error",
            Self::Trend => "trend",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.map(Self::name);
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| memgauge_core::config::unknown("kind of plot", text, &known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_written() {
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        let unknown = "index".parse::<Kind>().unwrap_err();
        assert!(unknown.contains("index-error, trend"), "{unknown}");
    }
}
