//! What a comparison of two arms can show, told before it is run.

use serde::{Deserialize, Serialize};

use super::paired::smallest_detectable;
use super::quantile::normal_quantile;

/// A planned paired comparison of two arms on the same questions, and what is assumed about it.
///
/// The standard error of the mean difference is taken as
/// `sd * sqrt(design_effect * ((1 - noise) + noise / repeats) / questions)`: `sd^2` is the variance of one question's
/// difference, of which the share `noise` comes from answering and judging anew (repeats average it away, more
/// questions do too) and the rest from the questions themselves (only more questions help); the design effect says
/// how much wider the cluster bootstrap over conversations is than an interval over independent questions (Kish 1965,
/// section 8.2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// Questions that both arms answer.
    pub questions: usize,
    /// Answers of each question and arm.
    pub repeats: u32,
    /// Standard deviation of one question's difference, in score units.
    pub sd: f64,
    /// Variance of the mean under the cluster bootstrap over that of independent questions.
    pub design_effect: f64,
    /// Share of `sd^2` that differs from repeat to repeat.
    pub noise: f64,
}

impl Design {
    /// What published labels of LOCOMO suggest for two systems with right-or-wrong answers: between full context,
    /// full context with reasoning and Memobase, `sd` is 0.44 to 0.54 and the design effect 1.7 to 2.3 (1,529
    /// questions, two-stage bootstrap). How much of it is noise is unknown there; nothing is the careful guess.
    #[must_use]
    pub fn locomo(questions: usize, repeats: u32) -> Self {
        Self {
            questions,
            repeats,
            sd: 0.5,
            design_effect: 2.0,
            noise: 0.0,
        }
    }

    /// Variance that one question adds.
    fn variance(&self) -> f64 {
        let repeats = f64::from(self.repeats.max(1));
        self.sd.powi(2) * self.design_effect * ((1.0 - self.noise) + self.noise / repeats)
    }

    /// Standard error of the mean difference, in score units; `None` without questions.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        (self.questions > 0).then(|| (self.variance() / self.questions as f64).sqrt())
    }

    /// The smallest true difference that an interval of this confidence excludes 0 for with probability `power`.
    #[must_use]
    pub fn smallest_detectable(&self, confidence: f64, power: f64) -> Option<f64> {
        Some(smallest_detectable(
            self.standard_error()?,
            confidence,
            power,
        ))
    }

    /// Questions that it takes to show `difference` with probability `power`, of the same kind and repeats; `None`
    /// where no number does (a difference of 0).
    #[must_use]
    pub fn questions_for(&self, difference: f64, confidence: f64, power: f64) -> Option<usize> {
        let quantiles = normal_quantile(0.5 + confidence / 2.0) + normal_quantile(power);
        let needed = self.variance() * (quantiles / difference).powi(2);
        needed.is_finite().then(|| needed.ceil() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_locomo_shows_five_points_and_two_take_ten_thousand_questions() {
        let design = Design::locomo(1_540, 1);
        // (1.959964 + 0.841621) * 0.5 * sqrt(2 / 1540)
        let smallest = design.smallest_detectable(0.95, 0.8).unwrap();
        assert!((smallest - 0.050_480).abs() < 1e-5, "{smallest}");
        // 0.5 * (2.801585 / 0.02)^2
        assert_eq!(design.questions_for(0.02, 0.95, 0.8), Some(9_812));
    }

    #[test]
    fn the_two_are_each_other_s_inverse() {
        let design = Design {
            noise: 0.3,
            ..Design::locomo(700, 3)
        };
        let smallest = design.smallest_detectable(0.95, 0.8).unwrap();
        assert_eq!(
            design.questions_for(smallest * 1.000_001, 0.95, 0.8),
            Some(700)
        );
    }

    #[test]
    fn repeats_help_as_far_as_there_is_noise() {
        let error = |noise, repeats| {
            let design = Design {
                noise,
                ..Design::locomo(100, repeats)
            };
            design.standard_error().unwrap()
        };
        assert!((error(0.0, 1) - error(0.0, 10)).abs() < 1e-12);
        assert!((error(1.0, 4) - error(1.0, 1) / 2.0).abs() < 1e-12);
        assert_eq!(Design::locomo(0, 1).standard_error(), None);
        assert_eq!(Design::locomo(10, 1).questions_for(0.0, 0.95, 0.8), None);
    }
}
