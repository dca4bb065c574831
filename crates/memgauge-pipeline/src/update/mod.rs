//! Facts to operations on memories.

pub mod append;
pub mod dedupe;
pub mod hash;
pub mod llm;
pub mod merge_all;
mod normal;
pub mod rules;

#[cfg(test)]
mod fixture;

use memgauge_core::{UpdatePolicy, registry};

pub(crate) use normal::normal;

registry! {
    /// Facts to operations on memories.
    pub enum UpdateConfig: "update" => Box<dyn UpdatePolicy> {
        "append" => Append(append::AppendConfig),
        "dedupe" => Dedupe(dedupe::DedupeConfig),
        "hash" => Hash(hash::HashConfig),
        "rules" => Rules(rules::RulesConfig),
        "llm" => Llm(llm::LlmUpdateConfig),
        "merge-all" => MergeAll(merge_all::MergeAllConfig),
    }
}
