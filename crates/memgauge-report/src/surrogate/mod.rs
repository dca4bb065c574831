//! The surrogate judge: `J~`, an offline estimate of what a judge would say about an answer, from text features.
//!
//! A logistic regression over [`FEATURES`], fitted on published answers with stored labels. It is shown as `J~`, beside
//! its agreement with labels that it has not seen and beside what always saying the more frequent label would reach,
//! and never takes the place of J.

mod evaluate;
mod features;
mod fit;
mod labelled;
mod model;
mod score;
pub(crate) mod words;

pub use evaluate::{CategoryEstimate, HeldOut, auc, held_out, leave_one_out};
pub use features::{Answered, Embed, FEATURES, FEATURES_VERSION, Features, features, refuses};
pub use fit::{ALPHA, Design, fit};
pub use labelled::{LabelledAnswer, LabelledSystem, labelled};
pub use model::{FittedOn, HeldOutMeans, MODEL_VERSION, Surrogate, SurrogateError, Weight};
pub(crate) use score::answers;
pub use score::{EstimateRow, EstimatedVariant, SurrogateReport, estimates, score};
