//! The prompts that come with memgauge. A prompt is a file under `prompts/` and a line here.

use memgauge_core::BuildError;
use serde_json::{Map, Value};

/// A value that a prompt is filled in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name in templates.
    pub name: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// A value that it may have, in JSON: checks and previews render prompts with it.
    pub example: &'static str,
}

/// A prompt that comes with memgauge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptDoc {
    /// Its name, `FAMILY/NAME`; the file is `FAMILY/NAME.txt`.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// The file.
    pub text: &'static str,
    /// What it is filled in with.
    pub variables: &'static [Variable],
}

impl PromptDoc {
    /// The part of the name before the `/`.
    pub fn family(&self) -> &'static str {
        self.name.split('/').next().unwrap_or(self.name)
    }

    /// An example of every variable.
    ///
    /// # Errors
    /// When an example is not JSON.
    pub fn examples(&self) -> Result<Value, BuildError> {
        let mut examples = Map::new();
        for variable in self.variables {
            let example = serde_json::from_str(variable.example).map_err(|error| {
                BuildError::new(format!("example of variable `{}`: {error}", variable.name))
            })?;
            examples.insert(variable.name.to_owned(), example);
        }
        Ok(Value::Object(examples))
    }
}

/// The prompt called `name`.
pub fn find(name: &str) -> Option<&'static PromptDoc> {
    PROMPTS.iter().find(|doc| doc.name == name)
}

/// The prompt called `name`, which a component cannot do without.
pub(crate) fn required(name: &str) -> Result<&'static PromptDoc, BuildError> {
    find(name).ok_or_else(|| BuildError::new(format!("prompt `{name}` is not registered")))
}

/// Declares the prompt of the file `prompts/NAME.txt`.
macro_rules! prompt {
    ($name:literal, $variables:expr, $description:literal) => {
        PromptDoc {
            name: $name,
            description: $description,
            text: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/prompts/",
                $name,
                ".txt"
            )),
            variables: $variables,
        }
    };
}

/// Declares a variable.
macro_rules! variables {
    ($( $name:literal: $meaning:literal = $example:literal ),+ $(,)?) => {
        &[$( Variable { name: $name, meaning: $meaning, example: $example } ),+]
    };
}

/// Every prompt, in the order of the way of the data.
pub const PROMPTS: &[PromptDoc] = &[
    prompt!(
        "extract/mem0-2504",
        EXTRACT,
        "Facts of a message pair, with summary and last messages (the paper)"
    ),
    prompt!(
        "extract/mem0-eval",
        EXTRACT,
        "Memories of one speaker, the user (mem0's published evaluation)"
    ),
    prompt!(
        "extract/mem0-oss-0.1",
        EXTRACT,
        "Facts of seven kinds (mem0ai 0.1.94)"
    ),
    prompt!(
        "extract/mem0-oss-2",
        EXTRACT,
        "Self-contained memories of 15 to 80 words (mem0ai 2.0.18)"
    ),
    prompt!(
        "instructions/mem0-eval",
        EXTRACT,
        "Custom instructions for extract/mem0-eval"
    ),
    prompt!(
        "summary/rolling",
        SUMMARY,
        "The conversation's running summary, made anew from the last one"
    ),
    prompt!(
        "update/per-fact",
        UPDATE_ONE,
        "One fact: ADD, UPDATE, DELETE or NOOP by tool call (the paper)"
    ),
    prompt!(
        "update/joint",
        UPDATE_ALL,
        "All facts of a window in one call (mem0ai 0.1.94)"
    ),
    prompt!(
        "answer/mem0",
        ANSWER,
        "Memories of both speakers, the newest preferred, 5 or 6 words (mem0's evaluation)"
    ),
    prompt!(
        "answer/mem0g",
        ANSWER,
        "The same with relations of a graph (mem0's evaluation)"
    ),
    prompt!(
        "answer/rag",
        ANSWER,
        "Passages or the whole conversation, shortest answer in its words (mem0's baselines)"
    ),
    prompt!(
        "answer/notes",
        ANSWER,
        "All notes, unranked (mem0's baseline with OpenAI's memory)"
    ),
    prompt!("answer/no-memory", ANSWER, "The question alone"),
    prompt!(
        "answer/short",
        ANSWER,
        "5 or 6 words, or the refusal that LOCOMO's evaluation looks for"
    ),
    prompt!(
        "judge/lenient",
        JUDGE,
        "Generous: about the same thing is enough (mem0's evaluation)"
    ),
    prompt!(
        "judge/strict",
        JUDGE,
        "The whole answer and nothing against it"
    ),
    prompt!("judge/graded", JUDGE, "A score from 0 to 1"),
    prompt!(
        "graph/entities",
        GRAPH_ENTITIES,
        "Entities of new messages or of a question"
    ),
    prompt!(
        "graph/relations",
        GRAPH_RELATIONS,
        "Relations among entities that new messages state"
    ),
    prompt!(
        "graph/conflicts",
        GRAPH_CONFLICTS,
        "Older edges that new ones make untrue"
    ),
];

/// What extraction prompts are filled in with.
const EXTRACT: &[Variable] = variables![
    "time": "time of the session, as LOCOMO writes it" = r#""1:56 pm on 8 May, 2023""#,
    "weekday": "day of the week of the session" = r#""Monday""#,
    "speakers": "names of the two speakers" = r#"["Mira", "Tom"]"#,
    "user": "name of the speaker whose memory is written; null where both share one" = r#""Mira""#,
    "summary": "summary of the conversation before the last messages; empty where there is none" = r#""Mira has moved to the coast.""#,
    "before": "messages before the new ones, oldest first: `speaker`, `role` (`user`, `assistant`; empty without `user`), `text`" = r#"[{"speaker": "Tom", "role": "assistant", "text": "How is the sea?"}]"#,
    "turns": "the new messages: `number` (from 1), `speaker`, `role`, `text`" = r#"[{"number": 1, "speaker": "Mira", "role": "user", "text": "Cold! I bought a kayak yesterday."}, {"number": 2, "speaker": "Tom", "role": "assistant", "text": "A red one?"}]"#,
    "instructions": "custom instructions; empty where there are none" = r#""Name the person.""#,
    "kinds": "kinds of facts that are wanted; empty where the prompt decides" = r#"["hobbies", "plans"]"#,
    "max_facts": "most facts; null = no limit" = "5",
    "cite": "whether every fact must name the messages that say it" = "true",
];

/// What the summary's prompt is filled in with.
const SUMMARY: &[Variable] = variables![
    "speakers": "names of the two speakers" = r#"["Mira", "Tom"]"#,
    "summary": "the last summary; empty at the beginning" = r#""Mira has moved to the coast.""#,
    "turns": "the messages since: `time`, `speaker`, `text`" = r#"[{"time": "1:56 pm on 8 May, 2023", "speaker": "Mira", "text": "I bought a kayak yesterday."}]"#,
    "max_words": "most words of the summary" = "150",
];

/// What prompts about one fact are filled in with.
const UPDATE_ONE: &[Variable] = variables![
    "time": "time of the session, as LOCOMO writes it" = r#""1:56 pm on 8 May, 2023""#,
    "fact": "the new fact" = r#""Mira bought a kayak on 7 May 2023.""#,
    "memories": "similar memories, the most similar first: `id` (from 0), `time` of the last change, `text`" = r#"[{"id": 0, "time": "5:02 pm on 1 May, 2023", "text": "Mira wants to buy a kayak."}]"#,
];

/// What prompts about all facts of a window are filled in with.
const UPDATE_ALL: &[Variable] = variables![
    "time": "time of the session, as LOCOMO writes it" = r#""1:56 pm on 8 May, 2023""#,
    "facts": "the new facts: `number` (from 0), `text`" = r#"[{"number": 0, "text": "Mira bought a kayak on 7 May 2023."}]"#,
    "memories": "memories similar to any of them: `id` (from 0), `time` of the last change, `text`" = r#"[{"id": 0, "time": "5:02 pm on 1 May, 2023", "text": "Mira wants to buy a kayak."}]"#,
];

/// What answer prompts are filled in with.
const ANSWER: &[Variable] = variables![
    "context": "what the memory system brought to mind, as its context builder shows it; empty where there is nothing" = r#""1:56 pm on 8 May, 2023: Mira bought a kayak yesterday.""#,
    "question": "the question" = r#""When did Mira buy a kayak?""#,
];

/// What judge prompts are filled in with.
const JUDGE: &[Variable] = variables![
    "question": "the question" = r#""When did Mira buy a kayak?""#,
    "gold": "the right answer" = r#""7 May 2023""#,
    "answer": "the answer to judge" = r#""May 7th""#,
    "reasoning": "whether to ask for a sentence of reasoning first" = "true",
];

/// What prompts for entities are filled in with.
const GRAPH_ENTITIES: &[Variable] = variables![
    "question": "a question; empty where there are messages" = r#""""#,
    "time": "time of the session, as LOCOMO writes it; empty with a question" = r#""1:56 pm on 8 May, 2023""#,
    "speakers": "names of the two speakers; none with a question" = r#"["Mira", "Tom"]"#,
    "before": "messages before the new ones, oldest first: `speaker`, `text`" = r#"[{"speaker": "Tom", "text": "How is the sea?"}]"#,
    "turns": "the new messages: `number` (from 1), `speaker`, `text`" = r#"[{"number": 1, "speaker": "Mira", "text": "Cold! I bought a kayak yesterday."}]"#,
];

/// What prompts for relations are filled in with.
const GRAPH_RELATIONS: &[Variable] = variables![
    "time": "time of the session, as LOCOMO writes it" = r#""1:56 pm on 8 May, 2023""#,
    "weekday": "day of the week of the session" = r#""Monday""#,
    "speakers": "names of the two speakers" = r#"["Mira", "Tom"]"#,
    "before": "messages before the new ones, oldest first: `speaker`, `text`" = r#"[{"speaker": "Tom", "text": "How is the sea?"}]"#,
    "turns": "the new messages: `number` (from 1), `speaker`, `text`" = r#"[{"number": 1, "speaker": "Mira", "text": "Cold! I bought a kayak yesterday."}]"#,
    "entities": "names of the entities" = r#"["Mira", "kayak"]"#,
];

/// What prompts for conflicts are filled in with.
const GRAPH_CONFLICTS: &[Variable] = variables![
    "time": "time of the session, as LOCOMO writes it" = r#""1:56 pm on 8 May, 2023""#,
    "edges": "older edges that share an entity with the new ones: `id` (from 0), `time` of the session that brought it, `text`" = r#"[{"id": 0, "time": "5:02 pm on 1 May, 2023", "text": "Mira -- lives in -- Rome"}]"#,
    "triples": "the new edges" = r#"["Mira -- moved to -- Oslo"]"#,
];
