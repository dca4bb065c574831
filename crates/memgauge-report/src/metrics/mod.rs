//! Text metrics: how close an answer is to the gold one. Pure functions of strings.
//!
//! The recipes are those of published evaluations, ported so that stored scores are met to the last bit; see
//! docs/METHODOLOGY.md.

mod bleu;
mod char_class;
mod exact;
mod locomo_f1;
mod porter;
mod prepared;
mod punkt;
mod set_f1;
mod word_tokenize;

pub use bleu::bleu1;
pub use exact::exact_match;
pub use locomo_f1::{f1_locomo, f1_stems, normalise};
pub use porter::porter_stem;
pub use prepared::{PreparedGold, TextScores};
pub use set_f1::f1_set;
pub use word_tokenize::word_tokenize;
