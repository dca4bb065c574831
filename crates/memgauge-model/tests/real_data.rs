//! Tests against published weights and the reference files.

use std::path::PathBuf;

use memgauge_model::MiniLm;
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
    for (list, text) in [("turns", "doc"), ("queries", "text")] {
        let rows = reference[list].as_array().unwrap();
        assert!(!rows.is_empty());
        let texts: Vec<&str> = rows.iter().map(|row| row[text].as_str().unwrap()).collect();
        let vectors = model.embed_texts(&texts).unwrap();
        for (row, vector) in rows.iter().zip(&vectors) {
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
    eprintln!("largest difference: {largest:e}");
    assert!(largest < 1e-5, "largest difference {largest:e}");
    eprintln!("real-data test ran: {test}");
}
