//! Result files of other tools as run directories.
//!
//! A file is read by its [`Format`] into rows, each row finds its question in the dataset, and what became of every row is
//! written down (`import.jsonl`): nothing is dropped silently. A format is one file here and one line of [`FORMATS`].

mod account;
mod accounting;
mod backboard;
mod conversation;
mod document;
mod error;
mod evermemos;
mod fields;
#[cfg(test)]
mod fields_tests;
mod format;
mod matching;
mod mem0;
mod memu;
mod nesting;
mod records;
mod roles;
mod row;
mod source;
mod table;
mod text;
mod twins;
mod value;
mod work;
mod write;
mod zep;

pub use account::{
    ImportRow, Imported, ImportedFile, MatchedBy, Renamed, RowFinding, RowStatus, WrittenRow,
};
pub use error::ImportError;
pub use format::{FORMATS, Format, format};
pub use source::{Join, Source, arrange, name};
pub use write::{IMPORTED, ImportOptions, ImportedRun, import};
