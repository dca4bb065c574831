//! Statistics: intervals by a two-stage cluster bootstrap, paired comparisons, and the few tests printed beside them.
//!
//! Everything is a function of numbers and a seed; nothing depends on the number of threads. See docs/METHODOLOGY.md.

mod bootstrap;
mod change_points;
mod components;
mod family;
mod front;
mod holm;
mod interval;
mod latency;
mod latency_pairs;
mod mcnemar;
mod own_means;
mod paired;
mod power;
mod prediction_powered;
mod quantile;
mod random;
mod reliability;
mod rogan_gladen;
mod wilson;

pub use bootstrap::{Bootstrap, Column, Domain, Estimate, Layout, StatisticsError};
pub use change_points::{ChangePoints, change_points};
pub use components::{Nested, variance_components};
pub use family::{Stepped, step_down};
pub use front::{CostColumn, Front, FrontArm, FrontPoint, Tradeoff, pareto_front};
pub use holm::holm;
pub use interval::{DEFAULT_MARGIN, Interval, Verdict};
pub use latency::{PercentileEstimate, PercentileRatio};
pub use latency_pairs::{RatioResamples, Rounds};
pub use mcnemar::{FEW_DISCORDANT, McNemar};
pub use paired::{PairedDifference, PairedResamples, smallest_detectable};
pub use power::Design;
pub use prediction_powered::{Power, Predicted, PredictionPowered, SampledScore};
pub use quantile::{mean, nearest_rank, normal_cdf, normal_quantile, quantile, standard_deviation};
pub use reliability::{fleiss_kappa, krippendorff_alpha};
pub use rogan_gladen::{CorrectedScore, KnownLabels, rogan_gladen};
pub use wilson::{wilson, wilson_of_share};
