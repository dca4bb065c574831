use std::path::Path;
use std::sync::Arc;

use memgauge_core::{BuildError, ChatMessage, ChatRole, EmbedderHandle, Parts, Tokenizer};
use serde_json::json;

use super::*;

/// A part shop with at most one prompt of the user's.
struct Shop(Option<(&'static str, &'static str)>);

impl Parts for Shop {
    fn prompt(&self, name: &str, default: &str) -> Result<String, BuildError> {
        Ok(match self.0 {
            Some((own, text)) if own == name => text.to_owned(),
            _ => default.to_owned(),
        })
    }

    fn embedder(&self, name: &str) -> Result<EmbedderHandle, BuildError> {
        Err(BuildError::new(format!("no embedder `{name}`")))
    }

    fn tokenizer(&self, name: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        Err(BuildError::new(format!("no tokenizer `{name}`")))
    }

    fn folder(&self) -> &Path {
        Path::new(".")
    }
}

const DOC: PromptDoc = PromptDoc {
    name: "little/one",
    description: "",
    text: "",
    variables: &[
        Variable {
            name: "who",
            meaning: "",
            example: r#""Mira""#,
        },
        Variable {
            name: "items",
            meaning: "",
            example: "[1, 2]",
        },
    ],
};

fn message(text: &str) -> String {
    Prompt::compile("little/one", text, &DOC)
        .unwrap_err()
        .message
}

#[test]
fn every_prompt_of_the_registry_loads_and_names_are_paths() {
    for doc in PROMPTS {
        let prompt = Prompt::load(&Shop(None), doc).unwrap();
        assert_eq!(prompt.name(), doc.name);
        assert_eq!(doc.name.split('/').count(), 2, "{}", doc.name);
        assert!(!doc.description.is_empty() && !doc.variables.is_empty());
        let same = PROMPTS.iter().filter(|other| other.name == doc.name);
        assert_eq!(same.count(), 1, "{}", doc.name);
    }
}

#[test]
fn sections_become_messages_and_tags_leave_no_lines() {
    let text = "A note {{ sent }} to nobody.\n--- system ---\n\nBe brief.\r\n--- user ---\n{% for item in items %}\n- {{ item }}\n{% endfor %}\n{{ who }}\n\n--- assistant ---\n{% if who == \"Tom\" %}hidden{% endif %}\n";
    let prompt = Prompt::compile("little/one", text, &DOC).unwrap();
    let messages = prompt
        .render(&json!({"who": "<Mira> {{ items }}\n--- user ---\n", "items": [3, 4]}))
        .unwrap();
    assert_eq!(
        messages,
        [
            ChatMessage::system("Be brief."),
            // What is filled in is never read as a template, escaped, or taken for a marker.
            ChatMessage::user("- 3\n- 4\n<Mira> {{ items }}\n--- user ---"),
        ]
    );
}

#[test]
fn mistakes_are_told_with_file_and_line() {
    let place = |line: u32| format!("prompt file `little/one.txt`, line {line}: ");
    assert!(message("Hello {{ who }}").starts_with(&place(1)));
    let unknown = message("note\n--- user ---\nHi\n{{ whu }}\n");
    assert_eq!(
        unknown,
        format!(
            "{}unknown variable `whu`, did you mean `who`? (known: who, items)",
            place(4)
        )
    );
    let syntax = message("--- system ---\nok\n--- user ---\nHi\n\n{% if who %}\n");
    assert!(
        syntax.starts_with("prompt file `little/one.txt`, line "),
        "{syntax}"
    );
    assert!(syntax.contains("syntax error"), "{syntax}");
    let filter = message("--- user ---\n\n{{ who | shout }}\n");
    assert!(
        filter.starts_with(&place(3)) && filter.contains("shout"),
        "{filter}"
    );
    let attribute = message("--- user ---\n{{ who.name }}\n");
    assert!(
        attribute.starts_with(&place(2)) && attribute.contains("undefined"),
        "{attribute}"
    );
    let role = message("--- user ---\n{{ who }}\n--- robot ---\n");
    assert!(
        role.starts_with(&place(3)) && role.contains("`robot`"),
        "{role}"
    );
}

#[test]
fn a_value_that_is_missing_is_an_error_not_an_empty_place() {
    let prompt = Prompt::compile("little/one", "--- user ---\nHi {{ who }}", &DOC).unwrap();
    let error = prompt.render(&json!({"items": []})).unwrap_err();
    assert!(
        error.message.starts_with("line 2: undefined value"),
        "{error}"
    );
}

#[test]
fn the_users_file_takes_the_place_of_ours() {
    let doc = find("summary/rolling").unwrap();
    let own = Shop(Some((
        "summary/rolling",
        "--- user ---\nShort! {{ summary }}",
    )));
    let prompt = Prompt::load(&own, doc).unwrap();
    let messages = prompt.render(&json!({"summary": "s"})).unwrap();
    assert_eq!(messages, [ChatMessage::user("Short! s")]);
    assert_eq!(messages[0].role, ChatRole::User);
}

#[test]
fn names_are_those_of_the_registry_or_of_the_users_files() {
    let like = find("extract/mem0-2504").unwrap();
    let named = |shop: &Shop, name: &str| Prompt::named(shop, "prompt", name, like);
    assert!(named(&Shop(None), "extract/mem0-oss-2").is_ok());
    let own = Shop(Some(("extract/mine", "--- user ---\n{{ time }}")));
    assert_eq!(named(&own, "extract/mine").unwrap().name(), "extract/mine");
    let wrong = named(&own, "extract/mem0-2405").unwrap_err();
    assert_eq!(wrong.key.as_deref(), Some("prompt"));
    assert!(
        wrong.message.contains("did you mean `extract/mem0-2504`?"),
        "{wrong}"
    );
    let other = named(&own, "summary/rolling").unwrap_err();
    assert!(other.message.contains("not made for this"), "{other}");
}
