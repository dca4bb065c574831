//! Where things are on this machine: the environment, the current directory, the user's cache.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use etcetera::BaseStrategy;
use memgauge_dataset::{Dataset, DatasetError, SAMPLE, SearchPlaces, locomo, resolve};
use memgauge_experiment::config::DatasetKind;
use memgauge_experiment::{ConfigFile, ExperimentConfig, Supplies};

use crate::output;

/// The user's cache folder for memgauge; `None` where the user has no home.
pub(crate) fn cache() -> Option<PathBuf> {
    etcetera::choose_base_strategy()
        .ok()
        .map(|strategy| strategy.cache_dir().join("memgauge"))
}

/// What an assembly works with: secrets come from the environment.
pub(crate) fn supplies() -> Supplies {
    Supplies {
        secrets: Arc::new(|name| std::env::var(name).ok().filter(|value| !value.is_empty())),
        ..Supplies::default()
    }
}

/// The nearest folder with `datasets/` in it, from `start` or the current directory upwards.
fn project(start: Option<&Path>) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let starts = start.map(|start| here.join(start)).into_iter();
    starts.chain([here.clone()]).find_map(|start| {
        start
            .ancestors()
            .find(|folder| folder.join("datasets").is_dir())
            .map(Path::to_owned)
    })
}

/// Where datasets are looked for; `near` is a file whose project comes first.
pub(crate) fn search(explicit: Option<PathBuf>, near: Option<&Path>) -> SearchPlaces {
    SearchPlaces {
        explicit,
        data_folder: std::env::var_os("MEMGAUGE_DATA")
            .filter(|value| !value.is_empty())
            .map(PathBuf::from),
        project: project(near),
        cache: cache(),
    }
}

/// The file of a dataset; the sample is put into the user's cache where it is in no other place.
fn find(name: &str, places: &SearchPlaces) -> anyhow::Result<PathBuf> {
    match (resolve(name, places), sample()) {
        (Err(DatasetError::NotFound { .. }), Some(path))
            if name == "sample" && places.explicit.is_none() =>
        {
            put_sample(&path)?;
            Ok(path)
        }
        (found, _) => Ok(found?),
    }
}

/// Where the sample is in the user's cache.
pub(crate) fn sample() -> Option<PathBuf> {
    Some(cache()?.join("datasets/sample/sample.json"))
}

/// Writes the sample that memgauge carries.
pub(crate) fn put_sample(path: &Path) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    // Whole or not at all: another process may look for it now.
    let part = path.with_extension(format!("{}.part", std::process::id()));
    std::fs::write(&part, SAMPLE)
        .and_then(|()| std::fs::rename(&part, path))
        .with_context(|| path.display().to_string())
}

/// A dataset by its name, or a file.
pub(crate) fn dataset(name: &str) -> anyhow::Result<Dataset> {
    // A folder of the name in the working directory does not hide the dataset.
    let is_path =
        Path::new(name).is_file() || name.contains(['/', '\\']) || name.ends_with(".json");
    let explicit = is_path.then(|| PathBuf::from(name));
    let path = find(name, &search(explicit, None))?;
    Ok(locomo::load(&path)?)
}

/// The dataset of an experiment; `explicit` is the command line's.
pub(crate) fn dataset_of(file: &ConfigFile, explicit: Option<PathBuf>) -> anyhow::Result<Dataset> {
    let config: &ExperimentConfig = &file.config;
    let explicit = explicit.or_else(|| match config.dataset.kind {
        DatasetKind::File => file.dataset_path(),
        DatasetKind::Locomo | DatasetKind::Sample => None,
    });
    let places = search(explicit, Some(&file.path));
    let path = find(config.dataset.kind.name(), &places)
        .with_context(|| format!("dataset of {}", file.path.display()))?;
    let dataset = locomo::load(&path)?;
    if config.dataset.kind == DatasetKind::Locomo && dataset.known().is_none() {
        output::note(&format!(
            "warning: {} is not the published LOCOMO (its content differs): the results compare with nobody's",
            path.display()
        ));
    }
    Ok(dataset)
}
