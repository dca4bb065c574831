//! One small file for each oddity and each error.

mod errors;
mod reading;

use std::path::Path;

use memgauge_core::{Gold, TurnId};
use serde_json::{Value, json};

use super::*;
use crate::Oddity;

/// Two sessions of two turns, and three questions without any oddity.
fn plain() -> Value {
    json!([{
        "sample_id": "conv-1",
        "conversation": {
            "speaker_a": "Ann",
            "speaker_b": "Bob",
            "session_2_date_time": "9:05 am on 2 June, 2023",
            "session_2": [
                {"speaker": "Bob", "dia_id": "D2:1", "text": "The dog is called Rex."},
                {"speaker": "Ann", "dia_id": "D2:2", "text": "Nice."},
            ],
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [
                {"speaker": "Ann", "dia_id": "D1:1", "text": "Any news?"},
                {"speaker": "Bob", "dia_id": "D1:2", "text": "I have a dog."},
            ],
        },
        "qa": [
            {"question": "What is the dog called?", "answer": "Rex", "category": 4,
             "evidence": ["D2:1"]},
            {"question": "Since when?", "answer": "May 2023", "category": 2, "evidence": ["D1:2"]},
            {"question": "What is the cat called?", "adversarial_answer": "Rex", "category": 5,
             "evidence": ["D2:1"]},
        ],
        "observation": {
            "session_1_observation": {"Bob": [["Bob has a dog.", "D1:2"]]},
            "session_2_observation": {"Bob": [["His dog is Rex.", "D2:1"]], "Ann": [["Ann is polite.", "D2:2"]]},
        },
        "session_summary": {"session_1_summary": "Bob tells Ann of his dog."},
        "event_summary": {"events_session_1": {"Bob": ["gets a dog"], "date": "8 May, 2023"}},
    }])
}

fn read(value: &Value) -> Result<Dataset, DatasetError> {
    parse(
        Path::new("datasets/x.json"),
        &serde_json::to_vec(value).unwrap(),
    )
}

/// The plain file with one change.
fn changed(change: impl FnOnce(&mut Value)) -> Result<Dataset, DatasetError> {
    let mut value = plain();
    change(&mut value);
    read(&value)
}

/// Place and oddity of every finding.
fn findings(dataset: &Dataset) -> Vec<(&str, &Oddity)> {
    let findings = dataset.report.findings.iter();
    findings
        .map(|finding| (finding.at.as_str(), &finding.oddity))
        .collect()
}

fn evidence_of(dataset: &Dataset, question: usize) -> Vec<String> {
    let key = &dataset.conversations[0].items[question].key;
    key.evidence.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn assert_error(result: Result<Dataset, DatasetError>, expected: &str) {
    assert_eq!(result.unwrap_err().to_string(), expected);
}
