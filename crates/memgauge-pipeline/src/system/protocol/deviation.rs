//! What the protocols do otherwise than their sources.

use serde::Serialize;

use super::Protocol;

/// Something that is not as in the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Deviation {
    /// Key of the config that it is about, such as `extractor.prompt`; a part where there is no key.
    pub key: &'static str,
    /// What the original does.
    pub original: &'static str,
    /// What is done here.
    pub ours: &'static str,
    /// Why.
    pub why: &'static str,
}

/// The deviations of `protocol`: those of all protocols first.
pub(super) fn of(protocol: Protocol) -> Vec<Deviation> {
    let own: &[Deviation] = match protocol {
        Protocol::Mem02504 => &PAPER,
        Protocol::Mem0Eval => &EVALUATION,
        Protocol::Mem0Oss01 => &OSS_0_1,
        Protocol::Mem0Oss2 => &OSS_2,
    };
    let graph: &[Deviation] = match protocol {
        Protocol::Mem02504 | Protocol::Mem0Eval => &GRAPH_OF_THE_PAPER,
        Protocol::Mem0Oss01 | Protocol::Mem0Oss2 => &GRAPH_OF_THE_PACKAGE,
    };
    let decided: &[Deviation] = match protocol {
        Protocol::Mem0Oss2 => &[],
        _ => &DECIDED,
    };
    let all = ALL.iter().chain(decided).chain(own).chain(graph);
    all.copied().collect()
}

/// Where a model decides about facts.
const DECIDED: [Deviation; 1] = [Deviation {
    key: "update.ask-always",
    original: "the model decides about every fact",
    ours: "a fact without any similar memory is added without a call",
    why: "there is nothing to decide; `ask-always = true` asks all the same",
}];

const ALL: [Deviation; 4] = [
    Deviation {
        key: "extractor.prompt",
        original: "the project's own prompts",
        ours: "prompts of the same content in other words",
        why: "the wording is not ours to copy; `memgauge prompts import` reads it from a local checkout",
    },
    Deviation {
        key: "extractor (time)",
        original: "the time of the conversation is metadata, or the clock of the machine",
        ours: "every prompt is told the time of the session",
        why: "a replay would otherwise date yesterday's events to the day of the run",
    },
    Deviation {
        key: "store.vectors",
        original: "a vector database or a hosted service",
        ours: "exact search in process",
        why: "its results do not depend on an index, and its latency holds no network",
    },
    Deviation {
        key: "extractor (unreadable replies)",
        original: "an unreadable reply is treated as no facts, or raises an error",
        ours: "the model is shown the error once; then the window's facts are lost and counted",
        why: "what is lost must be seen in the results",
    },
];

const PAPER: [Deviation; 5] = [
    Deviation {
        key: "extractor.summary.lag",
        original: "the summary is refreshed asynchronously; which one a pair sees depends on timing",
        ours: "the summary made after pair t is used from pair t + 5 on",
        why: "a replay has to send the same prompts",
    },
    Deviation {
        key: "retriever.k",
        original: "not published for the method",
        ours: "30",
        why: "the evaluation code takes 30 per speaker",
    },
    Deviation {
        key: "update.prompt",
        original: "published as an algorithm, not as a prompt",
        ours: "memgauge's wording of the four operations as tools",
        why: "there is nothing to follow",
    },
    Deviation {
        key: "extractor.summary.max-words",
        original: "not published",
        ours: "150",
        why: "a summary without a limit grows with the conversation",
    },
    Deviation {
        key: "perspectives",
        original: "not described; the published evaluation keeps one memory per speaker",
        ours: "one memory per conversation",
        why: "that is section 2 as written; the evaluation is `mem0-eval`",
    },
];

const EVALUATION: [Deviation; 5] = [
    Deviation {
        key: "update",
        original: "the hosted platform, whose algorithm is not published",
        ours: "the paper's: one tool call per fact, 10 similar memories",
        why: "the platform cannot be run here, and changes",
    },
    Deviation {
        key: "extractor",
        original: "the hosted platform with custom instructions",
        ours: "one call per batch with instructions of the same content",
        why: "the platform cannot be run here, and changes",
    },
    Deviation {
        key: "perspectives (order)",
        original: "both speakers' memories are written at the same time",
        ours: "one after the other, batch by batch",
        why: "ids do not depend on timing",
    },
    Deviation {
        key: "store (provenance)",
        original: "none",
        ours: "the sources of a fact are the turns of both roles in its batch",
        why: "which of them the platform used is not told",
    },
    Deviation {
        key: "context",
        original: "memories as a JSON list per speaker, times as the dataset writes them",
        ours: "one line per memory under the speaker's name, times in the same form",
        why: "the form is part of the prompt; token figures count times and texts alone",
    },
];

const OSS_0_1: [Deviation; 3] = [
    Deviation {
        key: "retriever.k",
        original: "whatever the caller asks for (100 if nothing)",
        ours: "30",
        why: "the evaluation takes 30",
    },
    Deviation {
        key: "extractor.batch",
        original: "whatever the caller adds at a time",
        ours: "2 messages",
        why: "the evaluation adds 2",
    },
    Deviation {
        key: "update (refused replies)",
        original: "an id that does not exist raises an error, and the operation is lost",
        ours: "the fact is added, and counted",
        why: "nothing that was extracted is lost in silence",
    },
];

const OSS_2: [Deviation; 6] = [
    Deviation {
        key: "extractor (similar memories)",
        original: "the prompt shows 10 similar memories",
        ours: "it does not",
        why: "extraction comes before the look-up here; equal texts are found by the update policy",
    },
    Deviation {
        key: "store.lexical.stemmer",
        original: "lemmas of spaCy",
        ours: "stems of Snowball's English stemmer",
        why: "spaCy has no Rust twin",
    },
    Deviation {
        key: "graph.entities",
        original: "proper, quoted, compound and identifying entities by spaCy",
        ours: "the same kinds by rules",
        why: "spaCy has no Rust twin",
    },
    Deviation {
        key: "update.kind",
        original: "hashes of texts are compared",
        ours: "texts are compared, letter by letter, with those of the nearest vectors",
        why: "it comes to the same, and needs no second index",
    },
    Deviation {
        key: "retriever.inputs",
        original: "max(4k, 60) are fetched, whatever k is",
        ours: "80, that is 4k for k = 20; another k needs another `depth`",
        why: "a depth is a number of the config",
    },
    Deviation {
        key: "extractor (observation date)",
        original: "it cannot be told the date of a conversation: \"yesterday\" is the day before the run",
        ours: "the session's time is the observation date",
        why: "this is a known fault of the original",
    },
];

const GRAPH_OF_THE_PAPER: [Deviation; 3] = [
    Deviation {
        key: "graph (of mem0g)",
        original: "Neo4j",
        ours: "the same store as the memories, searched exactly",
        why: "one transaction covers memories and graph, and no server is needed",
    },
    Deviation {
        key: "graph.merge-threshold",
        original: "not published",
        ours: "0.9",
        why: "the package of the time takes 0.9",
    },
    Deviation {
        key: "graph.similarity, triplet-threshold, nodes, limit",
        original: "not published",
        ours: "0.7, 0.5, 5, 20",
        why: "0.7 is the package's; the others are memgauge's",
    },
];

const GRAPH_OF_THE_PACKAGE: [Deviation; 3] = [
    Deviation {
        key: "graph (of mem0g)",
        original: "Neo4j",
        ours: "the same store as the memories, searched exactly",
        why: "one transaction covers memories and graph, and no server is needed",
    },
    Deviation {
        key: "graph.builder (of mem0g)",
        original: "entities and relations by tool calls",
        ours: "as JSON",
        why: "servers without tool calls can be asked too",
    },
    Deviation {
        key: "graph.limit (of mem0g)",
        original: "BM25 over the triples found",
        ours: "BM25 whose idf counts all edges of the store",
        why: "there is one index",
    },
];
