//! Vocabulary and component traits of memgauge.
