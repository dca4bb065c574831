use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

fn dir() -> (tempfile::TempDir, RunDir) {
    let parent = tempfile::tempdir().unwrap();
    let draft = RunDir::draft(parent.path().join("runs/a")).unwrap();
    (parent, draft.place().unwrap())
}

#[test]
fn a_directory_is_made_once_and_locked_once() {
    let (_parent, dir) = dir();
    assert!(matches!(
        RunDir::draft(dir.path()),
        Err(RunDirError::Exists { .. })
    ));
    assert!(matches!(
        RunDir::open(dir.path()),
        Err(RunDirError::NotARun { .. })
    ));
    let guard = dir.lock().unwrap();
    assert!(matches!(dir.lock(), Err(RunDirError::InUse { .. })));
    drop(guard);
    dir.lock().unwrap();
}

#[test]
fn a_draft_is_seen_once_it_is_whole_and_takes_nobodys_place() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("a");
    let (first, second) = (RunDir::draft(&path).unwrap(), RunDir::draft(&path).unwrap());
    let lock = first.dir().lock().unwrap();
    first.dir().write_json(files::MANIFEST, &json!({})).unwrap();
    assert!(!path.exists());
    let dir = first.place().unwrap();
    assert!(matches!(dir.lock(), Err(RunDirError::InUse { .. })));
    drop(lock);
    second
        .dir()
        .write_json(files::MANIFEST, &json!({}))
        .unwrap();
    assert!(matches!(second.place(), Err(RunDirError::Exists { .. })));
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
}

#[test]
fn a_line_cut_short_is_left_out_and_written_over() {
    let (_parent, dir) = dir();
    fs::write(dir.file("x"), "{\"a\":1}\n{\"a\":2").unwrap();
    let read = || {
        let mut rows: Vec<Value> = Vec::new();
        dir.rows("x", |row| rows.push(row)).unwrap();
        rows
    };
    assert_eq!(read(), [json!({"a": 1})]);
    dir.appender("x")
        .unwrap()
        .append(&[json!({"a": 3})])
        .unwrap();
    assert_eq!(read(), [json!({"a": 1}), json!({"a": 3})]);
}

#[test]
fn rewriting_sorts_and_drops_without_touching_bytes() {
    let (_parent, dir) = dir();
    fs::write(dir.file("x"), "{\"a\": 3}\n{\"a\":1}\n{\"a\":2}\n").unwrap();
    let key = |row: Value| row["a"].as_u64().filter(|a| *a != 2);
    assert!(dir.rewrite("x", key).unwrap());
    assert_eq!(
        fs::read_to_string(dir.file("x")).unwrap(),
        "{\"a\":1}\n{\"a\": 3}\n"
    );
    assert!(!dir.rewrite("x", key).unwrap());
}

#[test]
fn labels_of_version_1_are_read() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Row {
        judge: Option<f64>,
    }
    let (_parent, dir) = dir();
    let path = dir.file(files::RECORDS);
    fs::write(
        &path,
        "{\"judge\":true}\n{\"judge\":false}\n{\"judge\":null}\n",
    )
    .unwrap();
    let mut found = Vec::new();
    dir.records(|row: Row| found.push(row.judge)).unwrap();
    assert_eq!(found, [Some(1.0), Some(0.0), None]);
    fs::write(&path, "{\"judge\":\"yes\"}\n").unwrap();
    let error = dir.records(|_: Row| ()).unwrap_err().to_string();
    assert!(error.contains("invalid type"), "{error}");
}

#[test]
fn newer_files_are_refused() {
    let (_parent, dir) = dir();
    dir.write_json("m", &json!({"schema_version": SCHEMA_VERSION + 1}))
        .unwrap();
    assert!(matches!(
        dir.read_json::<Value>("m"),
        Err(RunDirError::Newer { .. })
    ));
}
