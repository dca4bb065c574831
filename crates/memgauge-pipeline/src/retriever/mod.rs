//! Question to ranked lists.
