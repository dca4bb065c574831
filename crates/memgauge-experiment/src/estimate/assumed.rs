//! What a plan assumes where only a model could tell. Documented in docs/METHODOLOGY.md; every number here is stated
//! with the plan.

use memgauge_core::ChatRequest;

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

/// Names of a conversation come again and again, so that edges touch older ones: there are so many.
const NAMES: u64 = 32;
/// Begins every name.
const NAME: &str = "Thing-";

/// The `n`-th text about entities: name and type in turn.
pub(super) fn entity(tag: &str, n: u64) -> String {
    if n.is_multiple_of(2) {
        return "thing".to_owned();
    }
    let seed = tag.bytes().fold(0, |sum, byte| sum + u64::from(byte));
    format!("{NAME}{}", (seed + n) % NAMES)
}

/// The `n`-th text about relations: subject, relation, object and an unknown day in turn.
pub(super) fn relation(names: &[String], tag: &str, n: u64) -> String {
    match n % 4 {
        0 => String::new(),
        2 => format!("relates {tag} to"),
        _ => {
            let at = usize::try_from(n / 2).unwrap_or(0) % names.len().max(1);
            names.get(at).cloned().unwrap_or_default()
        }
    }
}

/// The assumed names that a prompt shows.
pub(super) fn names_in(request: &ChatRequest) -> Vec<String> {
    let is_mark = |c: char| !c.is_ascii_alphanumeric() && c != '-';
    let words = request
        .messages
        .iter()
        .flat_map(|message| message.content.split(is_mark));
    let mut names: Vec<String> = Vec::new();
    for word in words.filter(|word| word.starts_with(NAME)) {
        if !names.iter().any(|known| known == word) {
            names.push(word.to_owned());
        }
    }
    names
}

/// A summary in the place of what a model would write.
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
