//! What a page shows.

use memgauge_html::PageOptions;
use serde_json::json;

use crate::run;

#[test]
fn answers_memories_and_stages_of_every_system_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    run::write(&path, &["one", "two"], str::to_owned);
    let page = run::of(&[path], &PageOptions::default());
    assert_eq!((page.systems, page.questions), (2, 2));
    let index = run::unpacked(&page, "index");
    let stages = index["stages"].as_array().unwrap();
    let stage = |name: &str| stages.iter().position(|stage| stage == name).unwrap();
    assert_eq!(
        index["conversations"],
        json!([{"id": "c", "dataset": null, "words": false}])
    );
    assert_eq!(
        index["questions"][1],
        json!([
            0,
            1,
            4,
            "asked",
            "gold",
            [
                ["answer", stage("right")],
                ["answer", stage("ranked-below-k")]
            ]
        ])
    );
    let part = run::unpacked(&page, "0");
    // Only turns that something points at; without the dataset they have no words.
    assert_eq!(
        part["turns"],
        json!([[1, 1, null, null, null], [1, 2, null, null, null]])
    );
    let answer = &part["questions"][1]["answers"][1][0];
    let found = &answer["found"];
    assert_eq!(found["k"], 1);
    // The fourth stretch of two: scores 0.1235 and 0.1, ranks of two lists.
    assert_eq!(
        (&found["at"], &found["decimals"]),
        (&json!([6, 2]), &json!(4))
    );
    assert_eq!(
        &part["hits"]["falls"].as_array().unwrap()[6..],
        [json!(1235), json!(235)]
    );
    let ranks =
        &part["hits"]["ranks"].as_array().unwrap()[found["ranks_at"].as_u64().unwrap() as usize..];
    assert_eq!(ranks, [json!(1), json!(2), json!(null), json!(1)]);
    // The first is in the context, the second below k and listed because it holds the gold turn.
    assert_eq!(found["places"], "cb");
    let second = part["hits"]["memories"][7].as_u64().unwrap() as usize;
    assert_eq!(part["memories"][second], json!([1, [1], []]));
    assert_eq!(part["questions"][1]["evidence"], json!([1]));
    assert_eq!(answer["fates"], json!([[1, "found at rank 2, below k"]]));
    assert_eq!(answer["judgements"], json!([[false, null, "reply", null]]));
}

#[test]
fn the_answer_is_a_sentence_per_comparison_and_says_the_metric() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    run::write(&path, &["one", "two"], str::to_owned);
    let judged = run::of(std::slice::from_ref(&path), &PageOptions::default());
    assert!(
        judged
            .html
            .contains("How well do 2 systems answer 2 questions about 1 conversation (data)")
    );
    let text = PageOptions {
        metric: Some("f1.set".to_owned()),
        ..PageOptions::default()
    };
    let equal = run::of(&[path], &text);
    assert!(
        equal
            .html
            .contains("No difference found between two and one: +0.0"),
        "both have the same set F1"
    );
    assert!(
        equal
            .html
            .contains("<th scope=\"col\">f1.set [95\u{a0}%]</th>")
    );
}

#[test]
fn nothing_is_asked_of_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    run::write(&path, &["one"], str::to_owned);
    let html = run::of(&[path], &PageOptions::default()).html;
    assert!(html.contains("default-src &#x27;none&#x27;; style-src &#x27;sha256-"));
    // A name of the language, not an address.
    let html = html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert_eq!(
        html.matches("href=").count(),
        html.matches("href=\"#").count() + 1,
        "all links but the icon's stay"
    );
}

#[test]
fn a_limit_of_bytes_shortens_lists_but_keeps_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    run::write(&path, &["one"], str::to_owned);
    let options = PageOptions {
        most_bytes: 1,
        ..PageOptions::default()
    };
    let page = run::of(&[path], &options);
    assert!(
        page.notes
            .iter()
            .any(|note| note.contains("the first 0 memories")),
        "{:?}",
        page.notes
    );
    let part = run::unpacked(&page, "0");
    let found = &part["questions"][0]["answers"][0][0]["found"];
    assert_eq!(
        (&found["places"], &found["beyond"], &found["of"]),
        (&json!("b"), &json!([2]), &json!(2))
    );
}
