//! memgauge's own format of errata: TOML, or the same as JSON.

use std::path::Path;

use memgauge_core::QuestionId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bind;
use super::read::ErrataError;
use super::{Errata, ErratumKind};
use crate::Dataset;

/// The newest version of the format.
pub(super) const VERSION: u64 = 1;
/// The key that says what a file is, with the version.
pub(super) const MARK: &str = "memgauge-errata";

/// A file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<Row> {
    #[serde(rename = "memgauge-errata")]
    version: u64,
    /// Content fingerprint of the dataset.
    dataset: String,
    /// Of the errata that name none.
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    licence: Option<String>,
    /// Checked where it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    erratum: Vec<Row>,
}

/// One erratum.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireErratum {
    id: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    licence: Option<String>,
}

/// Reads a file; `path` is named in errors.
pub(super) fn read(value: Value, path: &Path, dataset: &Dataset) -> Result<Errata, ErrataError> {
    let path = || path.to_owned();
    let shape = |message: String| ErrataError::Shape {
        path: path(),
        message,
    };
    let wire: Wire<Value> =
        serde_json::from_value(value).map_err(|error| shape(error.to_string()))?;
    if wire.version != VERSION {
        return Err(shape(format!(
            "{MARK} = {}: this memgauge reads version {VERSION}",
            wire.version
        )));
    }
    if wire.dataset != dataset.fingerprint.content {
        return Err(ErrataError::OtherDataset {
            path: path(),
            found: wire.dataset,
            expected: dataset.fingerprint.content.clone(),
        });
    }
    let (source, licence) = (wire.source, wire.licence);
    let rows = wire
        .erratum
        .into_iter()
        .map(|row| {
            let id = row.get("id").and_then(Value::as_str).unwrap_or_default();
            let id = id.to_owned();
            let wire: WireErratum =
                serde_json::from_value(row).map_err(|error| (id, error.to_string()))?;
            let kind = ErratumKind::ALL
                .into_iter()
                .find(|kind| kind.name() == wire.kind);
            Ok(bind::Row {
                question: wire.id.parse::<QuestionId>(),
                id: wire.id,
                kind: kind.ok_or(wire.kind),
                text: None,
                gold: None,
                category: None,
                cited: None,
                answer: wire.answer,
                evidence: wire.evidence,
                // Terms of a source belong to that source.
                licence: match &wire.source {
                    Some(_) => wire.licence,
                    None => wire.licence.or_else(|| licence.clone()),
                },
                source: wire.source.unwrap_or_else(|| source.clone()),
            })
        })
        .collect();
    let errata = bind::bind(rows, dataset, &ErratumKind::ALL.map(ErratumKind::name));
    match wire.digest {
        Some(written) if written != errata.digest => Err(ErrataError::Digest {
            path: path(),
            written,
            found: errata.digest,
        }),
        _ => Ok(errata),
    }
}

/// The errata as TOML.
pub(super) fn write(errata: &Errata) -> Result<String, ErrataError> {
    let rows = errata.errata.values().map(|erratum| {
        let own = erratum.source != errata.source;
        let evidence = erratum.evidence.as_ref();
        WireErratum {
            id: erratum.id.to_string(),
            kind: erratum.kind.name().to_owned(),
            answer: erratum.answer.clone(),
            evidence: evidence.map(|turns| turns.iter().map(ToString::to_string).collect()),
            source: own.then(|| erratum.source.clone()),
            licence: erratum
                .licence
                .clone()
                .filter(|_| own || erratum.licence != errata.licence),
        }
    });
    let wire = Wire {
        version: VERSION,
        dataset: errata.dataset.clone(),
        source: errata.source.clone(),
        licence: errata.licence.clone(),
        digest: Some(errata.digest.clone()),
        erratum: rows.collect(),
    };
    toml::to_string(&wire).map_err(|error| ErrataError::Unwritable(error.to_string()))
}
