//! Memory records, vectors and postings in one LMDB environment.
