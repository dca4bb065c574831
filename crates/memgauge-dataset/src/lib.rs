//! LOCOMO and other datasets as memgauge's types.
