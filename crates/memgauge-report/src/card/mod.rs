//! The judge card: how often a judge errs on answers whose worth is known, and how far its labels agree between runs
//! and between prompts.

mod build;
mod known;
mod labels;

pub use build::{
    Between, CARD_VERSION, CardReport, CardSet, Corrected, KnownRate, Role, Sensitivity,
    WithinRuns, card,
};
pub use known::{Known, KnownKind, known_answers};
pub use labels::{CardAnswer, LabelSet, STORED, judgement_names, label_sets};
