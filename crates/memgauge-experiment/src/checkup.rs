//! Whether the models of a config can be used.

use std::collections::BTreeSet;

use memgauge_model::{Probe, probe};

use crate::assemble::{Assembly, Supplies};
use crate::config::ConfigFile;
use crate::error::{ConfigProblem, ExperimentError};
use crate::parts::unbuilt;

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
    let config = &file.config;
    let assembly = Assembly::of(file, supplies);
    // Models that no block names are known once the parts that use them are built.
    let problems = unbuilt(file, &assembly, &|_| true)?;
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
