//! The rules extractor.

use async_trait::async_trait;
use jiff::civil::DateTime;
use memgauge_core::{
    ComponentError, Cx, Extractor, Fact, MemoryKind, Source, Turn, TurnId, Window,
};

use super::RulesConfig;
use super::lexicon::{ANAPHORS, VERDICTS};
use super::person::{capitalised, third_person_sentence};
use super::sentence::{
    content_words, is_courtesy, is_question, is_set_phrase, plain, plain_words, sentences,
    statement_before_question, strip_address,
};
use crate::dates;
use crate::extractor::session_metadata;
use crate::extractor::verbatim::shown_caption;

/// See [`RulesConfig`].
#[derive(Debug, Clone)]
pub struct Rules {
    config: RulesConfig,
}

/// A question that still waits for its answer.
struct Asked<'a> {
    turn: TurnId,
    speaker: &'a str,
    text: &'a str,
}

/// A fact of the turn at hand, before its speaker's name is set before it.
struct Draft {
    text: String,
    question: Option<TurnId>,
}

impl Rules {
    /// The extractor as configured.
    pub fn new(config: RulesConfig) -> Self {
        Self { config }
    }

    pub(crate) fn facts(&self, window: &Window<'_>) -> Vec<Fact> {
        let speakers: Vec<&str> = window.head.speakers.iter().map(String::as_str).collect();
        let held_at = window.session.held_at;
        let mut facts = Vec::new();
        let mut asked = window
            .before
            .last()
            .filter(|turn| turn.id.session == window.session.index)
            .and_then(|turn| last_question(turn, &speakers));
        for turn in window.turns {
            let reader = Reader {
                config: &self.config,
                held_at,
                speakers: &speakers,
                turn,
            };
            facts.extend(reader.read(asked.as_ref()).into_iter().map(|draft| {
                let mut sources = vec![Source::cited(turn.id)];
                sources.extend(draft.question.map(Source::window));
                Fact {
                    kind: MemoryKind::Fact,
                    text: named(draft.text, &turn.speaker),
                    speaker: Some(turn.speaker.clone()),
                    sources,
                    held_at,
                    metadata: session_metadata(window.session.index),
                }
            }));
            asked = last_question(turn, &speakers);
        }
        facts
    }
}

/// `text` with the speaker's name before it, unless it names the speaker.
fn named(text: String, speaker: &str) -> String {
    let spoken = plain(speaker);
    let names = plain_words(&text)
        .iter()
        .any(|word| *word == spoken || word.strip_suffix("'s") == Some(&spoken));
    if names || speaker.contains(' ') && text.contains(speaker) {
        text
    } else {
        format!("{speaker}: {text}")
    }
}

/// The last question of a turn that asks for something.
fn last_question<'a>(turn: &'a Turn, speakers: &[&str]) -> Option<Asked<'a>> {
    sentences(&turn.text)
        .into_iter()
        .rfind(|sentence| is_question(sentence) && !is_courtesy(sentence, speakers))
        .map(|text| Asked {
            turn: turn.id,
            speaker: &turn.speaker,
            text,
        })
}

/// Reads one turn.
struct Reader<'a> {
    config: &'a RulesConfig,
    held_at: DateTime,
    speakers: &'a [&'a str],
    turn: &'a Turn,
}

impl Reader<'_> {
    fn read(&self, asked: Option<&Asked<'_>>) -> Vec<Draft> {
        let mut drafts: Vec<Draft> = Vec::new();
        let mut asked = asked.filter(|asked| asked.speaker != self.turn.speaker);
        let mut joinable = false;
        for sentence in sentences(&self.turn.text) {
            if is_courtesy(sentence, self.speakers) {
                continue;
            }
            // Whatever comes first after thanks and greetings is the answer, or there is none.
            if let Some(asked) = asked.take()
                && let Some(draft) = self.answer(asked, sentence)
            {
                drafts.push(draft);
                joinable = true;
                continue;
            }
            let Some(statement) = self.statement(sentence) else {
                joinable = false;
                continue;
            };
            let text = capitalised(&self.rewrite(&statement, &self.turn.speaker));
            match drafts.last_mut() {
                Some(last) if joinable && self.config.join_anaphora && points_back(&statement) => {
                    last.text.push(' ');
                    last.text.push_str(&text);
                }
                _ => drafts.push(Draft {
                    text,
                    question: None,
                }),
            }
            joinable = true;
        }
        if let Some(caption) = shown_caption(self.turn).filter(|_| self.config.captions) {
            drafts.push(Draft {
                text: format!("{} shared an image: {caption}.", self.turn.speaker),
                question: None,
            });
        }
        drafts
    }

    /// What the sentence states, if that is more than small talk.
    fn statement(&self, sentence: &str) -> Option<String> {
        let mut statement = strip_address(sentence, self.speakers);
        if is_question(sentence) {
            statement = format!("{}.", statement_before_question(&statement)?);
        }
        let keeps = !is_set_phrase(&statement)
            && plain_words(&statement).len() >= self.config.min_words
            && content_words(&statement, self.speakers) > 0;
        keeps.then_some(statement)
    }

    /// Question and answer as one fact, where the answer is too short to be understood alone.
    fn answer(&self, asked: &Asked<'_>, sentence: &str) -> Option<Draft> {
        let most = self.config.answer_words;
        if most == 0 || is_question(sentence) {
            return None;
        }
        let words = plain_words(sentence);
        let verdict = words.first().is_some_and(|word| VERDICTS.has(word));
        if words.len() > if verdict { 2 * most } else { most } {
            return None;
        }
        // Praise for the asker, or an echo, is no answer; a verdict, a number or news is.
        let tells = verdict
            || content_words(sentence, self.speakers) > 0
            || content_words(asked.text, self.speakers) > 0;
        if !tells {
            return None;
        }
        let question = strip_address(asked.text, self.speakers);
        let question = capitalised(&self.rewrite(&question, asked.speaker));
        let answer = self.rewrite(sentence, &self.turn.speaker);
        Some(Draft {
            text: format!("{question} {}: {answer}", self.turn.speaker),
            question: Some(asked.turn),
        })
    }

    /// The sentence in the third person, with its relative dates resolved.
    fn rewrite(&self, sentence: &str, speaker: &str) -> String {
        let dated = if self.config.resolve_dates {
            with_dates(sentence, self.held_at)
        } else {
            sentence.to_owned()
        };
        let listener = self
            .speakers
            .iter()
            .copied()
            .find(|name| *name != speaker)
            .filter(|_| self.config.second_person && self.speakers.contains(&speaker));
        third_person_sentence(&dated, speaker, listener)
    }
}

fn points_back(statement: &str) -> bool {
    plain_words(statement)
        .first()
        .is_some_and(|word| ANAPHORS.has(word))
}

/// `text` with the date after every relative one: "yesterday (7 May 2023)".
fn with_dates(text: &str, held_at: DateTime) -> String {
    let mut dated = String::with_capacity(text.len());
    let mut from = 0;
    for mention in dates::find(text, held_at) {
        if !mention.is_relative {
            continue;
        }
        let Some(before) = text.get(from..mention.span.end) else {
            continue;
        };
        let when = mention.value.adverbial();
        let when = when.strip_prefix("on ").unwrap_or(&when);
        let when = when.strip_prefix("in ").unwrap_or(when);
        dated.push_str(before);
        dated.push_str(" (");
        dated.push_str(when);
        dated.push(')');
        from = mention.span.end;
    }
    dated.push_str(text.get(from..).unwrap_or_default());
    dated
}

#[async_trait]
impl Extractor for Rules {
    fn kind(&self) -> &'static str {
        "rules"
    }

    // The question that the first turn of a batch may answer.
    fn lookback(&self) -> usize {
        1
    }

    async fn extract(&self, cx: &Cx, window: &Window<'_>) -> Result<Vec<Fact>, ComponentError> {
        cx.count("extractor:rules", 1);
        Ok(self.facts(window))
    }
}
