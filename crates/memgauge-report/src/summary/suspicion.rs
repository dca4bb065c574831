//! What controls say about a run: whether its numbers can be what they seem.

use serde::{Deserialize, Serialize};

use super::{DOMAINS, HEADLINES, J};
use crate::manifest::VariantManifest;
use crate::statistics::{Bootstrap, Column, Layout, PairedDifference, StatisticsError};

/// Kind of the control that is given the gold evidence.
const ORACLE: &str = "oracle";
/// Kind of the control that asks another conversation's memory.
const SWAPPED: &str = "swapped";

/// Why the numbers of a run may not mean what they say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspicion {
    /// What is odd.
    pub reason: Reason,
    /// The system concerned.
    pub variant: String,
    /// The control that it was held against.
    pub control: String,
    /// Metric, over categories 1 to 4: J where both have labels, otherwise `f1.locomo`.
    pub metric: String,
    /// Oracle minus system, or system minus swapped.
    pub difference: PairedDifference,
}

/// What is odd about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A system beats the gold evidence: the key leaks, evidence is incomplete, or the answerer does
    /// not read what it is given.
    AboveOracle,
    /// Another conversation's memory serves as well: what is answered does not come from the memory.
    NotAboveSwapped,
}

impl std::fmt::Display for Suspicion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (mean, interval) = (self.difference.mean, self.difference.interval);
        let points = format!(
            "{:+.1} [{:+.1}, {:+.1}] points of {}, n = {}",
            100.0 * mean,
            100.0 * interval.low,
            100.0 * interval.high,
            self.metric,
            self.difference.n
        );
        let (variant, control) = (&self.variant, &self.control);
        match self.reason {
            Reason::AboveOracle => write!(f, "`{control}` is below `{variant}`: {points}"),
            Reason::NotAboveSwapped => {
                write!(f, "`{variant}` is not above `{control}`: {points}")
            }
        }
    }
}

/// Holds every system against the oracle, and every swapped system against itself. `columns` are the
/// headline columns, variant by variant.
pub(super) fn suspicions(
    variants: &[VariantManifest],
    columns: &[Vec<Vec<Option<f64>>>],
    layout: &Layout,
    bootstrap: &Bootstrap,
) -> Result<Vec<Suspicion>, StatisticsError> {
    let arms: Vec<(&VariantManifest, &Vec<Vec<Option<f64>>>)> =
        variants.iter().zip(columns).collect();
    let mut asked = Vec::new();
    for (variant, mine) in arms.iter().filter(|(variant, _)| !variant.control) {
        for (control, theirs) in arms.iter().filter(|(control, _)| control.control) {
            let reason = match control.system.as_str() {
                ORACLE => Reason::AboveOracle,
                SWAPPED if control.name == format!("{}-swapped", variant.name) => {
                    Reason::NotAboveSwapped
                }
                _ => continue,
            };
            if let Some((metric, mine, theirs)) = shared(mine, theirs) {
                asked.push((reason, *variant, *control, metric, mine, theirs));
            }
        }
    }
    let pairs: Vec<(Column<'_>, Column<'_>)> = asked
        .iter()
        .map(|(reason, _, _, _, mine, theirs)| match reason {
            Reason::AboveOracle => (*theirs, *mine),
            Reason::NotAboveSwapped => (*mine, *theirs),
        })
        .collect();
    let differences = bootstrap.paired_differences(layout, &DOMAINS[..1], &pairs)?;
    let found = asked.into_iter().zip(differences);
    Ok(found
        .filter_map(|((reason, variant, control, metric, ..), mut cells)| {
            let difference = cells.pop()??;
            let is_odd = match reason {
                Reason::AboveOracle => difference.interval.high < 0.0,
                Reason::NotAboveSwapped => difference.interval.low <= 0.0,
            };
            is_odd.then(|| Suspicion {
                reason,
                variant: variant.name.clone(),
                control: control.name.clone(),
                metric: metric.to_owned(),
                difference,
            })
        })
        .collect())
}

/// The metric that both have: J, or else F1.
fn shared<'a>(
    mine: &'a [Vec<Option<f64>>],
    theirs: &'a [Vec<Option<f64>>],
) -> Option<(&'static str, Column<'a>, Column<'a>)> {
    [J, "f1.locomo"].into_iter().find_map(|metric| {
        let at = HEADLINES.iter().position(|name| *name == metric)?;
        let (mine, theirs) = (mine.get(at)?, theirs.get(at)?);
        let both = mine
            .iter()
            .zip(theirs)
            .any(|(a, b)| a.is_some() && b.is_some());
        both.then_some((metric, mine.as_slice(), theirs.as_slice()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTIONS: usize = 40;

    fn variant(name: &str, system: &str, control: bool) -> VariantManifest {
        serde_json::from_value(serde_json::json!({
            "name": name, "system": system, "answerer": "extractive", "judge": "none",
            "control": control, "digest": "d",
        }))
        .unwrap()
    }

    /// Headline columns of an arm that scores `f1` on every question, give or take a little.
    fn scored(f1: f64) -> Vec<Vec<Option<f64>>> {
        let column = (0..QUESTIONS)
            .map(|question| Some(f1 + 0.01 * (question % 3) as f64))
            .collect();
        let mut columns = vec![vec![None; QUESTIONS]; HEADLINES.len()];
        columns[0] = column;
        columns
    }

    fn found(turns: f64, oracle: f64, swapped: f64) -> Vec<Suspicion> {
        let variants = [
            variant("turns", "turns", false),
            variant("oracle", "oracle", true),
            variant("turns-swapped", "swapped", true),
        ];
        let columns = [scored(turns), scored(oracle), scored(swapped)];
        let places: Vec<(usize, usize)> = (0..QUESTIONS).map(|q| (q / 10, q % 4)).collect();
        let bootstrap = Bootstrap {
            resamples: 200,
            ..Bootstrap::default()
        };
        suspicions(&variants, &columns, &Layout::new(&places), &bootstrap).unwrap()
    }

    #[test]
    fn a_sound_run_is_not_suspicious() {
        assert_eq!(found(0.4, 0.6, 0.05), []);
    }

    #[test]
    fn a_system_above_the_gold_evidence_is() {
        let found = found(0.6, 0.4, 0.05);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].reason, Reason::AboveOracle);
        assert_eq!(found[0].metric, "f1.locomo");
        assert!((found[0].difference.mean + 0.2).abs() < 1e-9);
        assert!(
            found[0]
                .to_string()
                .starts_with("`oracle` is below `turns`: -20.0 [")
        );
    }

    #[test]
    fn a_wrong_memory_that_serves_as_well_is() {
        let found = found(0.4, 0.6, 0.4);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].reason, Reason::NotAboveSwapped);
        assert_eq!(found[0].control, "turns-swapped");
    }
}
