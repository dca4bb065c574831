//! Whether the parts of a config can be built.

use std::collections::BTreeSet;
use std::path::Path;

use memgauge_core::BuildError;

use crate::assemble::{Assembly, Supplies};
use crate::config::{Choices, ConfigFile, table_of};
use crate::error::{ConfigProblem, ExperimentError};

impl Assembly {
    /// An assembly with models, prompts and folders as `file` says.
    pub(crate) fn of(file: &ConfigFile, supplies: Supplies) -> Self {
        let supplies = Supplies {
            prompts: file.prompts_path().or(supplies.prompts),
            base: file.base(),
            ..supplies
        };
        Self::new(&file.config.models, supplies)
    }
}

impl ConfigFile {
    /// As [`Self::load_with`], and builds every part, in a folder that does not stay: a model that is not there or a
    /// senseless value is told together with all else that is wrong.
    ///
    /// # Errors
    /// When the file cannot be read, with every mistake in it, or when there is no folder for temporary files.
    pub fn load_whole(
        path: &Path,
        choices: &Choices,
        supplies: Supplies,
    ) -> Result<Self, ExperimentError> {
        let (file, mut problems) = Self::examine(path, &Self::read(path)?, choices)?;
        let Some(file) = file else {
            return Err(ExperimentError::Config(problems));
        };
        let touched: BTreeSet<&str> = problems.iter().map(|each| table_of(&each.path)).collect();
        let assembly = Assembly::of(&file, supplies);
        let found = unbuilt(&file, &assembly, &|table| !touched.contains(table))?;
        problems.extend(found);
        match problems.is_empty() {
            true => Ok(file),
            false => Err(ExperimentError::Config(problems)),
        }
    }
}

/// Builds every part once, in a folder that does not stay, and tells which cannot be built. `wanted` says of which
/// tables (`variant[0]`, `answerer`, `judge`).
pub(crate) fn unbuilt(
    file: &ConfigFile,
    assembly: &Assembly,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Vec<ConfigProblem>, ExperimentError> {
    let scratch = tempfile::tempdir().map_err(|source| ExperimentError::Read {
        path: std::env::temp_dir(),
        source,
    })?;
    let config = &file.config;
    let mut problems: Vec<ConfigProblem> = Vec::new();
    let mut tell = |path: &str, result: Result<(), BuildError>| {
        if let Err(error) = result {
            let problem = file.part_problem(path, &error);
            // Cells of a sweep may share a mistake.
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    };
    for (index, variant) in config.variant.iter().enumerate() {
        let table = format!("variant[{index}]");
        if !wanted(&table) {
            continue;
        }
        let folder = scratch.path().join(index.to_string());
        let system = std::fs::create_dir_all(&folder)
            .map_err(BuildError::new)
            .and_then(|()| assembly.system(&variant.system, &folder, &variant.models));
        tell(&format!("{table}.system"), system.map(drop));
        let parts = assembly.parts_of(&variant.models);
        // The experiment's answerer may find other models here.
        let (answerer, path) = match &variant.answerer {
            Some(answerer) => (answerer, format!("{table}.answerer")),
            None => (&config.answerer, "answerer".to_owned()),
        };
        if wanted(table_of(&path)) {
            tell(&path, answerer.build(&parts).map(drop));
        }
    }
    if wanted("answerer") {
        tell(
            "answerer",
            config.answerer.build(&assembly.parts()).map(drop),
        );
    }
    if wanted("judge") {
        tell("judge", config.judge.build(&assembly.parts()).map(drop));
    }
    Ok(problems)
}
