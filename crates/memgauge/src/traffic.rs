//! Where replies of models come from, as the command line or an earlier run says.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memgauge_core::Traffic as Origin;
use memgauge_model::{Exchange, TrafficMode, TrafficReport};
use memgauge_report::TrafficManifest;

use crate::cli::{Traffic, TrafficOptions};
use crate::{exit, places};

impl Traffic {
    fn mode(self) -> TrafficMode {
        match self {
            Self::Live => TrafficMode::Live,
            Self::Cached => TrafficMode::Cached,
            Self::Record => TrafficMode::Record,
            Self::Replay => TrafficMode::Replay,
        }
    }
}

/// The folder of the cache: the one given, or the user's.
pub(crate) fn cache_folder(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    match given {
        Some(folder) => Ok(folder.to_owned()),
        None => places::cache()
            .map(|cache| cache.join("calls"))
            .ok_or_else(|| {
                exit::user("there is no home folder to keep a cache in: give --cache DIR")
            }),
    }
}

/// The exchange that `options` ask for. A run that goes on goes on as it began (`begun_with`).
///
/// # Errors
/// When options do not fit each other or the run's beginning, or a cassette cannot be read.
pub(crate) fn exchange(
    options: &TrafficOptions,
    is_resumed: bool,
    begun_with: Option<&TrafficManifest>,
) -> anyhow::Result<Arc<Exchange>> {
    let asked = options.traffic.map(Traffic::mode);
    let mode = match begun_with {
        None => asked.unwrap_or_default(),
        Some(begun) => {
            let mode = TrafficMode::from_name(&begun.mode).ok_or_else(|| {
                exit::user(format!(
                    "the run began with --traffic {}, which this memgauge does not know",
                    begun.mode
                ))
            })?;
            if asked.is_some_and(|asked| asked != mode) {
                return Err(exit::user(format!(
                    "the run began with --traffic {}, and goes on with it: leave out --traffic",
                    begun.mode
                )));
            }
            mode
        }
    };
    fit(options, mode)?;
    let recorded = begun_with.and_then(|begun| begun.cassette.as_ref());
    let cassette = options.cassette.clone().or(recorded.map(PathBuf::from));
    Ok(Arc::new(match mode {
        TrafficMode::Live => Exchange::live(),
        TrafficMode::Cached => match cache_folder(options.cache.as_deref()) {
            Ok(folder) => Exchange::cached(folder),
            // Without a home there is nowhere to keep anything; offline runs need not care, and
            // the manifest says `live`.
            Err(error) if asked.is_some() => return Err(error),
            Err(_) => Exchange::live(),
        },
        TrafficMode::Record => {
            if let Some(cassette) = &cassette {
                // Replies that somebody paid for are not written over.
                if !is_resumed && cassette.exists() {
                    return Err(exit::user(format!(
                        "{} exists already: delete it, or record into another file",
                        cassette.display()
                    )));
                }
            }
            Exchange::record(cassette)
        }
        TrafficMode::Replay => {
            let Some(cassette) = cassette else {
                return Err(exit::user("--traffic replay needs --cassette FILE"));
            };
            let exchange =
                Exchange::replay(&cassette).map_err(|error| exit::user(error.to_string()))?;
            let digest = begun_with.and_then(|begun| begun.digest.as_deref());
            if digest.is_some() && digest != exchange.digest() {
                return Err(exit::user(format!(
                    "{} is not the cassette that the run began with",
                    cassette.display()
                )));
            }
            exchange
        }
    }))
}

/// The mode that `options` name.
///
/// # Errors
/// When the options do not fit each other.
pub(crate) fn asked(options: &TrafficOptions) -> anyhow::Result<Option<TrafficMode>> {
    let asked = options.traffic.map(Traffic::mode);
    fit(options, asked.unwrap_or_default())?;
    Ok(asked)
}

/// Refuses options that do not go with `mode`.
fn fit(options: &TrafficOptions, mode: TrafficMode) -> anyhow::Result<()> {
    let takes_cassette = matches!(mode, TrafficMode::Record | TrafficMode::Replay);
    if options.cassette.is_some() && !takes_cassette {
        return Err(exit::user(format!(
            "--cassette goes with --traffic record or replay, not with {}",
            mode.name()
        )));
    }
    if options.cache.is_some() && mode != TrafficMode::Cached {
        return Err(exit::user(format!(
            "--cache goes with --traffic cached, not with {}",
            mode.name()
        )));
    }
    Ok(())
}

/// What went through, in a line; `None` where nothing did.
pub(crate) fn line(report: &TrafficReport) -> Option<String> {
    let calls: u64 = report
        .chats
        .values()
        .chain(report.embeddings.values())
        .sum();
    if calls + report.missed == 0 {
        return None;
    }
    let mut line = format!(
        "traffic {}: {} calls ({}), {} distinct requests",
        report.mode.name(),
        calls,
        [Origin::Live, Origin::Cache, Origin::Cassette, Origin::Fake]
            .into_iter()
            .filter_map(|from| {
                let of = |calls: &std::collections::BTreeMap<Origin, u64>| {
                    calls.get(&from).copied().unwrap_or_default()
                };
                let n = of(&report.chats) + of(&report.embeddings);
                let name = match from {
                    Origin::Live => "live",
                    Origin::Cache => "cache",
                    Origin::Cassette => "cassette",
                    Origin::Fake => "fake",
                };
                (n > 0).then(|| format!("{n} {name}"))
            })
            .collect::<Vec<_>>()
            .join(", "),
        report.distinct
    );
    if let Some(share) = report.usable_share() {
        let _ = write!(
            line,
            "; {:.1} % of chat replies usable ({} malformed, {} truncated, {} empty)",
            100.0 * share,
            report.malformed,
            report.truncated,
            report.empty
        );
    }
    for (n, what) in [
        (report.failed, "failed"),
        (report.missed, "not on the cassette"),
        (
            report.unrecorded,
            "failed for a passing reason and are not recorded: a replay will miss them",
        ),
    ] {
        if n > 0 {
            let _ = write!(line, "; {n} {what}");
        }
    }
    Some(line)
}
