//! What is asked about a generated conversation.

use jiff::civil::DateTime;
use memgauge_core::TurnId;
use serde_json::{Value, json};

use super::GenerateError;
use super::conversation::Draft;
use super::fill::{Fillers, Source};
use super::templates::Ask;

/// Questions of categories 1 to 5 in LOCOMO.
const PROPORTIONS: [usize; 5] = [282, 321, 96, 841, 446];

/// A question that the conversation answers.
struct Candidate<'t> {
    ask: &'t Ask,
    /// Place among what was told.
    told: usize,
    evidence: Vec<TurnId>,
}

impl<'t> Draft<'t> {
    /// As many questions as the shape wants, ordered by their evidence.
    pub(super) fn questions(&mut self) -> Result<Vec<Value>, GenerateError> {
        let mut candidates = self.candidates();
        let asked = self.shape.questions as usize;
        let possible = candidates.iter().map(Vec::len).sum();
        if asked > possible {
            return Err(GenerateError::Questions {
                conversation: self.id.clone(),
                turns: self.shape.turns,
                asked: self.shape.questions,
                possible,
            });
        }
        let mut chosen: Vec<(usize, Candidate<'t>)> = Vec::with_capacity(asked);
        while chosen.len() < asked {
            let weight = |index: usize| match candidates.get(index) {
                Some(left) if !left.is_empty() => PROPORTIONS.get(index).copied().unwrap_or(0),
                _ => 0,
            };
            let total: usize = (0..PROPORTIONS.len()).map(weight).sum();
            let mut at = self.random.below(total);
            let category = (0..PROPORTIONS.len()).find(|index| {
                let weight = weight(*index);
                let is_it = at < weight;
                at = at.saturating_sub(weight);
                is_it
            });
            let Some((category, left)) =
                category.and_then(|index| Some((index, candidates.get_mut(index)?)))
            else {
                break;
            };
            let pick = self.random.below(left.len());
            chosen.push((category, left.swap_remove(pick)));
        }
        chosen.sort_by(|(a, x), (b, y)| {
            let key = |one: &Candidate<'_>| (one.evidence.last().copied(), one.told);
            (key(x), a, &x.ask.text).cmp(&(key(y), b, &y.ask.text))
        });
        chosen
            .iter()
            .map(|(category, one)| self.question(*category == 4, one))
            .collect()
    }

    /// Every question whose evidence was said, by category. What is true of one speaker is asked of the
    /// other too: nothing that was said answers that.
    fn candidates(&self) -> [Vec<Candidate<'t>>; 5] {
        let mut candidates = [const { Vec::new() }; 5];
        let [multi_hop, temporal, open_domain, single_hop, adversarial] = &mut candidates;
        for (told, one) in self.told.iter().enumerate() {
            for ask in &one.exchange.question {
                let evidence: Option<Vec<TurnId>> =
                    ask.evidence.iter().map(|place| one.turn(*place)).collect();
                let Some(evidence) = evidence else {
                    continue;
                };
                let candidate = || Candidate {
                    ask,
                    told,
                    evidence: evidence.clone(),
                };
                match ask.category {
                    1 => multi_hop.push(candidate()),
                    2 => temporal.push(candidate()),
                    3 => open_domain.push(candidate()),
                    _ => single_hop.push(candidate()),
                }
                if matches!(ask.category, 2 | 4) {
                    adversarial.push(candidate());
                }
            }
        }
        candidates
    }

    fn question(&mut self, is_mirrored: bool, one: &Candidate<'_>) -> Result<Value, GenerateError> {
        let told = self.told.get(one.told);
        let mut fillers = told.map_or_else(Fillers::default, |told| told.fillers.clone());
        let mut source = Source {
            templates: self.templates,
            random: &mut self.random,
            // Every place was filled in when the turns were said.
            held_at: DateTime::MIN,
        };
        let answer = fillers.fill(&one.ask.answer, &mut source)?;
        if is_mirrored {
            fillers = fillers.mirrored();
        }
        let text = fillers.fill(&one.ask.text, &mut source)?;
        let evidence: Vec<String> = one.evidence.iter().map(TurnId::to_string).collect();
        Ok(match is_mirrored {
            true => json!({
                "question": text,
                "evidence": evidence,
                "category": 5,
                "adversarial_answer": answer,
            }),
            false => json!({
                "question": text,
                "answer": answer,
                "evidence": evidence,
                "category": one.ask.category,
            }),
        })
    }
}
