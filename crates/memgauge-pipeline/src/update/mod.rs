//! Facts to operations on memories.

pub mod append;
pub mod dedupe;
pub mod merge_all;
mod normal;

#[cfg(test)]
mod fixture;

use memgauge_core::{UpdatePolicy, registry};

registry! {
    /// Facts to operations on memories.
    pub enum UpdateConfig: "update" => Box<dyn UpdatePolicy> {
        "append" => Append(append::AppendConfig),
        "dedupe" => Dedupe(dedupe::DedupeConfig),
        "merge-all" => MergeAll(merge_all::MergeAllConfig),
    }
}
