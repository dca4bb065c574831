//! One file per command.

pub(crate) mod cache;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod components;
pub(crate) mod config;
pub(crate) mod dataset;
pub(crate) mod doctor;
pub(crate) mod errata;
pub(crate) mod export;
pub(crate) mod generate;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod judge;
pub(crate) mod judge_card;
pub(crate) mod memory;
pub(crate) mod merge;
pub(crate) mod model;
pub(crate) mod paper;
pub(crate) mod plan;
pub(crate) mod prompts;
pub(crate) mod rank;
pub(crate) mod report;
pub(crate) mod rescore;
pub(crate) mod run;
pub(crate) mod show;
mod stores;
pub(crate) mod surrogate;
