//! From the file's shape to memgauge's types: questions and their keys.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{AnswerKey, Category, Conversation, Gold, Question, QuestionId, TurnId};

use super::convert::{Fault, Reader};
use super::{evidence, wire};
use crate::{Item, Oddity};

impl Reader<'_> {
    pub(super) fn items(
        &mut self,
        wire: Vec<wire::Question>,
        conversation: &Conversation,
    ) -> Result<Vec<Item>, Fault> {
        let ids: BTreeSet<TurnId> = conversation.turns().map(|(_, turn)| turn.id).collect();
        let mut texts: BTreeMap<String, QuestionId> = BTreeMap::new();
        let mut items = Vec::with_capacity(wire.len());
        for (index, wire) in wire.into_iter().enumerate() {
            let place = format!("qa[{index}]");
            let id = QuestionId {
                conversation: self.id.clone(),
                index: u32::try_from(index).map_err(|_| {
                    let message = "more questions than can be numbered".to_owned();
                    (place.clone(), message)
                })?,
            };
            if wire.question.trim().is_empty() {
                let message = "expected a question, found an empty text".to_owned();
                return Err((format!("{place}.question"), message));
            }
            if let Some(first) = texts.get(&wire.question).cloned() {
                let question = id.clone();
                self.found(
                    format!("{place}.question"),
                    Oddity::QuestionRepeated { question, first },
                );
            } else {
                texts.insert(wire.question.clone(), id.clone());
            }
            let category = wire.category;
            let gold = self.gold(&place, &id, category, wire.answer, wire.adversarial_answer)?;
            let evidence = self.evidence(&place, &id, category, &wire.evidence, &ids);
            items.push(Item {
                question: Question {
                    id,
                    text: wire.question,
                },
                key: AnswerKey {
                    category,
                    gold,
                    evidence,
                },
                evidence_as_written: wire.evidence,
            });
        }
        Ok(items)
    }

    fn gold(
        &mut self,
        place: &str,
        id: &QuestionId,
        category: Category,
        answer: Option<wire::Answer>,
        adversarial: Option<wire::Answer>,
    ) -> Result<Gold, Fault> {
        let missing = |field: &str| {
            let number = category.number();
            let message = format!("missing field `{field}`, expected in category {number}");
            (place.to_owned(), message)
        };
        if category.is_scored() {
            let answer = answer.ok_or_else(|| missing("answer"))?;
            if let Some(trap) = adversarial {
                self.found(
                    format!("{place}.adversarial_answer"),
                    Oddity::TrapBesideAnswer {
                        question: id.clone(),
                        trap: trap.text,
                    },
                );
            }
            return Ok(Gold::Answer(
                self.text(place, "answer", id, category, answer),
            ));
        }
        let trap = match (adversarial, answer) {
            (Some(trap), answer) => {
                if let Some(answer) = answer {
                    self.found(
                        format!("{place}.answer"),
                        Oddity::AnswerBesideTrap {
                            question: id.clone(),
                            answer: answer.text,
                        },
                    );
                }
                self.text(place, "adversarial_answer", id, category, trap)
            }
            (None, Some(answer)) => {
                self.found(
                    format!("{place}.answer"),
                    Oddity::AnswerAsTrap {
                        question: id.clone(),
                        answer: answer.text.clone(),
                    },
                );
                answer.text
            }
            (None, None) => return Err(missing("adversarial_answer")),
        };
        Ok(Gold::Unanswerable { trap })
    }

    fn text(
        &mut self,
        place: &str,
        field: &str,
        id: &QuestionId,
        category: Category,
        answer: wire::Answer,
    ) -> String {
        if answer.from_number {
            self.found(
                format!("{place}.{field}"),
                Oddity::AnswerFromNumber {
                    question: id.clone(),
                    category,
                    answer: answer.text.clone(),
                },
            );
        }
        answer.text
    }

    fn evidence(
        &mut self,
        place: &str,
        id: &QuestionId,
        category: Category,
        written: &[String],
        ids: &BTreeSet<TurnId>,
    ) -> Vec<TurnId> {
        if written.is_empty() {
            self.found(
                format!("{place}.evidence"),
                Oddity::EvidenceEmpty {
                    question: id.clone(),
                    category,
                },
            );
        }
        let mut turns: Vec<TurnId> = Vec::with_capacity(written.len());
        for (index, written) in written.iter().enumerate() {
            let at = format!("{place}.evidence[{index}]");
            let question = id.clone();
            let written = written.clone();
            let reading = evidence::read(&written);
            if !reading.well_formed {
                self.found(
                    at.as_str(),
                    Oddity::EvidenceRepaired {
                        question: question.clone(),
                        category,
                        written: written.clone(),
                        read: reading.read.clone(),
                        unread: reading.unread,
                    },
                );
            }
            for turn in reading.read {
                let question = question.clone();
                if !ids.contains(&turn) {
                    self.found(
                        at.as_str(),
                        Oddity::EvidenceMissingTurn {
                            question,
                            category,
                            written: written.clone(),
                            turn,
                        },
                    );
                } else if turns.contains(&turn) {
                    self.found(at.as_str(), Oddity::EvidenceRepeated { question, turn });
                } else {
                    turns.push(turn);
                }
            }
        }
        turns
    }
}
