//! What was measured of an arm's searches, and on which machine.

use std::collections::BTreeMap;

use memgauge_core::ConversationId;

use crate::manifest::{Machine, Manifest};
use crate::record::{Phase, TimingRow};
use crate::rundir::{RunDir, RunDirError};

/// Searches of one arm that were measured live, warm-up left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ArmTimings {
    /// The machines that it ran on; each once.
    pub machines: Vec<Machine>,
    /// Milliseconds of every search by conversation.
    pub search: BTreeMap<ConversationId, Vec<f64>>,
}

/// The machines behind a run.
fn machines(manifest: &Manifest) -> Vec<Machine> {
    let mut seen: Vec<Machine> = Vec::new();
    let parts = manifest.merged.iter().map(|part| &part.machine);
    for machine in parts {
        if !seen.contains(machine) {
            seen.push(machine.clone());
        }
    }
    if seen.is_empty() {
        seen.push(manifest.machine.clone());
    }
    seen
}

/// The timings of every variant of a run.
pub(super) fn timings(
    dir: &RunDir,
    manifest: &Manifest,
) -> Result<BTreeMap<String, ArmTimings>, RunDirError> {
    let machines = machines(manifest);
    let mut found: BTreeMap<String, ArmTimings> = BTreeMap::new();
    dir.timings(|row: TimingRow| {
        if row.phase != Phase::Search || row.warm_up {
            return;
        }
        let Some(ms) = row.ms else { return };
        let arm = found.entry(row.variant).or_insert_with(|| ArmTimings {
            machines: machines.clone(),
            search: BTreeMap::new(),
        });
        arm.search.entry(row.conversation).or_default().push(ms);
    })?;
    Ok(found)
}
