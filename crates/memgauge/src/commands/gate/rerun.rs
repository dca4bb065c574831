//! The current experiment once more.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use memgauge_experiment::{ConfigFile, Plan, RunOptions, RunReport, Runner, Stop, Supplies};
use memgauge_model::Exchange;
use memgauge_report::record::CallRow;
use memgauge_report::{Manifest, RunDir, files};

use crate::{exit, places};

/// Mode of a run whose replies all come from a cassette.
const REPLAY: &str = "replay";

/// What can be done where it costs something.
const ANYWAY: &str =
    "--confirm always runs it again, --second-run DIR takes a run that was made for itself";

/// Why the experiment is not run again; `None` where it is. `paid`: also where that may cost something.
pub(super) fn reason_against(
    run: &RunDir,
    manifest: &Manifest,
    paid: bool,
) -> anyhow::Result<Option<String>> {
    if manifest.imported.is_some() {
        let why = "imported answers cannot be made again; --second-run DIR takes another import";
        return Ok(Some(why.to_owned()));
    }
    if paid {
        return Ok(None);
    }
    let is_external = |variant: &memgauge_report::VariantManifest| variant.system == "external";
    if manifest.variants.iter().any(is_external) {
        let why = format!("what a system from outside would cost is not known; {ANYWAY}");
        return Ok(Some(why));
    }
    if cassette(manifest).is_some() {
        return Ok(None);
    }
    let mut calls = 0_usize;
    run.calls(|_: CallRow| calls += 1)?;
    if calls > 0 {
        let why = format!("{calls} calls of models would be made again; {ANYWAY}");
        return Ok(Some(why));
    }
    Ok(None)
}

/// The cassette of a run that was replayed.
fn cassette(manifest: &Manifest) -> Option<PathBuf> {
    let traffic = manifest.traffic.as_ref()?;
    let cassette = PathBuf::from(traffic.cassette.as_ref()?);
    (traffic.mode == REPLAY && cassette.is_file()).then_some(cassette)
}

/// Config, dataset and plan of a run, as it was begun.
pub(super) fn planned(
    run: &RunDir,
    manifest: &Manifest,
) -> anyhow::Result<(ConfigFile, memgauge_dataset::Dataset, Plan)> {
    let path = run.file(files::MANIFEST);
    let mut file = ConfigFile::from_manifest(&path, &manifest.config, &[])?;
    file.config.prompts = manifest.prompts_path.clone().map(PathBuf::from);
    file.base = manifest.base.clone().map(PathBuf::from);
    let recorded = PathBuf::from(&manifest.dataset.path);
    let explicit = recorded.is_file().then_some(recorded);
    let dataset = places::dataset_of(&file, explicit)?;
    if dataset.fingerprint.content != manifest.dataset.content {
        return Err(exit::user(format!(
            "{}: its dataset was {}, which is not there any more",
            run.path().display(),
            manifest.dataset.path
        )));
    }
    let plan = Plan::new(&file, &dataset)?;
    Ok((file, dataset, plan))
}

/// Runs the experiment of `run` again, into a folder in `out`.
pub(super) async fn run(run: &RunDir, manifest: &Manifest, out: &Path) -> anyhow::Result<RunDir> {
    let (file, dataset, plan) = planned(run, manifest)?;
    let exchange = match cassette(manifest) {
        Some(cassette) => {
            Exchange::replay(&cassette).map_err(|error| exit::user(error.to_string()))?
        }
        None => Exchange::live(),
    };
    let options = RunOptions {
        out: out.to_owned(),
        started: jiff::Timestamp::now().to_string(),
        supplies: Supplies {
            exchange: Arc::new(exchange),
            ..places::supplies()
        },
        ..RunOptions::default()
    };
    let runner = Runner::new(file, dataset, plan, options)?;
    match runner.run(Arc::new(()), Stop::default()).await? {
        RunReport::Finished { dir, .. } => Ok(dir),
        RunReport::Interrupted { dir } | RunReport::Limited { dir, .. } => {
            let dir = dir.path().display();
            Err(anyhow::anyhow!("{dir}: the second run did not finish"))
        }
    }
}

/// Whether two runs have the same records, in words.
pub(super) fn agreement(first: &RunDir, second: &RunDir) -> anyhow::Result<&'static str> {
    let bytes = |run: &RunDir| std::fs::read(run.file(files::RECORDS));
    Ok(match bytes(first)? == bytes(second)? {
        true => "its records are the same to the byte",
        false => "its records differ from the first run's",
    })
}
