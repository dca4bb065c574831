//! The parts of a memory pipeline and the systems made of them. One folder per family of
//! components; one file per component.

pub mod answerer;
pub mod context;
pub mod dates;
pub mod extractor;
#[cfg(test)]
mod fake_chat;
pub mod fusion;
pub mod graph;
pub mod judge;
pub mod prompt;
mod reply;
pub mod retriever;
pub mod system;
pub mod update;

#[cfg(test)]
mod scripted;
