//! What a plan assumes where only a model could tell. Documented in docs/METHODOLOGY.md; every number here is stated
//! with the plan.

use super::Step;
use super::span::Span;

/// Facts that a window is taken to hold; calls that are made per fact lie between [`PER_FACT`] times theirs.
pub(super) const FACTS: u64 = 2;
/// Half to twice as many facts.
pub(super) const PER_FACT: Span = Span {
    low: 0.5,
    high: 2.0,
};
/// One call per window that has facts: half of the windows to all of them.
pub(super) const PER_WINDOW: Span = Span {
    low: 0.5,
    high: 1.0,
};
/// One call per window whose edges touch older ones: none to all.
pub(super) const PER_CONFLICT: Span = Span {
    low: 0.0,
    high: 1.0,
};
/// Length of a prompt that shows what a model wrote (facts, summaries, answers), to what is assumed.
pub(super) const WRITTEN: Span = Span {
    low: 0.6,
    high: 1.5,
};
/// Length of a prompt that is known word by word: tokenizers and templates of models differ.
pub(super) const KNOWN: Span = Span {
    low: 0.95,
    high: 1.05,
};
/// What a part of the conversations says about all of them.
pub(super) const SCALED: Span = Span {
    low: 0.9,
    high: 1.1,
};

/// Seconds that a chat model takes, where nothing was measured.
pub(super) const CHAT_SECONDS: Span = Span {
    low: 0.5,
    high: 4.0,
};
/// Seconds that a request for vectors takes.
pub(super) const EMBED_SECONDS: Span = Span {
    low: 0.1,
    high: 0.6,
};
/// Milliseconds of own work for a session, a search, an answer without a model.
pub(super) const OWN_MS: [Span; 3] = [
    Span {
        low: 1.0,
        high: 50.0,
    },
    Span {
        low: 0.3,
        high: 10.0,
    },
    Span {
        low: 0.5,
        high: 15.0,
    },
];

/// Tokens of a reply, as far as the limit of the request allows.
pub(super) fn reply(step: Step, is_joint: bool) -> Span {
    let (low, high) = match step {
        Step::Extract | Step::Graph => (20.0, 200.0),
        Step::Summary => (80.0, 250.0),
        Step::Update if is_joint => (60.0, 500.0),
        Step::Update => (20.0, 80.0),
        Step::Answer => (5.0, 60.0),
        Step::Judge => (8.0, 60.0),
        Step::Index | Step::Search => (0.0, 0.0),
    };
    Span { low, high }
}

/// The text in the place of what a model would write, `tag` telling it from others: a fact, a name, an answer.
pub(super) fn text(tag: &str, n: u64) -> String {
    format!("Something that was said, as a model may put it in a sentence, number {tag} {n}.")
}

/// The same for a summary.
pub(super) fn summary(tag: &str) -> String {
    let sentences: Vec<String> = (0..8).map(|n| text(tag, n)).collect();
    sentences.join(" ")
}

/// In words, for whoever reads the plan.
pub(super) fn told() -> Vec<String> {
    let span = |span: Span| format!("{}-{}", span.low, span.high);
    vec![
        format!(
            "{FACTS} facts a window ({} times as many updates); prompts that show what a model wrote {} times as long \
             as taken, others {}",
            span(PER_FACT),
            span(WRITTEN),
            span(KNOWN)
        ),
        format!(
            "tokens of a reply: extract and graph {}, summary {}, update {} (joint {}), answer {}, judge {}",
            span(reply(Step::Extract, false)),
            span(reply(Step::Summary, false)),
            span(reply(Step::Update, false)),
            span(reply(Step::Update, true)),
            span(reply(Step::Answer, false)),
            span(reply(Step::Judge, false))
        ),
        "no retries, no second tries after replies that cannot be read".to_owned(),
    ]
}
