//! The linear score of a span.
//!
//! Every feature is about grammar, length or overlap with the question; none is about a
//! particular word. The weights were fitted on the even-numbered conversations of LOCOMO by
//! gradient ascent on the expected official F1 and are checked on the odd-numbered ones.

use super::weights::WEIGHTS;

macro_rules! features {
    ($name:ident: $($variant:ident),+ $(,)?) => {
        /// Index of a weight.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $name { $($variant),+ }

        impl $name {
            /// How many there are.
            pub(super) const COUNT: usize = [$(stringify!($variant)),+].len();
        }
    };
}

features! { Feature:
    UnitScore, UnitIsTop, UnitIsSpeaker, UnitReplies,
    SentenceOverlap, SentenceAsks, SentenceIsFirst, SentenceReplies,
    Length1, Length2, Length3, Length4, Length5, Length6, Length8, Length11,
    AskedShare, AskedWeight, AskedLast, AskedBefore, AskedAfter, AskedDistance,
    StartsSentence, AfterComma, AfterPreposition, AfterTo, AfterDeterminer, AfterConjunction,
    AfterAuxiliary, AfterPronoun, AfterAdverb, AfterVerb, AfterWord,
    FirstDeterminer, FirstPossessive, FirstPreposition, FirstPronoun, FirstAuxiliary, FirstTo,
    FirstAdverb, FirstGerund, FirstPast, FirstNumber, FirstConjunction, FirstName, FirstWord,
    EndsSentence, BeforeComma, BeforeConjunction, BeforePreposition, BeforePronoun,
    BeforeDeterminer, BeforeAdverb, BeforeWord,
    LastAdverb, LastPronoun, LastVerb, LastFunction,
    Persons, Commas, HasDash, Names, HasNumber, Quoted, Function, Prepositions, Auxiliaries,
    Conjunctions, Empty, Times, Speakers,
}

// Features whose weight depends on what is asked for.
features! { Cross:
    Short, Long, FirstPreposition, FirstGerund, FirstConjunction, FirstPast, AskedBefore,
    AfterPreposition, Names, Commas, AskedAfter, AskedLast, Quoted, HasNumber, EndsSentence,
    StartsSentence, SentenceReplies,
}

/// Rows of cross features: see `Asked::row`.
pub(super) const ROWS: usize = 7;
/// Number of weights.
pub(super) const COUNT: usize = Feature::COUNT + ROWS * Cross::COUNT;

/// The weighted features of one span, summed as they are found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Features {
    row: usize,
    sum: f32,
}

impl Features {
    /// No features yet, for the kind of question of this row.
    pub(super) fn new(row: usize) -> Self {
        Self { row, sum: 0.0 }
    }

    pub(super) fn add(&mut self, feature: Feature, value: f32) {
        self.take(feature as usize, value);
    }

    pub(super) fn add_if(&mut self, feature: Feature, holds: bool) {
        if holds {
            self.add(feature, 1.0);
        }
    }

    pub(super) fn cross(&mut self, cross: Cross, value: f32) {
        let at = Feature::COUNT + self.row * Cross::COUNT + cross as usize;
        self.take(at, value);
    }

    fn take(&mut self, at: usize, value: f32) {
        self.sum += value * WEIGHTS.get(at).copied().unwrap_or(0.0);
    }

    /// Their weighted sum.
    pub(super) fn score(&self) -> f32 {
        self.sum
    }
}
