//! Prompts as they are sent: a change of a prompt shows as a change of a snapshot.
//!
//! `INSTA_UPDATE=always cargo test --release --test prompts` writes the snapshots anew.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fmt::Write as _;

use memgauge_pipeline::prompt::{PROMPTS, Prompt, digest};
use serde_json::Value;

/// Every message with its role.
fn rendered(prompt: &Prompt, values: &Value) -> String {
    let mut text = String::new();
    for message in prompt.render(values).unwrap() {
        let role = serde_json::to_value(message.role).unwrap();
        writeln!(
            text,
            "=== {} ===\n{}",
            role.as_str().unwrap(),
            message.content
        )
        .unwrap();
    }
    text
}

/// The examples with everything that may be absent taken away.
fn bare(examples: &Value) -> Value {
    let mut bare = examples.clone();
    for (name, value) in bare.as_object_mut().unwrap() {
        *value = match (name.as_str(), &value) {
            ("user" | "max_facts", _) => Value::Null,
            ("cite" | "reasoning", _) => Value::Bool(false),
            ("summary" | "instructions" | "context", _) => Value::from(""),
            ("before" | "kinds" | "memories", Value::Array(_)) => Value::Array(Vec::new()),
            _ => continue,
        };
    }
    bare
}

#[test]
fn prompts_are_sent_as_the_snapshots_say() {
    for doc in PROMPTS {
        let prompt = Prompt::compile(doc.name, doc.text, doc).unwrap();
        let examples = doc.examples().unwrap();
        let full = rendered(&prompt, &examples);
        let bare = rendered(&prompt, &bare(&examples));
        let mut shown = format!(
            "digest {}\n\n##### with everything\n{full}",
            digest(doc.text)
        );
        if bare != full {
            write!(shown, "\n##### with the least\n{bare}").unwrap();
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(doc.name.replace('/', "-"), shown);
        });
    }
}
