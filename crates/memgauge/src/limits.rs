//! What a run may take, as the command line says, and how to go on once it is taken.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use memgauge_model::{Limits, Reached};

use crate::output;

/// Limits of a run.
#[derive(Debug, Clone, Args)]
pub(crate) struct LimitOptions {
    /// Stop before the run has cost more than this (exit code 5), earlier parts of it included. Replayed
    /// replies cost nothing. Every model behind an API needs a price.
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    max_cost: Option<f64>,
    /// Stop before models behind an API have read and written more than this many tokens (exit code 5),
    /// earlier parts of the run included.
    #[arg(long, value_name = "N")]
    max_tokens: Option<u64>,
    /// Begin nothing that may end later than this (exit code 5): `90s`, `45m`, `2h 30m`. A resumed run has
    /// the whole time again.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    max_time: Option<Duration>,
}

fn dollars(text: &str) -> Result<f64, String> {
    match text.trim_start_matches('$').parse::<f64>() {
        Ok(dollars) if dollars.is_finite() && dollars >= 0.0 => Ok(dollars),
        _ => Err("give US dollars, such as 2.50".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "give a time with its unit, such as 90s, 45m or 2h 30m".to_owned();
    let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(span).map_err(|_| wrong())
}

impl LimitOptions {
    /// As the runner takes them.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            dollars: self.max_cost,
            tokens: self.max_tokens,
            time: self.max_time,
        }
    }

    /// What was reached, and the command that goes on with a run: with twice the limit, or as much as the next call needs.
    pub(crate) fn message(&self, dir: &Path, cache: Option<&Path>, reached: &Reached) -> String {
        let mut command = format!("memgauge run --resume {}", output::word(dir));
        if let Some(cache) = cache {
            command.push_str(&format!(" --cache {}", output::word(cache)));
        }
        let (limit, more) = self.raised(reached);
        format!(
            "stopped before {limit}: {reached}; all that was done is kept\ngo on with: {command}{more}"
        )
    }

    /// What was reached, for a command that goes on when it is given again.
    pub(crate) fn same_command(&self, reached: &Reached) -> String {
        let (limit, more) = self.raised(reached);
        format!(
            "stopped before {limit}: {reached}; all that was done is kept\ngo on with the same command and{more}"
        )
    }

    /// The limit that was reached, and the options that go on: with twice the limit, or as much as the next call needs.
    fn raised(&self, reached: &Reached) -> (String, String) {
        let mut next = self.clone();
        let limit = match *reached {
            Reached::Dollars {
                limit,
                taken,
                next: call,
            } => {
                next.max_cost = Some(cents((2.0 * limit).max(taken + 2.0 * call)));
                format!("--max-cost {limit}")
            }
            Reached::Tokens {
                limit,
                taken,
                next: call,
            } => {
                next.max_tokens = Some((2 * limit).max(taken + 2 * call));
                format!("--max-tokens {limit}")
            }
            Reached::Time {
                limit, next: unit, ..
            } => {
                next.max_time = Some(limit.max(2 * unit));
                format!("--max-time {}", seconds(limit))
            }
        };
        let mut more = String::new();
        if let Some(dollars) = next.max_cost {
            more.push_str(&format!(" --max-cost {dollars}"));
        }
        if let Some(tokens) = next.max_tokens {
            more.push_str(&format!(" --max-tokens {tokens}"));
        }
        if let Some(time) = next.max_time {
            more.push_str(&format!(" --max-time {}", seconds(time)));
        }
        (limit, more)
    }
}

/// Rounded up, so that the next call still fits.
fn cents(dollars: f64) -> f64 {
    if dollars < 0.01 {
        return (dollars * 1e6).ceil() / 1e6;
    }
    (dollars * 100.0 - 1e-6).ceil() / 100.0
}

fn seconds(time: Duration) -> String {
    format!("{}s", time.as_secs_f64().ceil())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_in_the_units_that_people_write() {
        assert_eq!(dollars("$2.50"), Ok(2.5));
        assert!(dollars("-1").is_err() && dollars("many").is_err() && dollars("inf").is_err());
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h 30m"), Ok(Duration::from_secs(9_000)));
        assert!(duration("90").is_err() && duration("-5m").is_err());
    }

    #[test]
    fn the_command_that_goes_on_keeps_the_other_limits_and_quotes_paths() {
        let options = LimitOptions {
            max_cost: Some(0.1),
            max_tokens: None,
            max_time: Some(Duration::from_secs(60)),
        };
        let reached = Reached::Dollars {
            limit: 0.1,
            taken: 0.099,
            next: 0.002,
        };
        let told = options.message(Path::new("runs/a b"), Some(Path::new("c")), &reached);
        assert!(
            told.ends_with("go on with: memgauge run --resume 'runs/a b' --cache c --max-cost 0.2 --max-time 60s"),
            "{told}"
        );
        assert!(told.starts_with("stopped before --max-cost 0.1: 0.0990 of 0.1 dollars are spent"));
        // A call that is dearer than the limit alone.
        let dear = Reached::Dollars {
            limit: 0.1,
            taken: 0.0,
            next: 1.0,
        };
        assert!(
            options
                .message(Path::new("a"), None, &dear)
                .contains("--max-cost 2 ")
        );
    }
}
