//! LOCOMO and other datasets as memgauge's types: where a file is found or fetched from, how it
//! is read, what in it was odd, and which version of it was read.
//!
//! The crate reads files that the caller names and, in [`download`], the network. It prints
//! nothing and reads neither the environment nor the current directory.

mod dataset;
pub mod download;
pub mod errata;
mod error;
mod fingerprint;
pub mod generate;
mod json;
mod known;
pub mod locomo;
mod places;
mod report;
mod sources;
mod stats;

pub use dataset::{Dataset, Entry, Item};
pub use download::{DownloadError, Fetched, Pinned, fetch};
pub use errata::{Errata, ErrataError, Erratum, ErratumKind};
pub use error::DatasetError;
pub use fingerprint::{Fingerprint, sha256_file};
pub use json::parse as parse_json;
pub use known::{KNOWN, Known};
pub use places::{DATASETS, SAMPLE, SearchPlaces, resolve};
pub use report::{Finding, LoadReport, Oddity};
pub use sources::{Source, source, sources};
pub use stats::{ConversationStats, DatasetStats};
