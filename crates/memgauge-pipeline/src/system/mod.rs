//! Memory systems as the runner sees them.
