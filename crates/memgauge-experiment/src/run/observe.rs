//! What a run tells while it goes on, and how it is asked to stop.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Something happened.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The run begins or goes on.
    Started {
        /// The run directory.
        dir: &'a Path,
        /// Questions of all variants together.
        questions: usize,
        /// Of these, answered before a resume.
        done: usize,
    },
    /// The conversations of a variant are being ingested.
    Ingesting {
        /// The variant.
        variant: &'a str,
    },
    /// The questions of a variant are being searched and answered.
    Asking {
        /// The variant.
        variant: &'a str,
    },
    /// One more question has a record.
    Answered,
    /// All records are written; intervals are being computed.
    Summarising,
}

/// Receives events, from any thread.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event<'_>);
}

/// An observer that looks away.
impl Observer for () {
    fn event(&self, _: &Event<'_>) {}
}

/// Asks a run to stop after the question or session at hand. Clones share the request.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks for it.
    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
