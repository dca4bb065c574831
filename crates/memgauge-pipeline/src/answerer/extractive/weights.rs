//! Weights of the features of [`super::score`], in the order of their declaration.

use super::score::COUNT;

/// One weight per feature; then, for each kind of question, one per cross feature.
#[rustfmt::skip]
pub(super) static WEIGHTS: [f32; COUNT] = [
    1.08, // UnitScore
    1.92, // UnitIsTop
    2.30, // UnitIsSpeaker
    1.20, // UnitReplies
    0.61, // SentenceOverlap
    -0.92, // SentenceAsks
    0.48, // SentenceIsFirst
    0.99, // SentenceReplies
    -2.50, // Length1
    0.99, // Length2
    1.00, // Length3
    -1.18, // Length4
    1.51, // Length5
    -0.91, // Length6
    -0.22, // Length8
    1.39, // Length11
    -3.09, // AskedShare
    -1.78, // AskedWeight
    -1.83, // AskedLast
    3.35, // AskedBefore
    1.82, // AskedAfter
    2.09, // AskedDistance
    0.39, // StartsSentence
    -0.60, // AfterComma
    0.94, // AfterPreposition
    0.15, // AfterTo
    1.79, // AfterDeterminer
    -0.82, // AfterConjunction
    0.02, // AfterAuxiliary
    0.04, // AfterPronoun
    -0.97, // AfterAdverb
    0.84, // AfterVerb
    -1.77, // AfterWord
    -1.60, // FirstDeterminer
    -0.75, // FirstPossessive
    -0.80, // FirstPreposition
    -1.07, // FirstPronoun
    -0.54, // FirstAuxiliary
    -1.00, // FirstTo
    -0.34, // FirstAdverb
    1.49, // FirstGerund
    1.65, // FirstPast
    0.43, // FirstNumber
    -0.03, // FirstConjunction
    2.22, // FirstName
    0.35, // FirstWord
    1.27, // EndsSentence
    1.67, // BeforeComma
    -0.81, // BeforeConjunction
    -0.49, // BeforePreposition
    -0.02, // BeforePronoun
    -1.32, // BeforeDeterminer
    1.03, // BeforeAdverb
    -1.33, // BeforeWord
    -1.81, // LastAdverb
    -1.29, // LastPronoun
    -0.35, // LastVerb
    0.00, // LastFunction
    -1.83, // Persons
    -0.16, // Commas
    -0.74, // HasDash
    3.13, // Names
    1.14, // HasNumber
    1.45, // Quoted
    -4.07, // Function
    0.53, // Prepositions
    -1.51, // Auxiliaries
    1.15, // Conjunctions
    -0.17, // Empty
    -1.00, // Times
    -1.50, // Speakers
    // who: Short, Long, FirstPreposition, FirstGerund, FirstConjunction, FirstPast, AskedBefore, AfterPreposition, Names, Commas, AskedAfter, AskedLast, Quoted, HasNumber, EndsSentence, StartsSentence, SentenceReplies
    0.26, -0.10, -0.05, -0.12, 0.00, -0.11, 0.21, -0.06, 0.71, -0.42, -0.28, -0.17, 0.00, -0.00, -0.13, -0.02, 0.01,
    // where: Short, Long, FirstPreposition, FirstGerund, FirstConjunction, FirstPast, AskedBefore, AfterPreposition, Names, Commas, AskedAfter, AskedLast, Quoted, HasNumber, EndsSentence, StartsSentence, SentenceReplies
    0.74, -0.24, -0.52, -0.15, 0.00, -0.14, -0.05, 0.17, 1.78, -0.22, -0.34, -0.08, 0.00, -0.01, -0.68, 0.06, 0.03,
    // why: Short, Long, FirstPreposition, FirstGerund, FirstConjunction, FirstPast, AskedBefore, AfterPreposition, Names, Commas, AskedAfter, AskedLast, Quoted, HasNumber, EndsSentence, StartsSentence, SentenceReplies
    -1.44, 0.67, -0.01, -0.24, -0.00, 0.45, 0.68, 0.54, -0.10, 0.29, -0.11, -0.38, -0.07, 0.04, 0.40, -0.04, 0.03,
    // how: Short, Long, FirstPreposition, FirstGerund, FirstConjunction, FirstPast, AskedBefore, AfterPreposition, Names, Commas, AskedAfter, AskedLast, Quoted, HasNumber, EndsSentence, StartsSentence, SentenceReplies
    -0.22, 0.45, -0.34, 0.13, -0.00, 0.37, 0.67, -0.06, -0.25, 0.47, 0.50, -0.66, -0.00, 0.84, 0.40, -0.11, 0.38,
    // what thing: Short, Long, FirstPreposition, FirstGerund, FirstConjunction, FirstPast, AskedBefore, AfterPreposition, Names, Commas, AskedAfter, AskedLast, Quoted, HasNumber, EndsSentence, StartsSentence, SentenceReplies
    0.46, -0.38, -0.66, 0.50, -0.03, 0.34, 0.81, 0.31, 1.11, 0.51, 1.87, 0.14, 1.25, 0.32, 0.18, -0.46, 0.53,
    // what is: Short, Long, FirstPreposition, FirstGerund, FirstConjunction, FirstPast, AskedBefore, AfterPreposition, Names, Commas, AskedAfter, AskedLast, Quoted, HasNumber, EndsSentence, StartsSentence, SentenceReplies
    -0.65, 0.15, 0.06, 1.01, 0.00, -0.28, 0.30, 0.48, 0.94, -1.25, 0.70, -0.04, 0.27, 0.11, 0.45, 0.79, 0.29,
    // what does: Short, Long, FirstPreposition, FirstGerund, FirstConjunction, FirstPast, AskedBefore, AfterPreposition, Names, Commas, AskedAfter, AskedLast, Quoted, HasNumber, EndsSentence, StartsSentence, SentenceReplies
    0.29, -0.31, -0.28, 0.35, -0.00, 1.02, 0.85, -0.31, -1.06, 0.41, -0.52, -0.66, -0.00, -0.16, 0.66, 0.16, -0.29,
];
