//! Where published datasets come from: `datasets/sources.toml`, embedded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{DatasetError, Pinned};

const SOURCES: &str = include_str!("../../../datasets/sources.toml");

/// A published file and the terms under which it may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    /// What it is, in one line.
    pub title: String,
    /// Name of the file, under `datasets/` or in the cache.
    pub file: String,
    /// Address of the file.
    pub url: String,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Name of the licence.
    pub licence: String,
    /// Address of the licence's text.
    pub licence_url: String,
    /// Address of the project that publishes it.
    pub homepage: String,
    /// The paper to cite.
    pub citation: String,
}

impl Source {
    /// What to download.
    pub fn pinned(&self) -> Pinned {
        Pinned {
            url: self.url.clone(),
            sha256: self.sha256.clone(),
            bytes: self.bytes,
        }
    }
}

/// All sources by the name of their dataset.
///
/// # Errors
/// When the embedded file does not parse, which a test rules out.
pub fn sources() -> Result<BTreeMap<String, Source>, DatasetError> {
    toml::from_str(SOURCES).map_err(|error| DatasetError::Sources(error.to_string()))
}

/// The source of one dataset.
///
/// # Errors
/// When no source has this name.
pub fn source(name: &str) -> Result<Source, DatasetError> {
    sources()?
        .remove(name)
        .ok_or_else(|| DatasetError::UnknownName {
            name: name.to_owned(),
            known: crate::KNOWN.iter().map(|known| known.name).collect(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_dataset_has_a_source_with_its_hash() {
        let sources = sources().unwrap();
        assert_eq!(sources.len(), crate::KNOWN.len());
        for known in crate::KNOWN {
            assert_eq!(sources[known.name].sha256, known.sha256);
        }
        assert!(source("nothing").is_err());
    }
}
