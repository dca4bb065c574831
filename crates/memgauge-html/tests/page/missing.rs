//! What is said where something is not known.

use memgauge_html::{HtmlError, PageOptions, page};
use memgauge_report::arm::Selection;

use crate::run;

#[test]
fn one_system_is_compared_with_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    run::write(&path, &["only"], str::to_owned);
    let html = run::of(&[path], &PageOptions::default()).html;
    assert!(html.contains("There is nothing to compare with"));
    assert!(html.contains("the run is not finished"));
    assert!(html.contains("No plot: "));
}

#[test]
fn runs_of_other_datasets_are_told_apart_and_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a", "b"].map(|name| {
        let path = folder.path().join(name);
        run::write(&path, &[name], str::to_owned);
        path
    });
    let manifest = paths[1].join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(
        &manifest,
        text.replace("\"content\": \"c\"", "\"content\": \"other\""),
    )
    .unwrap();
    let page = run::of(&paths, &PageOptions::default());
    assert!(
        page.html
            .contains("b and a are not comparable: other dataset"),
        "{:?}",
        page.notes
    );
    let index = run::unpacked(&page, "index");
    assert_eq!(index["conversations"].as_array().unwrap().len(), 2);
    // Two datasets of one name are told apart by their fingerprints.
    assert_eq!(index["conversations"][0]["dataset"], "data@c");
    assert_eq!(index["conversations"][1]["dataset"], "data@other");
    assert_eq!(
        index["questions"][2][5],
        serde_json::json!([null, ["answer", 10]])
    );
}

#[test]
fn a_metric_that_is_not_there_is_the_caller_s_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    run::write(&path, &["one", "two"], str::to_owned);
    let selection = Selection::parse(&path.display().to_string()).unwrap();
    let options = PageOptions {
        metric: Some("f1.locomoo".to_owned()),
        ..PageOptions::default()
    };
    let error = page(&[selection], &options).unwrap_err();
    assert!(matches!(error, HtmlError::Compare(_)), "{error}");
    assert!(error.to_string().contains("did you mean `f1.locomo`?"));
}
