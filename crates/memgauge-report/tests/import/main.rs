//! Files of other tools as runs: every format, what is matched how, what is refused.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests fail by panicking and say on standard error which real data they used"
)]

mod formats;
mod hostile;
mod matching;
mod real_data;

use std::path::{Path, PathBuf};

use memgauge_core::QuestionId;
use memgauge_dataset::{Dataset, locomo};
use memgauge_report::Machine;
use memgauge_report::import::{
    ImportError, ImportOptions, ImportRow, ImportedRun, Join, RowStatus, Source, arrange, format,
    import, name,
};
use memgauge_report::record::QuestionRecord;
use serde_json::Value;

/// The three conversations that come with memgauge.
pub fn sample() -> Dataset {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/sample/sample.json");
    locomo::load(&path).expect("the sample")
}

/// What a user asks for.
pub struct Asked<'a> {
    /// Name of the format.
    pub from: Option<&'a str>,
    /// Roles and columns.
    pub columns: &'a [(&'a str, &'a str)],
    /// Whether files make one run.
    pub join: Join,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self {
            from: None,
            columns: &[],
            join: Join::Auto,
        }
    }
}

/// Imports files in one folder that stays as long as its guard.
pub fn import_files(
    files: &[PathBuf],
    dataset: &Dataset,
    asked: &Asked<'_>,
    out: &Path,
) -> Result<Vec<ImportedRun>, ImportError> {
    let given = asked.from.map(format).transpose()?;
    let columns: Vec<(String, String)> = asked
        .columns
        .iter()
        .map(|(role, column)| ((*role).to_owned(), (*column).to_owned()))
        .collect();
    let sources: Vec<Source> = files
        .iter()
        .map(|path| Source::read(path, given, &columns))
        .collect::<Result<_, _>>()?;
    let groups = arrange(sources, asked.join, dataset)?;
    groups
        .iter()
        .map(|group| {
            let options = ImportOptions {
                name: name(group),
                answer_model: None,
                judge_model: None,
                judge_prompt: None,
                tokenizers: None,
                argv: Vec::new(),
                started: "2026-01-02T03:04:05Z".to_owned(),
                tool: "test".to_owned(),
                revision: None,
                machine: Machine {
                    platform: "test".to_owned(),
                    cpu: None,
                    cores: 1,
                    memory_mib: None,
                    build: "test".to_owned(),
                },
            };
            import(group, dataset, out, &options)
        })
        .collect()
}

/// An imported run with the folder that it is in.
pub struct One {
    _folder: tempfile::TempDir,
    /// The run.
    pub run: ImportedRun,
}

impl One {
    /// The record of a question.
    pub fn record(&self, id: &str) -> QuestionRecord {
        self.records(id).into_iter().next().expect("a record")
    }

    /// All records of a question.
    pub fn records(&self, id: &str) -> Vec<QuestionRecord> {
        let id: QuestionId = id.parse().expect("an id");
        let found = self.run.dir.find(|record| record.question == id);
        found.expect("records")
    }

    /// Rows with a status.
    pub fn rows(&self, status: RowStatus) -> Vec<&ImportRow> {
        let rows = self.run.rows.iter();
        rows.filter(|row| row.status == status).collect()
    }

    /// Labels of a question's judge.
    pub fn labels(&self, id: &str) -> Vec<Option<bool>> {
        let record = self.record(id);
        record.judgements.iter().map(|one| one.label).collect()
    }
}

/// Imports one text as a file `NAME` in a folder of its own.
pub fn one_of(
    name: &str,
    text: &str,
    dataset: &Dataset,
    asked: &Asked<'_>,
) -> Result<One, ImportError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    let runs = import_files(&[path], dataset, asked, &folder.path().join("runs"))?;
    let run = runs.into_iter().next().expect("a run");
    Ok(One {
        _folder: folder,
        run,
    })
}

/// Imports one JSON value.
pub fn one(value: &Value, dataset: &Dataset) -> One {
    one_of("file.json", &value.to_string(), dataset, &Asked::default())
        .unwrap_or_else(|error| panic!("{error}"))
}
