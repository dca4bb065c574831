//! Facts to operations on memories.
