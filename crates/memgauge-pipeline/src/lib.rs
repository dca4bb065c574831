//! Extractors, update policies, retrievers, fusion rankers, answerers and memory systems.
