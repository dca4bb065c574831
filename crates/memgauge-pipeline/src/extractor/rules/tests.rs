use memgauge_core::{Build, Fact, How, Source, TurnId, Window};

use super::{Rules, RulesConfig};
use crate::extractor::fixture::{NoParts, captioned, extract, head, session};

fn rules(config: RulesConfig) -> Rules {
    Rules::new(config)
}

fn texts(facts: &[Fact]) -> Vec<&str> {
    facts.iter().map(|fact| fact.text.as_str()).collect()
}

fn say(turns: &[(&str, &str)]) -> Vec<Fact> {
    extract(&rules(RulesConfig::default()), &session(turns))
}

#[test]
fn small_talk_and_bare_questions_are_dropped() {
    let facts = say(&[
        ("Mira", "Hey Tom! Good to see you! How have you been?"),
        (
            "Tom",
            "Hi Mira! I'm good, thanks! I sold my kayak yesterday.",
        ),
        ("Mira", "Wow, that's awesome! Congrats!"),
        (
            "Tom",
            "Thanks a lot, Mira! \u{1F600} Thanks, Mira, for the advice!",
        ),
    ]);
    assert_eq!(
        texts(&facts),
        ["Tom sold Tom's kayak yesterday (14 May 2023)."]
    );
    assert_eq!(facts[0].sources, [Source::cited(TurnId::new(3, 2))]);
    assert_eq!(facts[0].speaker.as_deref(), Some("Tom"));
    assert_eq!(facts[0].metadata["session"], "3");
}

#[test]
fn a_short_answer_keeps_its_question() {
    let facts = say(&[
        ("Mira", "I moved house. Do you have any pets, Tom?"),
        ("Tom", "Yes, three of them. They are parrots."),
    ]);
    assert_eq!(
        texts(&facts),
        [
            "Mira moved house.",
            "Does Tom have any pets? Tom: Yes, three of them. They are parrots."
        ]
    );
    assert_eq!(
        facts[1].sources,
        [
            Source::cited(TurnId::new(3, 2)),
            Source::window(TurnId::new(3, 1))
        ]
    );
    let apart = extract(
        &rules(RulesConfig {
            answer_words: 0,
            ..RulesConfig::default()
        }),
        &session(&[
            ("Mira", "Do you have any pets?"),
            ("Tom", "Parrots, three of them."),
        ]),
    );
    assert_eq!(texts(&apart), ["Tom: Parrots, three of them."]);
}

#[test]
fn a_question_is_answered_by_the_other_speaker_only() {
    let facts = say(&[
        ("Mira", "Do you own a boat?"),
        ("Mira", "Never mind the weather forecast."),
    ]);
    assert_eq!(texts(&facts), ["Mira: Never mind the weather forecast."]);
}

#[test]
fn the_question_may_lie_before_the_batch() {
    let session = session(&[
        ("Mira", "Where did you buy the parrots?"),
        ("Tom", "In Lyon."),
    ]);
    let head = head("Mira", "Tom");
    let extractor = rules(RulesConfig::default());
    let facts = extractor.facts(&Window {
        perspective: None,
        head: &head,
        session: &session,
        turns: &session.turns[1..],
        before: &session.turns[..1],
    });
    assert_eq!(
        texts(&facts),
        ["Where did Tom buy the parrots? Tom: In Lyon."]
    );
    assert_eq!(facts[0].sources[1].how, How::Window);
}

#[test]
fn sentences_that_point_back_join_the_fact_before_them() {
    let turns = [("Mira", "I bought a kayak. It is red. The oars cost more.")];
    assert_eq!(
        texts(&say(&turns)),
        [
            "Mira bought a kayak. It is red.",
            "Mira: The oars cost more."
        ]
    );
    let apart = extract(
        &rules(RulesConfig {
            join_anaphora: false,
            ..RulesConfig::default()
        }),
        &session(&turns),
    );
    assert_eq!(texts(&apart)[1], "Mira: It is red.");
}

#[test]
fn the_statement_before_a_question_is_kept() {
    let facts = say(&[("Mira", "I just sold my kayak, do you want the oars?")]);
    assert_eq!(texts(&facts), ["Mira just sold Mira's kayak."]);
}

#[test]
fn dates_and_second_person_are_options() {
    let turns = [("Mira", "You were at the lake last Friday.")];
    assert_eq!(
        texts(&say(&turns)),
        ["Mira: Tom was at the lake last Friday (the Friday before 15 May 2023)."]
    );
    let plain = extract(
        &rules(RulesConfig {
            resolve_dates: false,
            second_person: false,
            ..RulesConfig::default()
        }),
        &session(&turns),
    );
    assert_eq!(texts(&plain), ["Mira: You were at the lake last Friday."]);
}

#[test]
fn captions_are_an_option() {
    let session = captioned(session(&[("Mira", "Look!")]), 1, "a red boat");
    assert!(extract(&rules(RulesConfig::default()), &session).is_empty());
    let facts = extract(
        &rules(RulesConfig {
            captions: true,
            ..RulesConfig::default()
        }),
        &session,
    );
    assert_eq!(texts(&facts), ["Mira shared an image: a red boat."]);
}

#[test]
fn a_sentence_needs_words() {
    let config = RulesConfig {
        min_words: 0,
        ..RulesConfig::default()
    };
    let error = config.build(&NoParts).err().unwrap();
    assert_eq!(error.key.as_deref(), Some("min-words"));
    let long = extract(
        &rules(RulesConfig {
            min_words: 6,
            ..RulesConfig::default()
        }),
        &session(&[("Mira", "I bought a kayak. I bought it at the old harbour.")]),
    );
    assert_eq!(texts(&long), ["Mira bought it at the old harbour."]);
}
