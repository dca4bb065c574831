use std::collections::BTreeMap;
use std::sync::Arc;

use memgauge_core::{
    Build, ChatRequest, ChatRole, ErrorKind, Extractor, Fact, Meter, ReplyForm, Session, Source,
    Stage, TurnId, Window,
};

use super::*;
use crate::extractor::fixture::{captioned, head, session};
use crate::scripted::{ChatShop, Scripted};

const TALK: [(&str, &str); 4] = [
    ("Mira", "I bought a kayak yesterday."),
    ("Tom", "Which colour?"),
    ("Mira", "Red."),
    ("Tom", "I sold my boat."),
];

fn plain() -> LlmExtractorConfig {
    LlmExtractorConfig {
        summary: SummaryConfig {
            enabled: false,
            ..SummaryConfig::default()
        },
        ..LlmExtractorConfig::default()
    }
}

pub(super) fn built(config: &LlmExtractorConfig, model: &Arc<Scripted>) -> Box<dyn Extractor> {
    config.build(&ChatShop(Arc::clone(model))).unwrap()
}

/// The first two turns as a window.
pub(super) async fn extract(
    extractor: &dyn Extractor,
    session: &Session,
    perspective: Option<&str>,
) -> (Result<Vec<Fact>, ErrorKind>, BTreeMap<String, u64>) {
    let head = head("Mira", "Tom");
    let window = Window {
        head: &head,
        session,
        turns: &session.turns[..2],
        before: &session.turns[2..],
        perspective,
    };
    let meter = Meter::new();
    let result = extractor
        .extract(&meter.at(Stage::Extract), &window)
        .await
        .map_err(|error| error.kind);
    (result, meter.counters())
}

fn texts(facts: &[Fact]) -> Vec<&str> {
    facts.iter().map(|fact| fact.text.as_str()).collect()
}

fn turn(number: u32) -> TurnId {
    TurnId::new(3, number)
}

#[tokio::test]
async fn facts_rest_on_their_window_and_belong_to_the_user() {
    let model = Scripted::always(r#"{"facts": ["Mira bought a kayak.", "Mira rows."]}"#);
    let session = captioned(session(&TALK), 1, "a red kayak");
    let (facts, counters) = extract(&*built(&plain(), &model), &session, Some("Mira")).await;
    let facts = facts.unwrap();
    assert_eq!(texts(&facts), ["Mira bought a kayak.", "Mira rows."]);
    let window = [Source::window(turn(1)), Source::window(turn(2))];
    assert_eq!(facts[0].sources, window);
    assert_eq!(facts[0].speaker.as_deref(), Some("Mira"));
    assert_eq!(facts[0].metadata["session"], "3");
    assert_eq!(counters, BTreeMap::from([("extractor:llm".to_owned(), 1)]));

    let (request, epoch) = model.asked().remove(0);
    assert_eq!(epoch, 0);
    assert_eq!(request.messages[0].role, ChatRole::System);
    assert_eq!(
        request.messages[1].content,
        "Earlier messages:\nuser Mira: Red.\nassistant Tom: I sold my boat.\n\n\
         Time of the conversation: Monday, 1:56 pm on 15 May, 2023\n\n\
         New messages:\nuser Mira: I bought a kayak yesterday.\nassistant Tom: Which colour?"
    );
    let config = LlmExtractorConfig {
        captions: true,
        ..plain()
    };
    let (_, _) = extract(&*built(&config, &model), &session, None).await;
    let shown = model.last_messages().pop().unwrap();
    assert!(
        shown.contains("\nMira: I bought a kayak yesterday. [shared an image: a red kayak]\n"),
        "{shown}"
    );
}

#[tokio::test]
async fn cited_messages_become_sources_and_wrong_numbers_are_counted() {
    let model = Scripted::always(
        r#"{"facts": [{"text": "Tom asks.", "turns": ["2", 2]},
                      {"text": "Nobody.", "turns": [0, 3, "x"]},
                      {"text": "Both.", "turns": [2, 1, 9]},
                      "Loose."]}"#,
    );
    let config = LlmExtractorConfig {
        cite: true,
        ..plain()
    };
    let (facts, counters) = extract(&*built(&config, &model), &session(&TALK), None).await;
    let facts = facts.unwrap();
    let window = [Source::window(turn(1)), Source::window(turn(2))];
    let both = [Source::cited(turn(1)), Source::cited(turn(2))];
    assert_eq!(facts[0].sources, [Source::cited(turn(2))]);
    assert_eq!(facts[0].speaker.as_deref(), Some("Tom"));
    assert_eq!(facts[1].sources, window);
    assert_eq!(facts[1].speaker, None);
    assert_eq!(facts[2].sources, both);
    assert_eq!(facts[3].sources, window);
    assert_eq!(counters["refused:extract-turn"], 4);
    assert_eq!(counters["uncited:extract"], 2);
    let shown = model.last_messages().remove(0);
    assert!(shown.contains("\n[2] Tom: Which colour?"), "{shown}");
}

#[tokio::test]
async fn what_a_reply_loses_is_counted() {
    let model = Scripted::always(
        "Sure!\n```json\n{\"facts\": [\" One. \", \"\", \"one\", {\"fact\": \"Two.\"}, {\"a\": 1}, \"Three.\"]}\n```",
    );
    let config = LlmExtractorConfig {
        max_facts: Some(2),
        ..plain()
    };
    let (facts, counters) = extract(&*built(&config, &model), &session(&TALK), None).await;
    assert_eq!(texts(&facts.unwrap()), ["One.", "Two."]);
    for (counter, count) in [
        ("dropped:extract-empty", 1),
        ("dropped:extract-duplicate", 1),
        ("dropped:extract-unreadable", 1),
        ("dropped:extract-limit", 1),
    ] {
        assert_eq!(counters[counter], count, "{counter}");
    }
}

#[tokio::test]
async fn unreadable_replies_cost_one_window_and_other_failures_end_it() {
    for (script, counter) in [
        (Ok("no JSON here"), "malformed:extract"),
        (Ok(r#"{"memories": []}"#), "malformed:extract"),
        (Err(ErrorKind::ContextTooLong), "too-long:extract"),
    ] {
        let model = Scripted::new(move |_| script.map(str::to_owned));
        let (facts, counters) = extract(&*built(&plain(), &model), &session(&TALK), None).await;
        assert_eq!(facts, Ok(Vec::new()));
        assert_eq!(counters[counter], 1, "{counter}");
        assert_eq!(model.asked().len(), 1 + usize::from(script.is_ok()));
    }
    for kind in [
        ErrorKind::Transient,
        ErrorKind::Quota,
        ErrorKind::NotRecorded,
    ] {
        let model = Scripted::new(move |_| Err(kind));
        let (facts, _) = extract(&*built(&plain(), &model), &session(&TALK), None).await;
        assert_eq!(facts, Err(kind));
    }
}

fn schema_of(request: &ChatRequest) -> &serde_json::Value {
    let ReplyForm::Json { schema, .. } = &request.form else {
        panic!("{:?}", request.form);
    };
    schema
}

#[tokio::test]
async fn limits_stand_in_the_schema_only_where_they_are_set() {
    let model = Scripted::always(r#"{"facts": []}"#);
    extract(&*built(&plain(), &model), &session(&TALK), None)
        .await
        .0
        .unwrap();
    let config = LlmExtractorConfig {
        max_facts: Some(4),
        max_chars: Some(120),
        max_tokens: Some(300),
        cite: true,
        ..plain()
    };
    extract(&*built(&config, &model), &session(&TALK), None)
        .await
        .0
        .unwrap();
    let asked = model.asked();
    let text = schema_of(&asked[0].0).to_string();
    assert!(!text.contains("max"), "{text}");
    let (bound, _) = &asked[1];
    let schema = schema_of(bound);
    assert_eq!(schema["properties"]["facts"]["maxItems"], 4);
    let item = &schema["properties"]["facts"]["items"];
    assert_eq!(item["properties"]["text"]["maxLength"], 120);
    assert_eq!(item["properties"]["turns"]["maxItems"], 8);
    assert_eq!(bound.max_tokens, Some(300));
}

#[tokio::test]
async fn instructions_are_text_or_the_name_of_a_prompt() {
    let model = Scripted::always(r#"{"facts": []}"#);
    for (instructions, shown) in [
        ("Write in verse.", "Write in verse."),
        ("instructions/mem0-eval", "always name the person"),
    ] {
        let config = LlmExtractorConfig {
            instructions: instructions.to_owned(),
            ..plain()
        };
        extract(&*built(&config, &model), &session(&TALK), None)
            .await
            .0
            .unwrap();
        let (request, _) = model.asked().pop().unwrap();
        assert!(request.messages[0].content.contains(shown), "{shown}");
    }
}

#[test]
fn mistakes_in_the_config_name_their_key() {
    let model = Scripted::always("");
    let of = |change: &dyn Fn(&mut LlmExtractorConfig)| {
        let mut config = LlmExtractorConfig::default();
        change(&mut config);
        let error = config.build(&ChatShop(Arc::clone(&model))).err().unwrap();
        (error.key.unwrap(), error.message)
    };
    assert_eq!(of(&|c| c.model = "gpt".to_owned()).0, "model");
    assert_eq!(of(&|c| c.max_facts = Some(0)).0, "max-facts");
    assert_eq!(of(&|c| c.summary.lag = 0).0, "summary.lag");
    assert_eq!(of(&|c| c.summary.every = 0).0, "summary.every");
    let (key, message) = of(&|c| c.prompt = "extract/mem0-evla".to_owned());
    assert_eq!(key, "prompt");
    assert!(message.contains("`extract/mem0-eval`"), "{message}");
    assert_eq!(
        of(&|c| c.prompt = "instructions/mem0-eval".to_owned()).0,
        "prompt"
    );
    assert_eq!(
        of(&|c| c.instructions = "instructions/none".to_owned()).0,
        "instructions"
    );
    assert_eq!(
        of(&|c| c.summary.prompt = "extract/mem0-eval".to_owned()).0,
        "summary.prompt"
    );
}
