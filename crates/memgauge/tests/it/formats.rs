//! Every way in which results are written.

use crate::{end, memgauge, only_run};

#[test]
fn a_run_is_shown_in_every_format_and_exported() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("runs");
    let mut command = memgauge();
    command.args(["run", "experiments/quickstart.toml", "--quiet"]);
    command.args([
        "--conversations",
        "sample-1",
        "--limit",
        "3",
        "--format",
        "csv",
    ]);
    let ended = end(command.arg("--out").arg(&out));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let mut lines = ended.stdout.lines();
    assert_eq!(
        lines.next(),
        Some("system,control,metric,slice,n,value,low,high,names")
    );
    let is_score = |line: &&str| line.starts_with("turns-hybrid,false,f1.locomo,1-4,3,");
    assert_eq!(ended.stdout.lines().filter(is_score).count(), 1);
    assert!(lines.all(|line| line.ends_with(",official") && line.split(',').count() == 9));

    let run = only_run(&out);
    let shown = |format: &str| {
        let ended = end(memgauge().arg("show").arg(&run).args(["--format", format]));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended.stdout
    };
    assert_eq!(shown("csv"), ended.stdout);
    let latex = shown("latex");
    let count = |text: &str| latex.matches(text).count();
    assert_eq!(count("\\begin{tabular}"), count("\\bottomrule"));
    assert!(count("\\begin{tabular}") >= 4, "{latex}");
    assert!(latex.contains("$\\Delta$ full-context [95 \\%]"), "{latex}");
    // Prose is in comments: the tables can be taken into a paper as they are.
    let is_prose = |line: &str| !line.starts_with(['%', '\\', ' ']) && !line.is_empty();
    assert!(!latex.lines().any(is_prose), "{latex}");
    assert!(shown("markdown").starts_with("# quickstart"));
    assert!(shown("json").starts_with('{'));

    let tables = folder.path().join("tables");
    let mut command = memgauge();
    command.arg("export").arg(&run).arg("--out").arg(&tables);
    let ended = end(&mut command);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for name in ["records", "ingest", "timings", "calls"] {
        let file = tables.join(format!("{name}.parquet"));
        let bytes = std::fs::read(&file).expect("a table");
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
        let told = format!("{} (", file.display());
        assert!(ended.stdout.contains(&told), "{}", ended.stdout);
        let rows: usize = (ended.stdout.split(&told).nth(1))
            .and_then(|rest| rest.split(' ').next()?.parse().ok())
            .expect("a number of rows");
        assert_eq!(rows, lines_of(&run, name), "{name}");
    }
}

fn lines_of(run: &std::path::Path, name: &str) -> usize {
    let text = std::fs::read_to_string(run.join(format!("{name}.jsonl"))).expect("rows");
    text.lines().count()
}
