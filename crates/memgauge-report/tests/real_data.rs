//! Tests on published files, read from the folder in `MEMGAUGE_DATA`; without it they say so and pass.

#![expect(clippy::print_stderr, reason = "the lines are counted by .ci/run")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use memgauge_core::Category;
use memgauge_report::metrics::PreparedGold;
use serde::Deserialize;

fn data_folder(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("MEMGAUGE_DATA")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from);
    match &folder {
        Some(_) => eprintln!("real-data test ran: {test}"),
        None => eprintln!("real-data test skipped: {test}"),
    }
    folder
}

/// A row of Mem0's result format, as far as the text metrics go.
#[derive(Deserialize)]
struct Row {
    answer: serde_json::Value,
    response: String,
    category: String,
    bleu_score: f64,
    f1_score: f64,
}

#[test]
fn real_data_memobase_scores_are_met() {
    let Some(folder) = data_folder("real_data_memobase_scores_are_met") else {
        return;
    };
    let bytes = std::fs::read(folder.join("fixtures/memobase_eval_0503_3000.json"))
        .expect("the fixture is there");
    let conversations: BTreeMap<String, Vec<Row>> =
        serde_json::from_slice(&bytes).expect("the fixture is in Mem0's format");
    let (mut rows, mut bleu_differs, mut f1_differs) = (0, 0, 0);
    let (mut bleu_sum, mut f1_sum) = (0.0, 0.0);
    let mut official: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for row in conversations.values().flatten() {
        let gold = row
            .answer
            .as_str()
            .map_or_else(|| row.answer.to_string(), str::to_owned);
        let number: usize = row.category.parse().expect("the category is a number");
        let scores = PreparedGold::new(Category::ALL[number - 1], &gold).score(&row.response);
        rows += 1;
        bleu_differs += usize::from((scores.bleu1 - row.bleu_score).abs() > 1e-9);
        f1_differs += usize::from((scores.f1_set - row.f1_score).abs() > 1e-9);
        bleu_sum += scores.bleu1;
        f1_sum += scores.f1_set;
        for key in [row.category.as_str(), "all"] {
            let (sum, count) = official.entry(key).or_default();
            *sum += scores.f1_locomo;
            *count += 1.0;
        }
    }
    assert_eq!((rows, bleu_differs, f1_differs), (1540, 0, 0));
    assert_eq!(
        format!("{:.6} {:.6}", bleu_sum / 1540.0, f1_sum / 1540.0),
        "0.351474 0.488373"
    );
    let official: BTreeMap<_, _> = official
        .into_iter()
        .map(|(key, (sum, count))| (key, format!("{:.2}", 100.0 * sum / count)))
        .collect();
    let expected = [
        ("1", "44.43"),
        ("2", "65.52"),
        ("3", "36.27"),
        ("4", "49.79"),
        ("all", "51.24"),
    ];
    assert_eq!(
        official,
        expected.map(|(key, value)| (key, value.to_owned())).into()
    );
}
