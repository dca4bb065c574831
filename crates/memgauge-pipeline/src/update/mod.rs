//! Facts to operations on memories.

pub mod append;
pub mod dedupe;
pub mod merge_all;
mod normal;
pub mod rules;

#[cfg(test)]
mod fixture;

use memgauge_core::{UpdatePolicy, registry};

registry! {
    /// Facts to operations on memories.
    pub enum UpdateConfig: "update" => Box<dyn UpdatePolicy> {
        "append" => Append(append::AppendConfig),
        "dedupe" => Dedupe(dedupe::DedupeConfig),
        "rules" => Rules(rules::RulesConfig),
        "merge-all" => MergeAll(merge_all::MergeAllConfig),
    }
}
