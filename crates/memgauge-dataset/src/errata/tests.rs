use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::{Dataset, locomo};

/// Two conversations; the second has a question of category 1 and one of category 5.
fn dataset() -> Dataset {
    let sample = |id: &str, questions: Value| {
        json!({
            "sample_id": id,
            "conversation": {
                "speaker_a": "Ann", "speaker_b": "Ben",
                "session_1_date_time": "1:56 pm on 8 May, 2023",
                "session_1": [
                    {"speaker": "Ann", "dia_id": "D1:1", "text": "I moved in 2019."},
                    {"speaker": "Ben", "dia_id": "D1:2", "text": "I have a cat."},
                    {"speaker": "Ann", "dia_id": "D1:3", "text": "And a dog."}
                ]
            },
            "observation": {}, "session_summary": {}, "event_summary": {},
            "qa": questions
        })
    };
    let file = json!([
        sample(
            "one",
            json!([
                {"question": "When did Ann move?", "answer": 2020, "category": 2, "evidence": ["D1:1"]},
                {"question": "Who has a cat?", "answer": "Ben", "category": 4, "evidence": ["D1:1"]}
            ])
        ),
        sample(
            "two",
            json!([
                {"question": "Which pets are there?", "answer": "a cat", "category": 1, "evidence": ["D1:2"]},
                {"question": "What is the bird's name?", "adversarial_answer": "Tweety", "category": 5, "evidence": ["D1:2"]}
            ])
        )
    ]);
    locomo::parse(Path::new("two.json"), file.to_string().as_bytes()).unwrap()
}

fn audited(
    id: &str,
    question: &str,
    gold: Value,
    kind: &str,
    answer: &str,
    evidence: &[&str],
) -> Value {
    json!({
        "question_id": id, "question": question, "golden_answer": gold, "category": 2,
        "error_type": kind, "cited_evidence": ["D1:1"], "correct_evidence": evidence,
        "reasoning": "because", "correct_answer": answer
    })
}

fn moved() -> Value {
    audited(
        "locomo_0_qa0",
        "When did Ann move?",
        json!("2020"),
        "TEMPORAL_ERROR",
        "2019",
        &["D1:1"],
    )
}

fn read(rows: Value) -> Result<Errata, ErrataError> {
    parse(
        Path::new("errors.json"),
        rows.to_string().as_bytes(),
        &dataset(),
    )
}

fn misfits(errata: &Errata) -> Vec<String> {
    errata
        .findings
        .iter()
        .map(|finding| {
            let value = serde_json::to_value(finding).unwrap();
            format!("{} {}", finding.row, value["misfit"].as_str().unwrap())
        })
        .collect()
}

fn id(text: &str) -> QuestionId {
    text.parse().unwrap()
}

#[test]
fn an_audit_is_read_as_it_is() {
    let errata = read(json!([
        moved(),
        audited(
            "locomo_0_qa1",
            "Who has  a cat?",
            json!("Ben"),
            "WRONG_CITATION",
            "Ben",
            &["D1:2", "D1:3"]
        ),
    ]))
    .unwrap();
    let first = errata.get(&id("one/q0")).unwrap();
    assert_eq!(first.kind, ErratumKind::Temporal);
    assert_eq!(first.answer.as_deref(), Some("2019"));
    // The evidence is the published one: nothing to correct.
    assert_eq!(first.evidence, None);
    assert!(errata.corrupts(&id("one/q0")) && !errata.corrupts(&id("one/q1")));
    assert_eq!(
        errata.evidence(&id("one/q1")),
        Some([TurnId::new(1, 2), TurnId::new(1, 3)].as_slice())
    );
    assert_eq!(errata.get(&id("one/q1")).unwrap().answer, None);
    assert_eq!(errata.dataset, dataset().fingerprint.content);
    assert_eq!(
        (errata.source.as_str(), errata.licence.as_deref()),
        ("dial481/locomo-audit", Some("CC BY-NC 4.0"))
    );
    // The second row names another category than the dataset: told, and applied.
    assert_eq!(misfits(&errata), ["1 category-differs"]);
    assert_eq!(errata.unfit(), 0);
}

#[test]
fn every_row_that_does_not_fit_is_told() {
    let cat = "Who has a cat?";
    let mut lacks = moved();
    lacks.as_object_mut().unwrap().remove("error_type");
    let errata = read(json!([
        moved(),
        moved(),
        audited("locomo_9_qa0", cat, json!("Ben"), "AMBIGUOUS", "x", &[]),
        audited("locomo_0_qa7", cat, json!("Ben"), "AMBIGUOUS", "x", &[]),
        audited("q1", cat, json!("Ben"), "AMBIGUOUS", "x", &[]),
        audited(
            "locomo_0_qa1",
            "Who has a dog?",
            json!("Ben"),
            "AMBIGUOUS",
            "x",
            &[]
        ),
        audited("locomo_0_qa1", cat, json!("Ann"), "AMBIGUOUS", "x", &[]),
        audited("locomo_0_qa1", cat, json!("Ben"), "AMBIGIOUS", "x", &[]),
        lacks,
        7,
        audited(
            "locomo_1_qa1",
            "What is the bird's name?",
            json!("Tweety"),
            "HALLUCINATION",
            "x",
            &[]
        ),
    ]))
    .unwrap();
    assert_eq!(
        misfits(&errata),
        [
            "1 repeated",
            "2 no-such-question",
            "3 no-such-question",
            "4 no-such-question",
            "5 text-differs",
            "6 gold-differs",
            "7 unknown-kind",
            "8 unreadable",
            "9 unreadable",
            "10 nothing-to-answer",
        ]
    );
    assert_eq!((errata.errata.len(), errata.unfit()), (1, 10));
    let told = errata.findings[6].to_string();
    assert!(
        told.contains("did you mean `AMBIGUOUS`?") && told.ends_with("not applied"),
        "{told}"
    );
    assert!(
        errata.findings[7]
            .to_string()
            .contains("missing field `error_type`")
    );
}

#[test]
fn odd_corrections_are_used_as_far_as_they_go() {
    let errata = read(json!([
        audited(
            "locomo_0_qa0",
            "When did Ann move?",
            json!(2020),
            "TEMPORAL_ERROR",
            " ",
            &["D1:9", "D1:2; x"]
        ),
        audited(
            "locomo_1_qa0",
            "Which pets are there?",
            json!("a cat"),
            "INCOMPLETE",
            "a cat, a dog",
            &[]
        ),
        audited(
            "locomo_0_qa1",
            "Who has a cat?",
            json!("Ben"),
            "WRONG_CITATION",
            "Ben (correct)",
            &["D1:2"]
        ),
    ]))
    .unwrap();
    assert_eq!(
        misfits(&errata),
        [
            "0 answer-missing",
            "0 evidence-missing-turn",
            "0 evidence-unread",
            "1 category-differs",
            "1 citation-differs",
            "1 evidence-empty",
            "2 category-differs",
            "2 answer-not-used",
        ]
    );
    assert_eq!(errata.unfit(), 0);
    assert_eq!(
        errata.evidence(&id("one/q0")),
        Some([TurnId::new(1, 2)].as_slice())
    );
    assert_eq!(errata.evidence(&id("two/q0")), Some([].as_slice()));
}

#[test]
fn the_own_format_says_the_same_with_the_same_digest() {
    let errata = read(json!([
        moved(),
        audited(
            "locomo_0_qa1",
            "Who has a cat?",
            json!("Ben"),
            "WRONG_CITATION",
            "Ben",
            &["D1:2"]
        ),
    ]))
    .unwrap();
    let toml = errata.to_toml().unwrap();
    let again = parse(Path::new("own.toml"), toml.as_bytes(), &dataset()).unwrap();
    assert_eq!(again.errata, errata.errata);
    assert_eq!(again.digest, errata.digest);
    // Without a digest it is free to change, and the digest with it.
    let changed: Vec<&str> = toml
        .lines()
        .filter(|line| !line.starts_with("digest"))
        .collect();
    let changed = changed.join("\n").replace("\"2019\"", "\"2018\"");
    let other = parse(Path::new("own.toml"), changed.as_bytes(), &dataset()).unwrap();
    assert_ne!(other.digest, errata.digest);
    let forged = toml.replace("\"2019\"", "\"2018\"");
    let error = parse(Path::new("own.toml"), forged.as_bytes(), &dataset()).unwrap_err();
    assert!(matches!(error, ErrataError::Digest { .. }), "{error}");
}

#[test]
fn a_source_of_its_own_brings_its_own_terms() {
    let own = json!({
        "memgauge-errata": 1, "dataset": dataset().fingerprint.content, "source": "us", "licence": "CC0",
        "erratum": [
            {"id": "one/q0", "kind": "temporal", "answer": "2019"},
            {"id": "one/q1", "kind": "wrong-citation", "evidence": ["D1:2"], "source": "them"},
            {"id": "two/q0", "kind": "incomplete", "answer": "a cat, a dog", "weight": 2},
        ]
    });
    let errata = parse(
        Path::new("own.json"),
        own.to_string().as_bytes(),
        &dataset(),
    )
    .unwrap();
    assert_eq!(
        (errata.source.as_str(), errata.licence.as_deref()),
        ("us, them", None)
    );
    assert_eq!(
        errata.get(&id("one/q0")).unwrap().licence.as_deref(),
        Some("CC0")
    );
    assert_eq!(misfits(&errata), ["2 unreadable"]);
    let again = parse(
        Path::new("x.toml"),
        errata.to_toml().unwrap().as_bytes(),
        &dataset(),
    )
    .unwrap();
    assert_eq!(again.errata, errata.errata);
}

#[test]
fn a_file_that_is_none_is_refused_with_what_was_expected() {
    let error = |name: &str, text: &str| {
        parse(Path::new(name), text.as_bytes(), &dataset())
            .unwrap_err()
            .to_string()
    };
    assert!(error("a.json", "{}").contains("errors.json"));
    assert!(error("a.json", "[").contains("line 1"));
    assert!(error("a.toml", "x = ").contains("line 1"));
    let other = format!(
        "memgauge-errata = 1\ndataset = \"{}\"\nsource = \"us\"\nerratum = []\n",
        "0".repeat(64)
    );
    assert!(error("a.toml", &other).contains("errata of the dataset with the content 0000"));
    assert!(error("a.toml", &other.replace("= 1", "= 2")).contains("reads version 1"));
    let strange = json!([audited(
        "locomo_0_qa0",
        "Who?",
        json!("x"),
        "AMBIGUOUS",
        "y",
        &[]
    )]);
    let refused = read(strange).unwrap_err().to_string();
    assert!(
        refused.contains("not one of its 1 rows fits two"),
        "{refused}"
    );
}
