//! The parts of one experiment, run on many machines, joined to one run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use memgauge_core::ConversationId;
use memgauge_report::record::IngestRow;
use memgauge_report::statistics::Bootstrap;
use memgauge_report::summary::Summary;
use memgauge_report::{Manifest, MergedShard, Order, RunDir, files, publish, run_name};

use crate::error::ExperimentError;

/// Files that are joined line by line.
const JOINED: [&str; 6] = [
    files::RECORDS,
    files::INGEST,
    files::CONTEXTS,
    files::TIMINGS,
    files::CALLS,
    files::PAID,
];

/// Joins finished parts into a new run directory in the folder `out`: its records, journal and contexts are those of
/// a run that was never split, byte for byte.
///
/// # Errors
/// When a part is missing, given twice, unfinished or of another experiment, parts contradict each
/// other, or files cannot be read or written. Nothing is left in `out` then.
pub fn merge(parts: &[PathBuf], out: &Path) -> Result<(RunDir, Summary), ExperimentError> {
    let mut dirs = Vec::new();
    for path in parts {
        let dir = RunDir::open(path).map_err(ExperimentError::RunDir)?;
        let manifest = dir.manifest().map_err(ExperimentError::RunDir)?;
        dirs.push((dir, manifest));
    }
    dirs.sort_by_key(|(_, manifest)| manifest.shard.map(|shard| shard.index));
    let manifest = agreed(&dirs)?;
    let name = run_name(&manifest.started, &manifest.name, &manifest.digest) + "-merged";
    let draft = RunDir::draft(out.join(name)).map_err(ExperimentError::RunDir)?;
    match join(&dirs, draft.dir(), &manifest) {
        Ok(summary) => Ok((draft.place().map_err(ExperimentError::RunDir)?, summary)),
        Err(error) => {
            // What is left of a merge that failed is of no use to anybody.
            draft.discard();
            Err(error)
        }
    }
}

/// The manifest of the whole, where all parts agree and none is missing.
fn agreed(dirs: &[(RunDir, Manifest)]) -> Result<Manifest, ExperimentError> {
    let refuse = |message: String| Err(ExperimentError::Resume(message));
    let Some((first, whole)) = dirs.first() else {
        return refuse("give the run directories of all parts".to_owned());
    };
    let mut have = BTreeMap::new();
    for (dir, manifest) in dirs {
        let path = dir.path().display();
        let Some(shard) = manifest.shard else {
            return refuse(format!(
                "{path}: not a part of a run: it was begun without --shard"
            ));
        };
        let differs = differences(whole, manifest);
        if !differs.is_empty() {
            return refuse(format!(
                "{path}: not a part of the same run as {}: {}",
                first.path().display(),
                differs.join("; ")
            ));
        }
        if let Some(other) = have.insert(shard.index, dir.path().to_owned()) {
            return refuse(format!(
                "{path}: part {}/{} is there already: {}",
                shard.index,
                shard.of,
                other.display()
            ));
        }
        if !dir.file(files::SUMMARY).is_file() {
            return refuse(format!(
                "{path}: not finished; go on with: memgauge run --resume {path}"
            ));
        }
    }
    let of = whole.shard.map_or(0, |shard| shard.of);
    let missing: Vec<String> = (1..=of)
        .filter(|index| !have.contains_key(index))
        .map(|index| format!("{index}/{of}"))
        .collect();
    if !missing.is_empty() {
        return refuse(format!("missing parts: {}", missing.join(", ")));
    }
    let merged = dirs
        .iter()
        .filter_map(|(dir, manifest)| {
            Some(MergedShard {
                index: manifest.shard?.index,
                directory: dir.path().file_name()?.to_string_lossy().into_owned(),
                started: manifest.started.clone(),
                machine: manifest.machine.clone(),
                argv: manifest.argv.clone(),
            })
        })
        .collect();
    type Names = BTreeMap<String, BTreeSet<String>>;
    let all = |part: fn(&Manifest) -> &Names| {
        let mut all = Names::new();
        for (name, names) in dirs.iter().flat_map(|(_, manifest)| part(manifest)) {
            let known = all.entry(name.clone()).or_default();
            known.extend(names.iter().cloned());
        }
        all
    };
    let started = dirs.iter().map(|(_, manifest)| &manifest.started).min();
    Ok(Manifest {
        shard: None,
        merged,
        served_by: all(|manifest| &manifest.served_by),
        resent: dirs.iter().map(|(_, manifest)| manifest.resent).sum(),
        systems: all(|manifest| &manifest.systems),
        started: started.unwrap_or(&whole.started).clone(),
        ..whole.clone()
    })
}

/// What makes two manifests different experiments, or results that cannot stand in one table.
fn differences(a: &Manifest, b: &Manifest) -> Vec<String> {
    let mut differs = Vec::new();
    let mut check = |is_same: bool, what: &str| {
        if !is_same {
            differs.push(format!("{what} differs"));
        }
    };
    check(
        a.schema_version == b.schema_version,
        "the version of the files",
    );
    check(a.tool == b.tool, "the version of memgauge");
    check(a.revision == b.revision, "the revision of memgauge");
    check(
        a.dataset.content == b.dataset.content,
        "the dataset's content",
    );
    check(a.config == b.config, "the config");
    check(a.prompts == b.prompts, "a prompt");
    check(a.models == b.models, "a model");
    // A part may lack a variant.
    let same_version =
        |(variant, versions)| b.systems.get(variant).is_none_or(|other| versions == other);
    check(
        a.systems.iter().all(same_version),
        "the version of a system from outside",
    );
    check(a.prices_date == b.prices_date, "the price table");
    check(
        a.traffic.as_ref().map(|traffic| &traffic.mode)
            == b.traffic.as_ref().map(|traffic| &traffic.mode),
        "the traffic",
    );
    check(
        a.shard.map(|shard| shard.of) == b.shard.map(|shard| shard.of),
        "the number of parts",
    );
    // All that is above is part of it, and what is not is told apart here.
    if differs.is_empty() && a.digest != b.digest {
        differs.push("the digest of the experiment differs".to_owned());
    }
    differs
}

fn join(
    dirs: &[(RunDir, Manifest)],
    out: &RunDir,
    manifest: &Manifest,
) -> Result<Summary, ExperimentError> {
    let failed = |path: &std::path::Path, error: std::io::Error| {
        ExperimentError::Stopped(format!("{}: {error}", path.display()))
    };
    out.write_json(files::MANIFEST, manifest)
        .map_err(super::run::stopped)?;
    for name in JOINED {
        if dirs.iter().all(|(dir, _)| !dir.file(name).exists()) {
            continue;
        }
        let path = out.file(name);
        let mut target = std::fs::File::create(&path).map_err(|error| failed(&path, error))?;
        for (dir, _) in dirs {
            let from = dir.file(name);
            match std::fs::File::open(&from) {
                Ok(mut source) => std::io::copy(&mut source, &mut target)
                    .map(drop)
                    .map_err(|error| failed(&from, error))?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(&from, error)),
            }
        }
    }
    drop_double_journals(out)?;
    let order = Order::new(
        manifest.variants.iter().map(|variant| variant.name.clone()),
        manifest.dataset.order.iter().cloned(),
    );
    order.arrange(out).map_err(super::run::stopped)?;
    let bootstrap = Bootstrap {
        seed: manifest.seed,
        ..Bootstrap::default()
    };
    publish(out, manifest, bootstrap).map_err(ExperimentError::Summary)
}

/// An ingestion that several parts needed stands in each of their journals: it is kept once.
fn drop_double_journals(out: &RunDir) -> Result<(), ExperimentError> {
    let mut seen: BTreeMap<(String, ConversationId, u32, u32), [u8; 32]> = BTreeMap::new();
    let mut contradiction = None;
    let mut line = 0_u64;
    let rewritten = out.rewrite(files::INGEST, |row: IngestRow| {
        line += 1;
        let digest = crate::digest::bytes(&row);
        let key = (row.variant, row.conversation, row.repeat, row.seq);
        match seen.get(&key) {
            None => {
                seen.insert(key, digest);
                Some(line)
            }
            Some(first) => {
                if *first != digest {
                    contradiction.get_or_insert(key);
                }
                None
            }
        }
    });
    rewritten.map_err(super::run::stopped)?;
    match contradiction {
        None => Ok(()),
        Some((variant, conversation, _, seq)) => Err(ExperimentError::Resume(format!(
            "the parts contradict each other: row {seq} of `{variant}`'s ingestion of `{conversation}` is not the same in \
             all (a model that answers differently each time? share one cache, or record and replay)"
        ))),
    }
}
