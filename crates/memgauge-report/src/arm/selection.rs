//! What names arms on a command line: `DIR` or `DIR:VARIANT`.

use std::path::{Path, PathBuf};

use memgauge_core::config::unknown;

use crate::rundir::{RunDir, RunDirError, files};

/// A run directory, or one of its variants: `DIR` or `DIR:VARIANT`. Names of variants hold no colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// As it was written.
    pub text: String,
    /// The run directory.
    pub dir: PathBuf,
    /// The variant; `None` = all of them.
    pub variant: Option<String>,
}

/// What was written names no arm.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] RunDirError),
    /// The run has no such variant.
    #[error("{}: {message}", dir.display())]
    Variant {
        /// The run directory.
        dir: PathBuf,
        /// Which variants there are.
        message: String,
    },
    /// The run has no variant that could be taken.
    #[error("{}: the run has no variants", dir.display())]
    Empty {
        /// The run directory.
        dir: PathBuf,
    },
    /// A run was not judged again under this name.
    #[error("{}: no judgements `{name}` (known: {known})", dir.display())]
    NotJudged {
        /// The run directory.
        dir: PathBuf,
        /// The name.
        name: String,
        /// Which there are.
        known: String,
    },
    /// A file of judgements is not of one judge.
    #[error("{}: judgements `{name}` come from several judges; file each under a name of its own: memgauge judge --name", dir.display())]
    Judges {
        /// The run directory.
        dir: PathBuf,
        /// The name.
        name: String,
    },
    /// The same arm was named twice.
    #[error("`{text}`: this arm is named twice")]
    Twice {
        /// The second time.
        text: String,
    },
}

impl Selection {
    /// Reads what was written. A folder whose own name has a colon is meant as it is where it is a run directory.
    ///
    /// # Errors
    /// When neither the whole nor what stands before the last colon is a run directory.
    pub fn parse(text: &str) -> Result<Self, SelectionError> {
        let is_run = |path: &str| Path::new(path).join(files::MANIFEST).is_file();
        let split = text.rsplit_once(':').filter(|_| !is_run(text));
        let (dir, variant) = match split {
            Some((dir, variant)) => (dir, Some(variant.to_owned())),
            None => (text, None),
        };
        let dir = RunDir::open(dir)?.path().to_owned();
        Ok(Self {
            text: text.to_owned(),
            dir,
            variant,
        })
    }

    /// The variants that are meant, by position: the one that is named, or all but the controls (all, where there
    /// are only controls).
    pub(super) fn pick(&self, variants: &[(String, bool)]) -> Result<Vec<usize>, SelectionError> {
        if let Some(wanted) = &self.variant {
            let known: Vec<&str> = variants.iter().map(|(name, _)| name.as_str()).collect();
            return match known.iter().position(|name| name == wanted) {
                Some(at) => Ok(vec![at]),
                None => Err(SelectionError::Variant {
                    dir: self.dir.clone(),
                    message: unknown("variant", wanted, &known),
                }),
            };
        }
        let all = || variants.iter().enumerate();
        let mut picked: Vec<usize> = all()
            .filter(|(_, (_, control))| !control)
            .map(|(at, _)| at)
            .collect();
        if picked.is_empty() {
            picked = all().map(|(at, _)| at).collect();
        }
        if picked.is_empty() {
            return Err(SelectionError::Empty {
                dir: self.dir.clone(),
            });
        }
        Ok(picked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_at(path: &Path) {
        std::fs::create_dir_all(path).unwrap();
        std::fs::write(path.join(files::MANIFEST), "{}").unwrap();
    }

    #[test]
    fn a_directory_and_a_variant_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        run_at(&folder.path().join("a"));
        run_at(&folder.path().join("b:c"));
        let parse = |text: &str| Selection::parse(&folder.path().join(text).display().to_string());
        let whole = parse("a").unwrap();
        assert_eq!(
            (&whole.dir, whole.variant),
            (&folder.path().join("a"), None)
        );
        let one = parse("a:turns,k=5").unwrap();
        assert_eq!(one.dir, folder.path().join("a"));
        assert_eq!(one.variant.as_deref(), Some("turns,k=5"));
        assert_eq!(parse("b:c").unwrap().variant, None);
        assert_eq!(parse("b:c:x").unwrap().variant.as_deref(), Some("x"));
        let missing = parse("nowhere:x").unwrap_err().to_string();
        assert!(
            missing.contains("nowhere: not a run directory"),
            "{missing}"
        );
    }

    #[test]
    fn unknown_variants_are_answered_with_those_there_are() {
        let selection = |variant: Option<&str>| Selection {
            text: String::new(),
            dir: PathBuf::from("run"),
            variant: variant.map(str::to_owned),
        };
        let variants = [
            ("turns".to_owned(), false),
            ("oracle".to_owned(), true),
            ("rag".to_owned(), false),
        ];
        assert_eq!(selection(None).pick(&variants).unwrap(), [0, 2]);
        assert_eq!(selection(None).pick(&variants[1..2]).unwrap(), [0]);
        assert_eq!(selection(Some("oracle")).pick(&variants).unwrap(), [1]);
        assert_eq!(
            selection(Some("turn"))
                .pick(&variants)
                .unwrap_err()
                .to_string(),
            "run: unknown variant `turn`, did you mean `turns`? (known: turns, oracle, rag)"
        );
        assert!(selection(None).pick(&[]).is_err());
    }
}
