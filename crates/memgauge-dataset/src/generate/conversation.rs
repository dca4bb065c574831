//! One generated conversation.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::{DateTime, date};
use memgauge_core::TurnId;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fill::{Fillers, Source};
use super::random::Random;
use super::templates::{Exchange, Line, Place, Templates};
use super::{GenerateError, GeneratedShape};

/// How often a filler is drawn again that must not stand in the conversation yet.
const DRAWS: usize = 32;

/// One element of the list, as the format has it.
#[derive(Serialize)]
pub(super) struct Sample {
    qa: Vec<Value>,
    conversation: Map<String, Value>,
    observation: Map<String, Value>,
    session_summary: Map<String, Value>,
    sample_id: String,
}

/// A conversation that is being made up.
pub(super) struct Draft<'t> {
    pub(super) templates: &'t Templates,
    pub(super) shape: GeneratedShape,
    pub(super) random: Random,
    pub(super) id: String,
    speakers: [String; 2],
    sessions: Vec<Session>,
    pub(super) told: Vec<Told<'t>>,
    /// Fillers that questions name.
    used: BTreeSet<String>,
}

struct Session {
    held_at: DateTime,
    turns: Vec<Turn>,
    /// Speaker, fact, the turn that states it.
    facts: Vec<(usize, String, TurnId)>,
}

struct Turn {
    speaker: usize,
    text: String,
    image: Option<String>,
}

/// An exchange that was told.
pub(super) struct Told<'t> {
    pub(super) exchange: &'t Exchange,
    teller: usize,
    pub(super) fillers: Fillers,
    /// Its first turn.
    start: TurnId,
    /// First of its later turns, once they were said.
    later: Option<TurnId>,
    /// Session from which on they may be said.
    ready: usize,
}

impl Told<'_> {
    /// The turn at `place`; `None` while it was not said.
    pub(super) fn turn(&self, place: Place) -> Option<TurnId> {
        let (start, at) = match place {
            Place::Turn(at) => (self.start, at),
            Place::Later(at) => (self.later?, at),
        };
        Some(TurnId::new(start.session, start.turn + at as u32))
    }
}

impl<'t> Draft<'t> {
    pub(super) fn new(
        templates: &'t Templates,
        shape: GeneratedShape,
        mut random: Random,
        id: String,
    ) -> Result<Self, GenerateError> {
        let names = templates
            .pools
            .get("speaker")
            .map_or(&[][..], Vec::as_slice);
        if names.len() < 2 {
            return Err(GenerateError::Templates("too few speakers".to_owned()));
        }
        let first = random.below(names.len());
        let second = (first + 1 + random.below(names.len() - 1)) % names.len();
        let name = |at: usize| names.get(at).cloned().unwrap_or_default();
        Ok(Self {
            speakers: [name(first), name(second)],
            templates,
            shape,
            random,
            id,
            sessions: Vec::new(),
            told: Vec::new(),
            used: BTreeSet::new(),
        })
    }

    /// Says everything, and asks.
    pub(super) fn finish(mut self) -> Result<Sample, GenerateError> {
        let mut day = date(2018, 1, 1).saturating_add((self.random.below(1800) as i64).days());
        let sessions = self.shape.sessions as usize;
        for index in 0..sessions {
            let [hour, minute] = [7 + self.random.below(16), self.random.below(60)];
            let turns = self.shape.turns as usize;
            let size = turns / sessions + usize::from(index < turns % sessions);
            self.sessions.push(Session {
                held_at: day.at(hour as i8, minute as i8, 0, 0),
                turns: Vec::with_capacity(size),
                facts: Vec::new(),
            });
            self.hold(index, size)?;
            day = day.saturating_add((6 + self.random.below(12) as i64).days());
        }
        let qa = self.questions()?;
        Ok(self.sample(qa))
    }

    /// Fills one session.
    fn hold(&mut self, session: usize, size: usize) -> Result<(), GenerateError> {
        let mut next = self.random.below(2);
        self.talk(session, next, true)?;
        loop {
            next = 1 - next;
            let left = size.saturating_sub(self.said(session));
            if left == 0 {
                return Ok(());
            }
            let waiting = self.told.iter().position(|told| {
                let is_due = told.later.is_none() && told.ready <= session;
                let later = &told.exchange.later;
                is_due && told.teller == next && !later.is_empty() && later.len() <= left
            });
            if let Some(told) = waiting
                && self.random.chance(40)
            {
                self.tell_later(told, session)?;
            } else if !(self.random.chance(88) && self.tell(session, next, left)?) {
                self.talk(session, next, false)?;
            }
            if let Some(turn) = self.sessions.get(session).and_then(|s| s.turns.last()) {
                next = turn.speaker;
            }
        }
    }

    fn said(&self, session: usize) -> usize {
        self.sessions
            .get(session)
            .map_or(0, |held| held.turns.len())
    }

    fn fillers(&self, teller: usize) -> Fillers {
        let [a, b] = &self.speakers;
        match teller {
            0 => Fillers::new(a, b),
            _ => Fillers::new(b, a),
        }
    }

    fn source(&mut self, session: usize) -> Source<'_> {
        Source {
            templates: self.templates,
            held_at: self
                .sessions
                .get(session)
                .map_or(DateTime::MIN, |held| held.held_at),
            random: &mut self.random,
        }
    }

    /// One turn of no consequence.
    fn talk(&mut self, session: usize, speaker: usize, greets: bool) -> Result<(), GenerateError> {
        let talk = &self.templates.talk;
        let lines = if greets {
            &talk.greetings
        } else {
            &talk.remarks
        };
        let line = self.random.pick(lines).map_or("", String::as_str);
        let mut fillers = self.fillers(speaker);
        let text = fillers.fill(line, &mut self.source(session))?;
        self.say(session, speaker, text, None);
        Ok(())
    }

    fn say(&mut self, session: usize, speaker: usize, text: String, image: Option<String>) {
        if let Some(held) = self.sessions.get_mut(session) {
            held.turns.push(Turn {
                speaker,
                text,
                image,
            });
        }
    }

    /// An exchange of at most `left` turns that `next` begins. False when none can be told.
    fn tell(&mut self, session: usize, next: usize, left: usize) -> Result<bool, GenerateError> {
        let templates = self.templates;
        let fitting = templates.exchange.iter();
        let fitting: Vec<&Exchange> = fitting.filter(|one| one.turns.len() <= left).collect();
        let Some(&exchange) = self.random.pick(&fitting) else {
            return Ok(false);
        };
        let tells_first = exchange.turns.first().is_none_or(|line| line.is_tellers);
        let teller = if tells_first { next } else { 1 - next };
        for _ in 0..DRAWS {
            let mut fillers = self.fillers(teller);
            let key = fillers.get(&exchange.key, &mut self.source(session))?;
            if !self.used.insert(key) {
                continue;
            }
            let start = self.speak(session, teller, &exchange.turns, &mut fillers)?;
            let ready = session + 1 + self.random.below(6);
            let mut told = Told {
                exchange,
                teller,
                start,
                later: None,
                ready,
                fillers,
            };
            if let Some(caption) = &exchange.image {
                let caption = told.fillers.fill(caption, &mut self.source(session))?;
                let line = exchange.turns.iter().position(|line| line.is_tellers);
                let at = start.turn as usize - 1 + line.unwrap_or(0);
                let held = self.sessions.get_mut(session);
                if let Some(turn) = held.and_then(|held| held.turns.get_mut(at)) {
                    turn.image = Some(caption);
                }
            }
            let fact = told
                .fillers
                .fill(&exchange.fact, &mut self.source(session))?;
            let held = self.sessions.get_mut(session);
            if let (Some(held), Some(cites)) = (held, told.turn(exchange.cites)) {
                held.facts.push((teller, fact, cites));
            }
            self.told.push(told);
            return Ok(true);
        }
        Ok(false)
    }

    fn tell_later(&mut self, told: usize, session: usize) -> Result<(), GenerateError> {
        let Some(one) = self.told.get(told) else {
            return Ok(());
        };
        let (exchange, teller, mut fillers) = (one.exchange, one.teller, one.fillers.clone());
        let later = self.speak(session, teller, &exchange.later, &mut fillers)?;
        if let Some(one) = self.told.get_mut(told) {
            one.later = Some(later);
            one.fillers = fillers;
        }
        Ok(())
    }

    /// Says `lines`; returns the id of the first.
    fn speak(
        &mut self,
        session: usize,
        teller: usize,
        lines: &[Line],
        fillers: &mut Fillers,
    ) -> Result<TurnId, GenerateError> {
        let start = TurnId::new(session as u32 + 1, self.said(session) as u32 + 1);
        for line in lines {
            let text = fillers.fill(&line.text, &mut self.source(session))?;
            let speaker = if line.is_tellers { teller } else { 1 - teller };
            self.say(session, speaker, text, None);
        }
        Ok(start)
    }

    fn sample(self, qa: Vec<Value>) -> Sample {
        let [a, b] = &self.speakers;
        let name = |speaker: usize| if speaker == 0 { a } else { b };
        let mut conversation = Map::new();
        conversation.insert("speaker_a".to_owned(), json!(a));
        conversation.insert("speaker_b".to_owned(), json!(b));
        let mut observation = Map::new();
        let mut summaries = Map::new();
        for (number, session) in (1..).zip(&self.sessions) {
            let at = session.held_at;
            let (hour, half) = match at.hour() {
                0 => (12, "am"),
                hour @ 1..12 => (hour, "am"),
                12 => (12, "pm"),
                hour => (hour - 12, "pm"),
            };
            let minute = at.minute();
            let time = format!("{hour}:{minute:02} {half} on {}", at.strftime("%-d %B, %Y"));
            conversation.insert(format!("session_{number}_date_time"), json!(time));
            let turn = |(turn, said): (u32, &Turn)| {
                let mut row = json!({
                    "speaker": name(said.speaker),
                    "dia_id": TurnId::new(number, turn).to_string(),
                    "text": said.text,
                });
                if let (Some(caption), Some(row)) = (&said.image, row.as_object_mut()) {
                    let url = format!("https://example.org/{}/{number}-{turn}.jpg", self.id);
                    row.insert("img_url".to_owned(), json!([url]));
                    row.insert("blip_caption".to_owned(), json!(caption));
                }
                row
            };
            let turns: Vec<Value> = (1..).zip(&session.turns).map(turn).collect();
            conversation.insert(format!("session_{number}"), Value::Array(turns));
            let mut facts: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
            for (speaker, fact, cites) in &session.facts {
                let fact = json!([fact, cites.to_string()]);
                facts.entry(*speaker).or_default().push(fact);
            }
            let facts: Map<String, Value> = facts
                .into_iter()
                .map(|(speaker, facts)| (name(speaker).clone(), Value::Array(facts)))
                .collect();
            observation.insert(format!("session_{number}_observation"), json!(facts));
            let facts: Vec<&str> = session
                .facts
                .iter()
                .map(|(_, fact, _)| fact.as_str())
                .collect();
            let summary = format!("{a} and {b} talk. {}", facts.join(" "));
            let summary = summary.trim_end().to_owned();
            summaries.insert(format!("session_{number}_summary"), json!(summary));
        }
        Sample {
            qa,
            conversation,
            observation,
            session_summary: summaries,
            sample_id: self.id,
        }
    }
}
