//! Whether the models of a config can be used.

use std::collections::BTreeSet;

use memgauge_core::BuildError;
use memgauge_model::{Probe, probe};

use crate::assemble::{Assembly, Supplies};
use crate::config::ConfigFile;
use crate::error::{ConfigProblem, ExperimentError};

/// What was found about one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkup {
    /// Name in the config.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// What shapes its output; `None` where it cannot be built.
    pub id: Option<String>,
    /// Environment variable that it needs and that is not set.
    pub missing_secret: Option<String>,
    /// What it did; `None` where it was not asked.
    pub probe: Option<Probe>,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// Asks every model that the config names or uses for a word. The parts that cannot be built are
/// reported beside them.
///
/// # Errors
/// When there is no folder for temporary files.
pub async fn check_up(
    file: &ConfigFile,
    supplies: Supplies,
) -> Result<(Vec<Checkup>, Vec<ConfigProblem>), ExperimentError> {
    let supplies = Supplies {
        prompts: file.prompts_path().or(supplies.prompts),
        base: file.base(),
        ..supplies
    };
    let config = &file.config;
    let assembly = Assembly::new(&config.models, supplies);
    let scratch = tempfile::tempdir().map_err(|source| ExperimentError::Read {
        path: std::env::temp_dir(),
        source,
    })?;
    // Models that no block names are known once the parts that use them are built.
    let mut problems = Vec::new();
    let answerer = config.answerer.build(&assembly.parts()).map(drop);
    problems.extend(answerer.err().map(|e| file.part_problem("answerer", &e)));
    let judge = config.judge.build(&assembly.parts()).map(drop);
    problems.extend(judge.err().map(|e| file.part_problem("judge", &e)));
    for (index, variant) in config.variant.iter().enumerate() {
        let folder = scratch.path().join(index.to_string());
        let system = std::fs::create_dir_all(&folder)
            .map_err(BuildError::new)
            .and_then(|()| assembly.system(&variant.system, &folder, &variant.models));
        let path = format!("variant[{index}].system");
        problems.extend(system.err().map(|e| file.part_problem(&path, &e)));
        if let Some(answerer) = &variant.answerer {
            let built = answerer
                .build(&assembly.parts_of(&variant.models))
                .map(drop);
            let path = format!("variant[{index}].answerer");
            problems.extend(built.err().map(|e| file.part_problem(&path, &e)));
        }
    }
    let names: BTreeSet<String> = config
        .models
        .keys()
        .cloned()
        .chain(assembly.loaded().into_keys())
        .collect();
    let mut found = Vec::new();
    for name in names {
        found.push(one(&assembly, name).await);
    }
    Ok((found, problems))
}

async fn one(assembly: &Assembly, name: String) -> Checkup {
    let mut checkup = Checkup {
        kind: assembly.config(&name).map_or("?", |config| config.kind()),
        id: None,
        missing_secret: assembly.missing_secret(&name),
        probe: None,
        problem: None,
        name,
    };
    let model = match assembly.model(&checkup.name) {
        Ok(model) => model,
        Err(error) => {
            checkup.problem = Some(match error.key {
                Some(key) => format!("{key}: {}", error.message),
                None => error.message,
            });
            return checkup;
        }
    };
    checkup.id = Some(model.id().to_owned());
    if let Some(variable) = &checkup.missing_secret {
        checkup.problem = Some(format!("{variable} is not set"));
        return checkup;
    }
    let probe = probe(&model).await;
    checkup.problem.clone_from(&probe.problem);
    checkup.probe = Some(probe);
    checkup
}
