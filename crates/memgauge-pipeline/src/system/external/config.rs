//! Keys of the system `external`, and the program that they name.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use memgauge_core::{Build, BuildError, MemorySystem, Parts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::External;
use super::child::{Program, find};
use crate::context::TimeFormat;

/// Where programs are looked for when PATH is not set.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// A value of the environment shorter than this is a setting and no secret.
const SHORTEST_SECRET: usize = 4;

/// A system from outside: a child process that speaks JSON lines on its standard input and output
/// (docs/EXTERNAL.md), one per memory. What it takes is measured here, around every request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ExternalConfig {
    /// Program and arguments, such as `["python3", "overlap.py"]`. It runs in the folder of the config
    /// file, from which relative paths start; a program without `/` is looked for in PATH.
    pub command: Vec<String>,
    /// Names of environment variables that it is given beside PATH, where they are set: keys of
    /// providers, say. It sees no others.
    pub env: Vec<String>,
    /// How many memories enter the context, and how many it is asked for.
    #[schemars(range(min = 1, max = 200))]
    pub k: usize,
    /// How the time of a memory is written before its text, where the system does not write the
    /// context itself.
    pub time: TimeFormat,
    /// Seconds until a request must be answered, by the kind of the request.
    pub timeout_seconds: TimeoutConfig,
    /// How often a process that crashed, hung or broke the protocol is started again. It is then told
    /// anew what it had been told. The question that it failed at has a failed outcome all the same; a
    /// session is handed over again.
    pub restarts: u32,
}

impl Default for ExternalConfig {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            env: Vec::new(),
            k: 30,
            time: TimeFormat::Spoken,
            timeout_seconds: TimeoutConfig::default(),
            restarts: 1,
        }
    }
}

/// Seconds until a request must be answered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct TimeoutConfig {
    /// Of `describe`, from the start of the process, and of `reset`.
    #[schemars(range(min = 0))]
    pub start: f64,
    /// Of a session.
    #[schemars(range(min = 0))]
    pub ingest: f64,
    /// Of `flush`.
    #[schemars(range(min = 0))]
    pub flush: f64,
    /// Of `recall`.
    #[schemars(range(min = 0))]
    pub recall: f64,
    /// Of `answer`.
    #[schemars(range(min = 0))]
    pub answer: f64,
}

impl Default for TimeoutConfig {
    fn default() -> Self {
        Self {
            start: 60.0,
            ingest: 300.0,
            flush: 300.0,
            recall: 30.0,
            answer: 120.0,
        }
    }
}

/// The timeouts as times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) start: Duration,
    pub(super) ingest: Duration,
    pub(super) flush: Duration,
    pub(super) recall: Duration,
    pub(super) answer: Duration,
}

impl TimeoutConfig {
    fn limits(&self) -> Result<Limits, BuildError> {
        const DAY: f64 = 86_400.0;
        let limit = |key: &str, seconds: f64| {
            if seconds.is_finite() && seconds > 0.0 && seconds <= DAY {
                return Ok(Duration::from_secs_f64(seconds));
            }
            Err(BuildError::at(
                format!("timeout-seconds.{key}"),
                format!("must be more than 0 and at most {DAY} seconds"),
            ))
        };
        Ok(Limits {
            start: limit("start", self.start)?,
            ingest: limit("ingest", self.ingest)?,
            flush: limit("flush", self.flush)?,
            recall: limit("recall", self.recall)?,
            answer: limit("answer", self.answer)?,
        })
    }
}

impl Build<Box<dyn MemorySystem>> for ExternalConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn MemorySystem>, BuildError> {
        if self.k == 0 {
            return Err(BuildError::at("k", "must be at least 1, found 0"));
        }
        let limits = self.timeout_seconds.limits()?;
        let whole = |path: &Path| -> Result<PathBuf, BuildError> {
            // The empty path, which means the current folder, is no path that can be made whole.
            let path = if path.as_os_str().is_empty() {
                Path::new(".")
            } else {
                path
            };
            std::path::absolute(path).map_err(BuildError::new)
        };
        let Some((name, arguments)) = self.command.split_first() else {
            return Err(BuildError::at(
                "command",
                "names no program; write, for instance, command = [\"python3\", \"system.py\"]",
            ));
        };
        // It is emptied at every start: never a folder that somebody else made.
        let folder = whole(parts.folder())?.join(super::KIND);
        let base = whole(parts.base())?;
        let search = parts
            .secret("PATH")
            .unwrap_or_else(|| DEFAULT_PATH.to_owned());
        let path = find(name, &base, &search).ok_or_else(|| {
            let place = if name.contains(std::path::is_separator) {
                format!("there is no such program in {}", base.display())
            } else {
                "there is no such program in any folder of PATH".to_owned()
            };
            BuildError::at("command", format!("`{name}`: {place}"))
        })?;
        let mut environment = vec![("PATH".to_owned(), search)];
        let mut secrets = Vec::new();
        for name in self.env.iter().filter(|name| *name != "PATH") {
            if name.is_empty() || name.contains(['=', '\0']) {
                let message = format!("`{name}` is no name of an environment variable");
                return Err(BuildError::at("env", message));
            }
            if let Some(value) = parts.secret(name) {
                if value.len() >= SHORTEST_SECRET {
                    secrets.push(value.clone());
                }
                environment.push((name.clone(), value));
            }
        }
        // The longest first: one may hold another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let program = Program {
            path,
            arguments: arguments.to_vec(),
            base,
            environment,
            secrets,
        };
        Ok(Box::new(External::new(
            Arc::new(program),
            folder,
            self,
            limits,
        )))
    }
}
