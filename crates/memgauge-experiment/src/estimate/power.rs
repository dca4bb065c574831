//! What a comparison of two variants could show.

use memgauge_dataset::Dataset;
use memgauge_report::statistics::Design;
use serde::Serialize;

use crate::plan::Plan;

/// Confidence of the intervals and probability of showing a difference that is there.
const CONFIDENCE: f64 = 0.95;
const POWER: f64 = 0.8;
/// The difference that is asked about: two points.
const WANTED: f64 = 0.02;
/// Share of the differences' variance that repeats could average away, at most, as far as anybody has said.
const MOST_NOISE: f64 = 0.5;

/// What a comparison of two variants on right-or-wrong answers could show, categories 1 to 4.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PowerEstimate {
    /// Questions of categories 1 to 4.
    pub questions: usize,
    /// Answers of each question.
    pub repeats: u32,
    /// The smallest difference that is shown with the power above, in score units: if repeats average half of the
    /// variance away, and if they average nothing. The two are equal without repeats; null without questions.
    pub smallest: Option<super::Span>,
    /// Questions that it takes to show two points, in the same two cases.
    pub questions_for_two_points: Option<super::Span>,
    /// More questions than there are.
    pub more_questions: Option<super::Span>,
    /// More conversations with as many questions as these have.
    pub more_conversations: Option<super::Span>,
    /// Confidence of the interval that excludes 0.
    pub confidence: f64,
    /// Probability that it does.
    pub power: f64,
    /// Standard deviation of one question's difference, assumed.
    pub sd: f64,
    /// Design effect of the cluster bootstrap, assumed.
    pub design_effect: f64,
}

/// What `plan` could show.
pub(super) fn power(plan: &Plan, dataset: &Dataset) -> PowerEstimate {
    let scored = plan
        .asked(dataset)
        .filter(|(_, item)| item.key.category.is_scored());
    let questions = scored.count();
    let repeats = plan.repeats.ingest * plan.repeats.answer;
    let careful = Design::locomo(questions, repeats);
    let hopeful = Design {
        noise: if repeats > 1 {
            MOST_NOISE
        } else {
            careful.noise
        },
        ..careful
    };
    let both = |of: &dyn Fn(&Design) -> Option<f64>| {
        let span = of(&hopeful).zip(of(&careful));
        span.map(|(low, high)| super::Span { low, high })
    };
    let needed = both(&|design| {
        let needed = design.questions_for(WANTED, CONFIDENCE, POWER);
        needed.map(|needed| needed as f64)
    });
    let more = needed.map(|needed| super::Span {
        low: (needed.low - questions as f64).max(0.0),
        high: (needed.high - questions as f64).max(0.0),
    });
    let each = questions as f64 / plan.conversations.len().max(1) as f64;
    PowerEstimate {
        questions,
        repeats,
        smallest: both(&|design| design.smallest_detectable(CONFIDENCE, POWER)),
        questions_for_two_points: needed,
        more_questions: more,
        more_conversations: more.filter(|_| questions > 0).map(|more| super::Span {
            low: (more.low / each).ceil(),
            high: (more.high / each).ceil(),
        }),
        confidence: CONFIDENCE,
        power: POWER,
        sd: careful.sd,
        design_effect: careful.design_effect,
    }
}
