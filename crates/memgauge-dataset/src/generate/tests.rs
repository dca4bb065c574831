use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;
use memgauge_core::Category;

use super::*;
use crate::{Dataset, locomo};

fn bytes(shape: GeneratedShape, seed: u64) -> Vec<u8> {
    let mut out = Vec::new();
    generate(shape, seed, &mut out).unwrap();
    out
}

fn loaded(bytes: &[u8]) -> Dataset {
    locomo::parse(Path::new("generated.json"), bytes).unwrap()
}

const SMALL: GeneratedShape = GeneratedShape {
    conversations: 3,
    sessions: 27,
    turns: 588,
    questions: 199,
};

#[test]
fn the_same_seed_gives_the_same_bytes_and_a_smaller_dataset_is_the_beginning() {
    let three = bytes(SMALL, 7);
    assert_eq!(three, bytes(SMALL, 7));
    assert_ne!(three, bytes(SMALL, 8));
    let two = bytes(
        GeneratedShape {
            conversations: 2,
            ..SMALL
        },
        7,
    );
    let end = two.len() - "\n]\n".len();
    assert_eq!(two.get(..end), three.get(..end));
    // Known bytes: a seed means the same in every version.
    let digest = blake3::hash(&three).to_hex();
    assert_eq!(digest.get(..16), Some("badcd682b21c3dec"));
}

#[test]
fn the_loader_finds_nothing_odd_and_the_shape_is_as_asked() {
    let dataset = loaded(&bytes(SMALL, 1));
    assert!(dataset.report.findings.is_empty(), "{:#?}", dataset.report);
    let stats = dataset.stats();
    assert_eq!(
        (stats.conversations, stats.sessions, stats.turns),
        (3, 81, 1764)
    );
    assert_eq!(stats.questions, 597);
    // LOCOMO's proportions: 14, 16, 5, 42 and 22 of 100.
    for (category, percent) in Category::ALL.iter().zip([14, 16, 5, 42, 22]) {
        let count = stats.questions_by_category[category] * 100 / stats.questions;
        assert!(count.abs_diff(percent) <= 6, "{category}: {count} %");
    }
    let uneven = GeneratedShape {
        conversations: 1,
        sessions: 4,
        turns: 10,
        questions: 0,
    };
    let sizes: Vec<usize> = loaded(&bytes(uneven, 1)).conversations[0]
        .conversation
        .sessions
        .iter()
        .map(|session| session.turns.len())
        .collect();
    assert_eq!(sizes, [3, 3, 2, 2]);
}

/// Whether `text` has the words of `phrase`, and not only within a longer word or number.
fn says(text: &str, phrase: &str) -> bool {
    text.to_lowercase()
        .split(&phrase.to_lowercase())
        .collect::<Vec<_>>()
        .windows(2)
        .any(|sides| {
            let inside = |c: char| c.is_alphanumeric();
            !sides[0].ends_with(inside) && !sides[1].starts_with(inside)
        })
}

/// The days that a turn speaks of.
fn days(text: &str, said: Date) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for offset in -60..=60_i64 {
        use jiff::ToSpan as _;
        let day = said.saturating_add(offset.days());
        let phrases = match offset {
            -1 => vec!["yesterday".to_owned()],
            -2 => vec!["the day before yesterday".to_owned()],
            1 => vec!["tomorrow".to_owned()],
            2 => vec!["the day after tomorrow".to_owned()],
            days if days < 0 => vec![format!("{} days ago", -days)],
            days => vec![format!("in {days} days")],
        };
        let named = format!("on {}", day.strftime("%-d %B"));
        if phrases
            .iter()
            .chain([&named])
            .any(|phrase| says(text, phrase))
        {
            found.insert(day.strftime("%-d %B %Y").to_string().to_lowercase());
        }
    }
    found
}

#[test]
fn every_answer_stands_in_its_evidence_and_no_other_turn_is_about_it() {
    let dataset = loaded(&bytes(SMALL, 3));
    let mut dates = 0;
    for entry in &dataset.conversations {
        let head = &entry.conversation.head;
        for item in &entry.items {
            let mut evidence = String::new();
            let mut meant = BTreeSet::new();
            for (session, turn) in entry.conversation.turns() {
                if item.key.evidence.contains(&turn.id) {
                    meant.extend(days(&turn.text, session.held_at.date()));
                    evidence.push_str(&turn.text.to_lowercase());
                }
            }
            // Of an open-domain question the reason stands there.
            let answer = item.key.gold.text().to_lowercase();
            let answer = answer.strip_prefix("likely no; ").unwrap_or(&answer);
            let joined = item.key.category != Category::SingleHop;
            let parts: Vec<&str> = match joined {
                true => answer.split(", ").collect(),
                false => vec![answer],
            };
            for part in parts {
                dates += usize::from(meant.contains(part));
                let is_there = meant.contains(part) || evidence.contains(part);
                // The trap of a question may be a list as well.
                let trap = item.key.category == Category::Adversarial;
                let stripe = trap && evidence.contains(answer);
                assert!(is_there || stripe, "{item:#?}\n{evidence}");
            }
            let [a, b] = &head.speakers;
            let names = [a, b].map(|name| item.question.text.contains(name.as_str()));
            assert_eq!(names.iter().filter(|named| **named).count(), 1);
        }
    }
    assert!(dates > 50, "{dates} dates");
}

#[test]
fn impossible_shapes_are_refused_with_what_would_help() {
    let refused = |shape| {
        let error = generate(shape, 1, &mut Vec::new()).unwrap_err();
        error.to_string()
    };
    let turns = |turns, questions| GeneratedShape {
        conversations: 1,
        sessions: 2,
        turns,
        questions,
    };
    assert_eq!(
        refused(turns(1, 0)),
        "1 turns are not enough for 2 sessions: each has at least one"
    );
    assert_eq!(refused(turns(0, 0)), "`turns` must be at least 1, found 0");
    let few = refused(turns(20, 1000));
    assert!(
        few.starts_with("generated-00001: 20 turns answer ") && few.contains("--questions"),
        "{few}"
    );
}

#[test]
fn templates_are_made_of_the_samples_turns() {
    let sample = include_bytes!("../../../../datasets/sample/sample.json");
    let sample = loaded(sample);
    let templates = Templates::embedded().unwrap();
    let words = |text: &str| -> BTreeSet<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.len() > 2)
            .map(str::to_lowercase)
            .collect()
    };
    for exchange in &templates.exchange {
        let mut said = BTreeSet::new();
        for source in &exchange.from {
            let (conversation, turn) = source.split_once(' ').unwrap();
            let entry = sample.entry(&memgauge_core::ConversationId::new(conversation));
            let turn = entry
                .unwrap()
                .conversation
                .turns()
                .find(|(_, one)| one.id.to_string() == turn);
            said.extend(words(&turn.expect(source).1.text));
        }
        let ours: BTreeSet<String> = exchange
            .turns
            .iter()
            .flat_map(|line| words(&line.text))
            .collect();
        let shared = ours.intersection(&said).count();
        assert!(
            shared * 3 >= ours.len(),
            "{:?} shares {shared} of {}",
            exchange.from,
            ours.len()
        );
    }
}

#[test]
fn conversations_of_any_length_can_be_told() {
    let long = GeneratedShape {
        conversations: 1,
        sessions: 100,
        turns: 20_000,
        questions: 1000,
    };
    let dataset = loaded(&bytes(long, 5));
    assert!(dataset.report.findings.is_empty());
    assert_eq!(dataset.stats().turns, 20_000);
}
