//! From a config file to a finished run directory.
