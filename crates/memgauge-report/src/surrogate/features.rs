//! The features of an answer beside its gold answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use memgauge_core::Category;
use regex::Regex;

use super::words::{Content, Figures, content, content_in_order, tokens, trigrams};
use crate::metrics::f1_set;

/// Text to vector: unit length, or all zeros for a text without words. Given by the caller, so that statistics do not
/// depend on models.
pub type Embed<'a> = dyn Fn(&str) -> Vec<f32> + Sync + 'a;

/// Names of the features, in the order of their values. docs/METHODOLOGY.md says what each is.
pub const FEATURES: [&str; 28] = [
    "f1.set",
    "gold-inside",
    "answer-inside",
    "new-recall",
    "new-precision",
    "trigram-recall",
    "trigram-precision",
    "cosine",
    "cosine-question-gold",
    "soft-new-recall",
    "soft-precision",
    "soft-new-precision-least",
    "day-conflict",
    "month-equal",
    "month-conflict",
    "number-equal",
    "number-conflict",
    "answer-dated",
    "gold-relative",
    "yes-no",
    "refusal",
    "answer-length",
    "gold-new-length",
    "gold-pieces",
    "multi-hop",
    "temporal",
    "open-domain",
    "single-hop",
];

/// Version of [`features`]: raised when the same texts may give another value.
pub const FEATURES_VERSION: u32 = 1;

/// One value per name in [`FEATURES`].
pub type Features = [f64; FEATURES.len()];

/// A question with its gold answer and the answer to be estimated.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// Category of the question, 1 to 4.
    pub category: Category,
    /// What was asked.
    pub question: &'a str,
    /// The published answer.
    pub gold: &'a str,
    /// What was answered.
    pub answer: &'a str,
}

/// Words of an answer that does not answer.
static REFUSAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"\bnot (?:explicitly |specifically |directly )?(?:mentioned|specified|stated|provided|available|clear",
        r"|detailed|given|known|discussed|recorded)\b",
        r"|\bno (?:information|mention|specific|record|details?|evidence|memories|answer)\b",
        r"|\b(?:unknown|unclear|none|insufficient|n/a)\b|\bnot enough\b",
        r"|\b(?:cannot|can't) (?:be )?(?:determined?|found|find)\b",
        r"|\b(?:does not|doesn't) (?:mention|specify|contain|provide)\b",
        r"|\bisn't (?:mentioned|specified)\b|\bdon't know\b",
    ))
    .ok()
});

/// Words of a time that is told from another time.
const RELATIVE: &[&str] = &[
    "after",
    "ago",
    "before",
    "early",
    "few",
    "last",
    "late",
    "month",
    "next",
    "prior",
    "recently",
    "since",
    "today",
    "tomorrow",
    "week",
    "weekend",
    "yesterday",
    "year",
];

/// The features of one answer.
#[must_use]
pub fn features(of: Answered<'_>, embed: &Embed<'_>) -> Features {
    let asked = Side::of(of.question);
    let gold = Side::of(of.gold);
    let answer = Side::of(of.answer);
    let gold_new = without(&gold.content, &asked.content);
    let answer_new = without(&answer.content, &asked.content);
    let (gold_trigrams, answer_trigrams) = (trigrams(&gold.stems), trigrams(&answer.stems));
    let gold_vector = embed(of.gold);
    let mut vectors = Words::new(embed);
    let (figures, found) = (Figures::of(&gold.tokens), Figures::of(&answer.tokens));
    let (_, day_conflict) = compare(&figures.days, &found.days);
    let (month_equal, month_conflict) = compare(&figures.months, &found.months);
    let (number_equal, number_conflict) = compare(&figures.numbers, &found.numbers);
    let is = |category| truth(of.category == category);
    [
        f1_set(of.answer, of.gold),
        truth(inside(&gold.tokens, &answer.tokens)),
        truth(inside(&answer.tokens, &gold.tokens)),
        // Where the question holds all words of the gold answer, its words count after all.
        covered(
            if gold_new.is_empty() {
                &gold.content
            } else {
                &gold_new
            },
            &answer.content,
        ),
        covered(
            if answer_new.is_empty() {
                &answer.content
            } else {
                &answer_new
            },
            &gold.content,
        ),
        share(
            gold_trigrams.intersection(&answer_trigrams).count(),
            gold_trigrams.len(),
        ),
        share(
            gold_trigrams.intersection(&answer_trigrams).count(),
            answer_trigrams.len(),
        ),
        cosine(&gold_vector, &embed(of.answer)),
        cosine(&embed(of.question), &gold_vector),
        vectors.nearest(&gold_new, &answer.content).mean,
        vectors.nearest(&answer.content, &gold.content).mean,
        vectors.nearest(&answer_new, &gold.content).least,
        day_conflict,
        month_equal,
        month_conflict,
        number_equal,
        number_conflict,
        truth(found.has_date()),
        gold.tokens
            .iter()
            .filter(|token| RELATIVE.binary_search(&token.as_str()).is_ok())
            .count()
            .ln_1p(),
        yes_no(&gold.tokens) * yes_no(&answer.tokens),
        truth(refuses(of.answer)),
        answer.tokens.len().ln_1p(),
        gold_new.len().ln_1p(),
        pieces(of.gold).ln_1p(),
        is(Category::MultiHop),
        is(Category::Temporal),
        is(Category::OpenDomain),
        is(Category::SingleHop),
    ]
}

/// Whether the words of an answer say that there is none.
#[must_use]
pub fn refuses(answer: &str) -> bool {
    let lower = answer.to_lowercase().replace('\u{2019}', "'");
    REFUSAL
        .as_ref()
        .is_some_and(|refusal| refusal.is_match(&lower))
}

/// ln(1 + count).
trait Log {
    fn ln_1p(self) -> f64;
}

impl Log for usize {
    fn ln_1p(self) -> f64 {
        (self as f64).ln_1p()
    }
}

/// One of the three texts.
struct Side {
    tokens: Vec<String>,
    stems: Vec<(String, String)>,
    content: Content,
}

impl Side {
    fn of(text: &str) -> Self {
        let tokens = tokens(text);
        Self {
            stems: content_in_order(&tokens),
            content: content(&tokens),
            tokens,
        }
    }
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn without(content: &Content, other: &Content) -> Content {
    let kept = content
        .iter()
        .filter(|(stem, _)| !other.contains_key(*stem));
    kept.map(|(stem, word)| (stem.clone(), word.clone()))
        .collect()
}

/// Share of the content words that stand in `other` too.
fn covered(content: &Content, other: &Content) -> f64 {
    let common = content
        .keys()
        .filter(|stem| other.contains_key(*stem))
        .count();
    share(common, content.len())
}

/// Whether the tokens stand in `whole` one after the other.
fn inside(tokens: &[String], whole: &[String]) -> bool {
    !tokens.is_empty() && whole.windows(tokens.len()).any(|window| window == tokens)
}

/// Share of the gold figures that the answer has, and whether both have some and none in common.
fn compare(gold: &BTreeSet<u64>, answer: &BTreeSet<u64>) -> (f64, f64) {
    let common = gold.intersection(answer).count();
    let conflict = !gold.is_empty() && !answer.is_empty() && common == 0;
    (share(common, gold.len()), truth(conflict))
}

/// 1 for a text that begins with yes, -1 for no, 0 for neither.
fn yes_no(tokens: &[String]) -> f64 {
    let begins = |word: &str, within: usize| tokens.iter().take(within).any(|token| token == word);
    if begins("yes", 3) {
        1.0
    } else if begins("no", 2) {
        -1.0
    } else {
        0.0
    }
}

/// Parts of an enumeration.
fn pieces(gold: &str) -> usize {
    let lower = gold.to_lowercase();
    lower
        .split([',', ';', '\n', '(', ')'])
        .flat_map(|part| part.split(" and "))
        .filter(|piece| piece.chars().any(char::is_alphanumeric))
        .count()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

/// How near the words of one text come to those of another.
#[derive(Debug, Clone, Copy, Default)]
struct Nearness {
    /// Mean over the words, weighted by their length (8 characters at most), of the largest cosine.
    mean: f64,
    /// The word that comes least near.
    least: f64,
}

/// Vectors of words, each embedded once.
struct Words<'a> {
    embed: &'a Embed<'a>,
    known: BTreeMap<String, Vec<f32>>,
}

impl<'a> Words<'a> {
    fn new(embed: &'a Embed<'a>) -> Self {
        Self {
            embed,
            known: BTreeMap::new(),
        }
    }

    /// Nearness of the content words of `from` to those of `to`; 0 where either has none.
    fn nearest(&mut self, from: &Content, to: &Content) -> Nearness {
        for word in from.values().chain(to.values()) {
            if !self.known.contains_key(word) {
                self.known.insert(word.clone(), (self.embed)(word));
            }
        }
        let vector = |word: &String| self.known.get(word).map_or(&[][..], Vec::as_slice);
        let (mut sum, mut weights, mut least) = (0.0, 0.0, f64::INFINITY);
        for word in from.values() {
            let near = |other| cosine(vector(word), vector(other));
            let Some(best) = to.values().map(near).max_by(f64::total_cmp) else {
                return Nearness::default();
            };
            let weight = word.chars().count().min(8) as f64;
            sum += weight * best;
            weights += weight;
            least = least.min(best);
        }
        if weights == 0.0 {
            return Nearness::default();
        }
        Nearness {
            mean: sum / weights,
            least,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters as an embedding: words of the same letters are near.
    fn letters(text: &str) -> Vec<f32> {
        let mut vector = [0.0_f32; 26];
        for letter in text.bytes().filter(u8::is_ascii_lowercase) {
            vector[usize::from(letter - b'a')] += 1.0;
        }
        let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector
            .iter()
            .map(|x| if norm > 0.0 { x / norm } else { 0.0 })
            .collect()
    }

    fn of(
        category: Category,
        question: &str,
        gold: &str,
        answer: &str,
    ) -> BTreeMap<&'static str, f64> {
        let answered = Answered {
            category,
            question,
            gold,
            answer,
        };
        FEATURES
            .into_iter()
            .zip(features(answered, &letters))
            .collect()
    }

    #[test]
    fn dates_and_numbers_agree_or_conflict() {
        let found = of(
            Category::Temporal,
            "When did Ann leave?",
            "7 May 2023",
            "Ann left on 9 May 2023, two days late.",
        );
        assert_eq!(found["month-equal"], 1.0);
        assert_eq!(found["month-conflict"], 0.0);
        assert_eq!(found["day-conflict"], 1.0);
        assert_eq!(found["answer-dated"], 1.0);
        assert_eq!(found["temporal"], 1.0);
        assert_eq!(found["number-equal"], 0.0);
        let counts = of(Category::MultiHop, "How many?", "three", "3 cats");
        assert_eq!(
            (counts["number-equal"], counts["number-conflict"]),
            (1.0, 0.0)
        );
    }

    #[test]
    fn words_of_the_question_do_not_count_as_new() {
        let found = of(
            Category::SingleHop,
            "What colour is Ann's car?",
            "Ann's car is red",
            "red",
        );
        assert_eq!(found["new-recall"], 1.0);
        assert_eq!(found["answer-inside"], 1.0);
        assert_eq!(found["gold-inside"], 0.0);
        assert!((found["soft-new-recall"] - 1.0).abs() < 1e-6);
        assert!(found["cosine"] < 1.0);
    }

    #[test]
    fn refusals_and_yes_and_no() {
        for text in [
            "Not mentioned.",
            "This is not explicitly stated in the memories",
            "The text doesn’t mention it",
            "Unknown",
        ] {
            assert!(refuses(text), "{text}");
        }
        assert!(!refuses("Nonetheless she noted nothing was clearer"));
        let found = of(
            Category::OpenDomain,
            "Would she?",
            "Likely no",
            "Yes, she would.",
        );
        assert_eq!(found["yes-no"], -1.0);
        assert_eq!(
            of(Category::OpenDomain, "?", "Yes; maybe", "yes")["yes-no"],
            1.0
        );
    }

    #[test]
    fn nothing_is_all_zeros_but_for_what_the_key_says() {
        let found = of(Category::SingleHop, "", "", "");
        let not_zero: Vec<_> = found.iter().filter(|(_, value)| **value != 0.0).collect();
        assert_eq!(not_zero, [(&"single-hop", &1.0)]);
        assert_eq!(pieces("a, b and c; (d)"), 4);
    }
}
