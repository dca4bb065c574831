use jiff::civil::{DateTime, date};
use memgauge_core::{
    BuildError, Context, ContextEntry, ConversationId, EmbedderHandle, Parts, Tokenizer, TurnId,
};

use super::question_type::{Asked, Grain, Kind};
use super::{Extractive, ExtractiveConfig, NO_INFORMATION};
use crate::answerer::AnswererConfig;

fn entry(turn: TurnId, held_at: DateTime, speaker: &str, body: &str) -> ContextEntry {
    ContextEntry {
        memory: None,
        conversation: ConversationId::new("talk"),
        turns: vec![turn],
        lineage: vec![turn],
        held_at: Some(held_at),
        speaker: Some(speaker.to_owned()),
        body: body.to_owned(),
        shown: format!("{speaker}: {body}"),
        cut: false,
    }
}

fn context(entries: Vec<ContextEntry>) -> Context {
    Context {
        entries,
        ..Context::default()
    }
}

/// A talk of two sessions about unlike things.
fn talk() -> Context {
    let may = date(2024, 5, 15).at(19, 0, 0, 0);
    let june = date(2024, 6, 20).at(9, 30, 0, 0);
    let said = [
        (1, may, "Ines", "Hi Pavel! How was your spring?"),
        (
            1,
            may,
            "Pavel",
            "Busy! Yesterday I sold my old motorbike to a neighbour.",
        ),
        (
            1,
            may,
            "Ines",
            "Nice. I started a beekeeping course last month, and it is wonderful.",
        ),
        (1, may, "Pavel", "Do you have a teacher?"),
        (
            1,
            may,
            "Ines",
            "Yes, her name is Rosalind. She has kept bees for 12 years.",
        ),
        (
            1,
            may,
            "Pavel",
            "We adopted three kittens from the harbour shelter last Saturday.",
        ),
        (
            2,
            june,
            "Ines",
            "Next month I am moving to Ljubljana because my sister lives there.",
        ),
        (
            2,
            june,
            "Pavel",
            "I just finished reading \"The Glass Orchard\" and cried.",
        ),
        (
            2,
            june,
            "Ines",
            "My favourite dish to cook is mushroom risotto.",
        ),
        (
            2,
            june,
            "Pavel",
            "In 2019 I climbed Triglav with my cousin.",
        ),
        (
            2,
            june,
            "Ines",
            "I have never been on a motorbike, they scare me.",
        ),
        (
            2,
            june,
            "Pavel",
            "I play the cello in a small orchestra on weekends.",
        ),
    ];
    let mut turn = TurnId::new(0, 0);
    let entries = said
        .into_iter()
        .map(|(session, held_at, speaker, body)| {
            turn = if turn.session == session {
                TurnId::new(session, turn.turn + 1)
            } else {
                TurnId::new(session, 1)
            };
            entry(turn, held_at, speaker, body)
        })
        .collect();
    context(entries)
}

fn answerer() -> Extractive {
    Extractive::new(ExtractiveConfig::default())
}

#[test]
fn times_are_resolved_against_the_session() {
    let table = [
        ("When did Pavel sell his motorbike?", "14 May 2024", 1),
        (
            "When did Ines start the beekeeping course?",
            "April 2024",
            2,
        ),
        (
            "When did Pavel adopt the kittens?",
            "The Saturday before 15 May 2024",
            5,
        ),
        ("When is Ines moving to Ljubljana?", "July 2024", 6),
        ("When did Pavel climb Triglav?", "2019", 9),
        ("Which year did Pavel sell the motorbike?", "2024", 1),
        ("What month did Pavel adopt the kittens?", "May 2024", 5),
        (
            "When did Pavel finish reading The Glass Orchard?",
            "20 June 2024",
            7,
        ),
    ];
    let (answerer, talk) = (answerer(), talk());
    for (question, text, entry) in table {
        let answer = answerer.read(question, &talk);
        assert_eq!(
            (answer.text.as_str(), answer.entry),
            (text, Some(entry)),
            "{question}"
        );
    }
}

#[test]
fn spans_hold_the_answer_and_little_else() {
    // Question, words that the answer must hold, most words that it may have.
    let table = [
        ("What did Pavel sell to a neighbour?", "motorbike", 4),
        (
            "What book did Pavel finish reading?",
            "The Glass Orchard",
            4,
        ),
        ("How many kittens did Pavel adopt?", "three", 1),
        ("How long has Rosalind kept bees?", "12 years", 2),
        ("Where is Ines moving?", "Ljubljana", 3),
        (
            "What is the favourite dish that Ines likes to cook?",
            "mushroom risotto",
            3,
        ),
        (
            "What instrument does Pavel play in the orchestra?",
            "cello",
            5,
        ),
    ];
    let (answerer, talk) = (answerer(), talk());
    for (question, wanted, most) in table {
        let answer = answerer.read(question, &talk).text;
        assert!(answer.contains(wanted), "{question}: {answer}");
        assert!(answer.split(' ').count() <= most, "{question}: {answer}");
    }
}

#[test]
fn yes_no_and_choices_are_told_by_the_turn() {
    let (answerer, talk) = (answerer(), talk());
    let read = |question: &str| answerer.read(question, &talk).text;
    assert_eq!(read("Does Pavel play the cello?"), "Yes");
    assert_eq!(read("Has Ines been on a motorbike?"), "No");
    assert_eq!(read("Would Ines enjoy a ride on a motorbike?"), "Likely no");
    assert_eq!(read("Does Pavel play the flute or the cello?"), "cello");
}

#[test]
fn lists_join_what_several_turns_say() {
    let held_at = date(2024, 5, 15).at(19, 0, 0, 0);
    let entries = [
        "We visited Lisbon in spring.",
        "The week after we visited Granada.",
        "Last of all we visited Marseille.",
    ];
    let entries = entries
        .into_iter()
        .zip(1..)
        .map(|(body, turn)| entry(TurnId::new(1, turn), held_at, "Ada", body))
        .collect();
    let answer = answerer()
        .read("Which cities has Ada visited?", &context(entries))
        .text;
    let places: Vec<&str> = answer.split(", ").collect();
    for place in ["Lisbon", "Granada", "Marseille"] {
        assert!(places.iter().any(|said| said.contains(place)), "{answer}");
    }
}

#[test]
fn nothing_known_is_no_information() {
    let (answerer, talk) = (answerer(), talk());
    let empty = answerer.read("When did Pavel sell his motorbike?", &Context::default());
    assert_eq!((empty.text.as_str(), empty.entry), (NO_INFORMATION, None));
    let foreign = answerer.read("Which volcano erupted near Reykjavik?", &talk);
    assert_eq!(
        (foreign.text.as_str(), foreign.entry),
        (NO_INFORMATION, None)
    );
}

#[test]
fn chunks_are_read_line_by_line() {
    let held_at = date(2024, 5, 15).at(19, 0, 0, 0);
    let chunk = ContextEntry {
        speaker: None,
        ..entry(
            TurnId::new(1, 1),
            held_at,
            "",
            "Ines: I bought a kayak two days ago.\nPavel: I bought a tent yesterday.",
        )
    };
    let read = |question: &str| {
        answerer()
            .read(question, &context(vec![chunk.clone()]))
            .text
    };
    assert_eq!(read("When did Ines buy a kayak?"), "13 May 2024");
    assert_eq!(read("When did Pavel buy a tent?"), "14 May 2024");
}

#[test]
fn memory_of_texts_changes_no_answer() {
    let talk = talk();
    let warm = answerer();
    let questions = [
        "What did Pavel sell?",
        "Why is Ines moving?",
        "Where did Pavel adopt kittens?",
        "When did Pavel climb Triglav?",
    ];
    let first: Vec<_> = questions.iter().map(|q| warm.read(q, &talk)).collect();
    let again: Vec<_> = questions.iter().map(|q| warm.read(q, &talk)).collect();
    let cold: Vec<_> = questions
        .iter()
        .map(|q| answerer().read(q, &talk))
        .collect();
    assert_eq!(first, again);
    assert_eq!(first, cold);
    assert!(first.iter().all(|answer| answer.entry.is_some()));
}

#[test]
fn question_words_tell_the_kind() {
    let table = [
        ("When did it rain?", Kind::When(Grain::Any), false),
        (
            "In which month did she leave?",
            Kind::When(Grain::Month),
            false,
        ),
        ("What year was that?", Kind::When(Grain::Year), false),
        (
            "How long ago was the wedding?",
            Kind::HowLong { is_ago: true },
            false,
        ),
        ("How many cousins has he?", Kind::HowMany, false),
        ("Whose coat is this?", Kind::Who, false),
        ("Which cities did they see?", Kind::Where, true),
        ("What kinds of tea does he drink?", Kind::WhatNoun, true),
        ("What bus did he take?", Kind::WhatNoun, false),
        ("What are the names of his cats?", Kind::WhatIs, true),
        ("What did she paint?", Kind::WhatDo, false),
        ("Would he like tea?", Kind::YesNo { is_guess: true }, false),
        ("Is he tall?", Kind::YesNo { is_guess: false }, false),
    ];
    for (text, kind, is_list) in table {
        let asked = Asked::new(text);
        assert_eq!((asked.kind, asked.is_list), (kind, is_list), "{text}");
    }
}

#[test]
fn what_somebody_else_did_is_not_believed() {
    let talk = talk();
    let question = "What did Ines sell to a neighbour?";
    assert_eq!(answerer().read(question, &talk).text, NO_INFORMATION);
    let trusting = Extractive::new(ExtractiveConfig {
        speaker_margin: 0.0,
        ..ExtractiveConfig::default()
    });
    let answer = trusting.read(question, &talk);
    assert!(answer.text.contains("motorbike"), "{}", answer.text);
    let own = answerer().read("What did Pavel sell to a neighbour?", &talk);
    assert!(own.text.contains("motorbike"), "{}", own.text);
}

struct NoParts;

impl Parts for NoParts {
    fn embedder(&self, name: &str) -> Result<EmbedderHandle, BuildError> {
        Err(BuildError::new(name))
    }

    fn tokenizer(&self, name: &str) -> Result<std::sync::Arc<dyn Tokenizer>, BuildError> {
        Err(BuildError::new(name))
    }

    fn folder(&self) -> &std::path::Path {
        std::path::Path::new("")
    }
}

#[test]
fn configs_are_checked() {
    let build = |text: &str| {
        let config: AnswererConfig = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let built = config
            .build(&NoParts)
            .map_err(|e| e.key.unwrap_or_default());
        built.map(|part| part.kind())
    };
    assert_eq!(build(r#"{"kind":"extractive"}"#), Ok("extractive"));
    let wrong = |text| build(text).unwrap_err();
    assert_eq!(
        wrong(r#"{"kind":"extractive","min-support":1.5}"#),
        "min-support"
    );
    assert_eq!(
        wrong(r#"{"kind":"extractive","speaker-margin":-0.1}"#),
        "speaker-margin"
    );
    assert_eq!(
        wrong(r#"{"kind":"extractive","list-limit":0}"#),
        "list-limit"
    );
    assert!(wrong(r#"{"kind":"extractive","min-suport":0.1}"#).contains("min-suport"));
}
