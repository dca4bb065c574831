//! Tests against published weights and the reference files.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "functions of tests; the lines are counted by the gate"
)]

use std::path::PathBuf;

use memgauge_core::Tokenizer;
use memgauge_model::{CountMemo, MiniLm, Static, StaticWeights, Tiktoken};
use serde_json::Value;

/// The folders a test needs, or `None` after saying that it is skipped.
fn folders<const N: usize>(test: &str, variables: [&str; N]) -> Option<[PathBuf; N]> {
    let found: Vec<PathBuf> = variables
        .iter()
        .filter_map(|variable| std::env::var_os(variable).map(PathBuf::from))
        .collect();
    match found.try_into() {
        Ok(found) => Some(found),
        Err(_) => {
            eprintln!("real-data test skipped: {test}");
            None
        }
    }
}

fn read_json(path: PathBuf) -> Value {
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn real_data_minilm_equals_the_reference() {
    let test = "real_data_minilm_equals_the_reference";
    let Some([data, minilm]) = folders(test, ["MEMGAUGE_DATA", "MEMGAUGE_MINILM"]) else {
        return;
    };
    let reference = read_json(data.join("reference/minilm-conv26.json"));
    let model = MiniLm::open(&minilm).unwrap();
    let mut largest: f64 = 0.0;
    let single = reference["turns"][0]["doc"].as_str().unwrap();
    let single = (single, model.embed_texts(&[single]).unwrap().remove(0));
    for (list, text) in [("turns", "doc"), ("queries", "text")] {
        let rows = reference[list].as_array().unwrap();
        assert!(!rows.is_empty());
        let texts: Vec<&str> = rows.iter().map(|row| row[text].as_str().unwrap()).collect();
        let vectors = model.embed_texts(&texts).unwrap();
        for (row, vector) in rows.iter().zip(&vectors) {
            if row[text] == single.0 {
                assert_eq!(*vector, single.1, "the vector depends on the batch");
            }
            // The reference has token ids for turns only.
            if list == "turns" {
                let ids: Vec<u32> = serde_json::from_value(row["token_ids"].clone()).unwrap();
                assert_eq!(model.ids(row[text].as_str().unwrap()).unwrap(), ids);
            }
            let expected: Vec<f64> = serde_json::from_value(row["embedding"].clone()).unwrap();
            assert_eq!(vector.len(), expected.len());
            for (value, expected) in vector.iter().zip(&expected) {
                largest = largest.max((f64::from(*value) - expected).abs());
            }
        }
    }
    eprintln!("largest difference to the reference: {largest:e}");
    assert!(largest < 1e-5, "largest difference {largest:e}");
    eprintln!("real-data test ran: {test}");
}

/// Turns as (id, speaker, text) by session, in order, with the session's time as it is written.
fn sessions(conversation: &Value) -> Vec<(String, Vec<[String; 3]>)> {
    let parts = &conversation["conversation"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (1..)
        .map_while(|number| {
            let turns = parts[format!("session_{number}")].as_array()?;
            let time = text(&parts[format!("session_{number}_date_time")]);
            let turns = turns
                .iter()
                .map(|turn| {
                    [
                        text(&turn["dia_id"]),
                        text(&turn["speaker"]),
                        text(&turn["text"]),
                    ]
                })
                .collect();
            Some((time, turns))
        })
        .collect()
}

fn locomo(data: &std::path::Path) -> Vec<Value> {
    let Value::Array(list) = read_json(data.join("datasets/locomo10.json")) else {
        panic!("not a list");
    };
    list
}

/// The lines of Mem0's full-context baseline, "time | speaker: text", each ending in a line feed.
fn mem0_lines(conversation: &Value, with_time: bool) -> String {
    let mut lines = String::new();
    for (time, turns) in sessions(conversation) {
        let time = if with_time {
            format!("{time} | ")
        } else {
            String::new()
        };
        for [_, speaker, text] in turns {
            lines.push_str(&format!("{time}{speaker}: {text}\n"));
        }
    }
    lines
}

#[test]
fn real_data_token_counts_equal_the_reference() {
    let test = "real_data_token_counts_equal_the_reference";
    let Some([data]) = folders(test, ["MEMGAUGE_DATA"]) else {
        return;
    };
    let reference = read_json(data.join("reference/token-counts.json"));
    let (mut weighted, mut questions) = (0, 0);
    for encoding in [Tiktoken::Cl100k, Tiktoken::O200k] {
        let memo = CountMemo::new(encoding);
        for conversation in locomo(&data) {
            let id = conversation["sample_id"].as_str().unwrap();
            for (format, with_time) in [("mem0-full-context", true), ("no-timestamp", false)] {
                let text = mem0_lines(&conversation, with_time);
                let expected = reference[id][format][encoding.id()].as_u64().unwrap() as usize;
                assert_eq!(encoding.count(&text), expected, "{id} {format}");
                assert_eq!(memo.count(&text), expected, "{id} {format}");
                // The line feed at the end is part of the last token.
                assert_eq!(memo.count(text.trim_end_matches('\n')), expected);
                if with_time && encoding == Tiktoken::Cl100k {
                    let asked = conversation["qa"].as_array().unwrap().len();
                    weighted += expected * asked;
                    questions += asked;
                }
            }
        }
    }
    assert_eq!(questions, 1986);
    let mean = weighted as f64 / questions as f64;
    assert!((mean - 26_031.8).abs() < 0.05, "mean {mean}");
    eprintln!("real-data test ran: {test}");
}

/// Mean evidence recall at 10 and 30 over the questions of categories 1 to 4 that have evidence,
/// searching the turns of the question's own conversation as "speaker: text".
fn evidence_recall(data: &std::path::Path, weights: StaticWeights) -> (f64, f64, usize) {
    let embedder = Static::new(weights);
    let (mut at_10, mut at_30, mut questions) = (0.0, 0.0, 0);
    for conversation in locomo(data) {
        let turns: Vec<[String; 3]> = sessions(&conversation)
            .into_iter()
            .flat_map(|(_, turns)| turns)
            .collect();
        let texts: Vec<String> = turns
            .iter()
            .map(|[_, speaker, text]| format!("{speaker}: {text}"))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let fitted = match weights {
            StaticWeights::Zipf => None,
            StaticWeights::Index => Some(Static::fitted(&texts)),
        };
        let embedder = fitted.as_ref().unwrap_or(&embedder);
        let vectors: Vec<Vec<f32>> = texts.iter().map(|text| embedder.embed_text(text)).collect();
        for question in conversation["qa"].as_array().unwrap() {
            let evidence: Vec<usize> = turns
                .iter()
                .enumerate()
                .filter(|(_, [id, ..])| is_cited(&question["evidence"], id))
                .map(|(at, _)| at)
                .collect();
            if question["category"] == 5 || evidence.is_empty() {
                continue;
            }
            let query = embedder.embed_text(question["question"].as_str().unwrap());
            let mut ranked: Vec<(f32, usize)> = vectors
                .iter()
                .enumerate()
                .map(|(at, vector)| (vector.iter().zip(&query).map(|(a, b)| a * b).sum(), at))
                .collect();
            ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let recall = |k: usize| {
                let found = ranked[..k]
                    .iter()
                    .filter(|(_, at)| evidence.contains(at))
                    .count();
                found as f64 / evidence.len() as f64
            };
            at_10 += recall(10);
            at_30 += recall(30);
            questions += 1;
        }
    }
    (
        at_10 / f64::from(questions),
        at_30 / f64::from(questions),
        questions as usize,
    )
}

/// Whether a question's evidence names the turn, in any of the ways in which the file writes ids.
fn is_cited(evidence: &Value, id: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        text.split(|c: char| !c.is_ascii_digit())
            .filter_map(|part| part.parse().ok())
            .collect()
    };
    let wanted = numbers(id);
    evidence.as_array().unwrap().iter().any(|cited| {
        numbers(cited.as_str().unwrap())
            .chunks(2)
            .any(|pair| pair == wanted)
    })
}

#[test]
fn real_data_static_recall() {
    let test = "real_data_static_recall";
    let Some([data]) = folders(test, ["MEMGAUGE_DATA"]) else {
        return;
    };
    // Measured once; the vectors do not depend on the machine.
    for (weights, recall) in [
        (StaticWeights::Zipf, [0.5024, 0.6334]),
        (StaticWeights::Index, [0.5447, 0.6718]),
    ] {
        let (at_10, at_30, questions) = evidence_recall(&data, weights);
        eprintln!("{weights:?}: {at_10:.4} @10, {at_30:.4} @30");
        assert_eq!(questions, 1536);
        assert!((at_10 - recall[0]).abs() < 5e-4, "{weights:?} @10 {at_10}");
        assert!((at_30 - recall[1]).abs() < 5e-4, "{weights:?} @30 {at_30}");
    }
    eprintln!("real-data test ran: {test}");
}

#[test]
fn real_data_static_reads_the_pieces_that_minilm_reads() {
    let test = "real_data_static_reads_the_pieces_that_minilm_reads";
    let Some([data, minilm]) = folders(test, ["MEMGAUGE_DATA", "MEMGAUGE_MINILM"]) else {
        return;
    };
    let mut published = tokenizers::Tokenizer::from_file(minilm.join("tokenizer.json")).unwrap();
    published.with_padding(None);
    published.with_truncation(None).unwrap();
    let mut turns = 0;
    for conversation in locomo(&data) {
        for [_, speaker, text] in sessions(&conversation)
            .into_iter()
            .flat_map(|(_, turns)| turns)
        {
            let text = format!("{speaker}: {text}");
            let expected = published.encode(text.as_str(), false).unwrap();
            assert_eq!(Static::pieces(&text), expected.get_ids(), "{text}");
            turns += 1;
        }
    }
    assert_eq!(turns, 5882);
    eprintln!("real-data test ran: {test}");
}
