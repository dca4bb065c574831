//! Prompts: files under `prompts/`, in memgauge's own words, which a user's folder of the same layout
//! can replace one by one.
//!
//! A file holds messages, each after a line of its own with the role: `--- system ---`,
//! `--- user ---` or `--- assistant ---`. What stands before the first such line is a note that is
//! sent to nobody. Every message is a [minijinja](https://docs.rs/minijinja) template: a line with
//! nothing but a block tag leaves no trace, white space at both ends of a message is not sent, a
//! message without text is left out, and a variable that is not there is an error.
//!
//! A new prompt is a file and a line in [`PROMPTS`].

mod file;
pub mod import;
mod registry;
mod template;

pub(crate) use registry::required;
pub use registry::{PROMPTS, PromptDoc, Variable, find};
pub use template::{Prompt, digest};

#[cfg(test)]
mod tests;
