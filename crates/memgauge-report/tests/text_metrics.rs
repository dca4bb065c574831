//! The text metrics against what NLTK 3.9.1 makes of our own strings (see `fixtures/make_*.py`).

#![expect(clippy::expect_used, reason = "a broken fixture fails the test")]

use memgauge_core::Category;
use memgauge_report::metrics::{
    PreparedGold, bleu1, exact_match, f1_locomo, f1_set, normalise, porter_stem, word_tokenize,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    tokens: Vec<(String, Vec<String>)>,
    pairs: Vec<Pair>,
}

/// Category number, prediction, gold, set F1, official F1, BLEU-1, the prediction in normal form.
#[derive(Deserialize)]
struct Pair(usize, String, String, f64, f64, f64, String);

fn expected() -> Expected {
    serde_json::from_str(include_str!("fixtures/text_metrics.json"))
        .expect("the fixture is valid JSON")
}

#[test]
fn tokens_are_those_of_nltk() {
    let cases = expected().tokens;
    assert!(cases.len() > 600);
    for (text, tokens) in cases {
        assert_eq!(word_tokenize(&text), tokens, "tokens of {text:?}");
    }
}

#[test]
fn stems_are_those_of_nltk() {
    let lines: Vec<_> = include_str!("fixtures/porter_stems.txt").lines().collect();
    assert!(lines.len() > 7000);
    for line in lines {
        let (word, stem) = line.split_once('\t').expect("a word, a tab, a stem");
        assert_eq!(porter_stem(word), stem, "stem of {word:?}");
    }
}

#[test]
fn scores_are_those_of_the_recipes() {
    let pairs = expected().pairs;
    assert!(pairs.len() > 400);
    for Pair(category, prediction, gold, set, locomo, bleu, normal) in &pairs {
        let category = Category::ALL[category - 1];
        let what = format!("{category:?} {prediction:?} against {gold:?}");
        assert_eq!(f1_set(prediction, gold), *set, "set F1 of {what}");
        assert!(
            (f1_locomo(category, prediction, gold) - locomo).abs() < 1e-12,
            "official F1 of {what}"
        );
        assert_eq!(bleu1(prediction, gold), *bleu, "BLEU-1 of {what}");
        assert_eq!(normalise(prediction), *normal, "normal form of {what}");
        let scores = PreparedGold::new(category, gold).score(prediction);
        assert_eq!(
            (scores.f1_set, scores.bleu1),
            (*set, *bleu),
            "prepared scores of {what}"
        );
        assert_eq!(
            scores.f1_locomo,
            f1_locomo(category, prediction, gold),
            "prepared official F1 of {what}"
        );
        assert_eq!(
            scores.exact_match,
            exact_match(prediction, gold),
            "prepared exact match of {what}"
        );
    }
}
