//! McNemar's exact test for two arms with binary labels.

use serde::{Deserialize, Serialize};

/// Fewer discordant questions than this and the test can hardly show anything; tables say so.
pub const FEW_DISCORDANT: usize = 10;

/// Result of the exact test. It takes questions for independent, which they are not inside a conversation: printed,
/// never the ground of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    /// Questions that only the first arm has right.
    pub only_first: usize,
    /// Questions that only the second arm has right.
    pub only_second: usize,
    /// Two-sided probability of a split at least as uneven under a fair coin; 1 without discordant questions.
    pub p_value: f64,
}

impl McNemar {
    /// The test from the counts of discordant questions.
    #[must_use]
    pub fn exact(only_first: usize, only_second: usize) -> Self {
        let trials = only_first + only_second;
        let ln_half_power = -(trials as f64) * std::f64::consts::LN_2;
        let (mut ln_choose, mut tail) = (0.0f64, 0.0);
        for successes in 0..=only_first.min(only_second) {
            if successes > 0 {
                ln_choose += ((trials - successes + 1) as f64 / successes as f64).ln();
            }
            tail += (ln_choose + ln_half_power).exp();
        }
        Self {
            only_first,
            only_second,
            p_value: (2.0 * tail).min(1.0),
        }
    }

    /// The test from labels; questions that either arm lacks are left out.
    #[must_use]
    pub fn from_labels(labels: impl IntoIterator<Item = (Option<bool>, Option<bool>)>) -> Self {
        let (mut only_first, mut only_second) = (0, 0);
        for pair in labels {
            match pair {
                (Some(true), Some(false)) => only_first += 1,
                (Some(false), Some(true)) => only_second += 1,
                _ => {}
            }
        }
        Self::exact(only_first, only_second)
    }

    /// Whether fewer than [`FEW_DISCORDANT`] questions are discordant.
    #[must_use]
    pub fn is_thin(&self) -> bool {
        self.only_first + self.only_second < FEW_DISCORDANT
    }
}
