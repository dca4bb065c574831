//! How long own work took in earlier runs.

use std::collections::BTreeMap;
use std::path::Path;

use memgauge_report::summary::Latency;
use memgauge_report::{RunDir, Summary, files};

/// Milliseconds of one unit of work, as earlier runs measured them.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// Sessions, by what shapes the memory.
    pub(super) session: BTreeMap<String, Vec<f64>>,
    /// Searches, by variant.
    pub(super) search: BTreeMap<String, Vec<f64>>,
    /// Answers, by variant.
    pub(super) answer: BTreeMap<String, Vec<f64>>,
}

/// Reads the finished runs in `folder`. What cannot be read is left out: it is nobody's result.
pub(super) fn read(folder: Option<&Path>) -> Measured {
    let mut measured = Measured::default();
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let mut paths: Vec<_> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join(files::SUMMARY).is_file())
        .collect();
    paths.sort_unstable();
    for path in paths {
        let Ok(dir) = RunDir::open(path) else {
            continue;
        };
        let read = dir
            .manifest()
            .ok()
            .zip(dir.read_json::<Summary>(files::SUMMARY).ok());
        let Some((manifest, summary)) = read else {
            continue;
        };
        for (known, told) in manifest.variants.iter().zip(&summary.variants) {
            let note = |into: &mut BTreeMap<String, Vec<f64>>,
                        key: &str,
                        parts: &[Option<Latency>]| {
                let Some(n) = parts.iter().flatten().map(|one| one.n + one.warm_up).max() else {
                    return;
                };
                let all: f64 = parts.iter().flatten().map(|one| one.total_ms).sum();
                if n > 0 && !key.is_empty() {
                    into.entry(key.to_owned()).or_default().push(all / n as f64);
                }
            };
            if known.ingested_as.is_none() {
                note(
                    &mut measured.session,
                    &known.upstream,
                    &[told.ingest, told.flush],
                );
            }
            note(&mut measured.search, &known.digest, &[told.search]);
            note(&mut measured.answer, &known.digest, &[told.answer]);
        }
    }
    measured
}
