//! What filters and search look at.

use memgauge_core::Category;
use memgauge_report::loss::LossStage;
use serde::Serialize;

use super::Group;
use crate::options::PageOptions;
use crate::sources::Sources;

/// Arms, names, and every question with its answers.
#[derive(Serialize)]
pub(super) struct Index<'a> {
    systems: Vec<System<'a>>,
    /// Names of the categories 1 to 5.
    categories: Vec<&'static str>,
    /// Names of the stages at which a question is lost.
    stages: Vec<&'static str>,
    conversations: Vec<Conversation<'a>>,
    questions: Vec<Question<'a>>,
}

#[derive(Serialize)]
struct System<'a> {
    name: &'a str,
    control: bool,
}

#[derive(Serialize)]
struct Conversation<'a> {
    id: &'a str,
    /// Name of the dataset, where there are several.
    dataset: Option<String>,
    /// Whether its words are in the page.
    words: bool,
}

/// Conversation, index in it, category, text, gold answer (or trap of category 5), and of every system either null or
/// its first answer with the stage at which it ended.
#[derive(Serialize)]
struct Question<'a>(
    usize,
    u32,
    u8,
    &'a str,
    &'a str,
    Vec<Option<(Option<&'a str>, usize)>>,
);

impl<'a> Index<'a> {
    pub(super) fn new(
        groups: &'a [Group<'_>],
        sources: &'a Sources,
        options: &PageOptions<'_>,
    ) -> Self {
        let questions = groups.iter().enumerate().flat_map(|(at, group)| {
            group.asked.iter().map(move |(index, asked)| {
                let answers = asked.answers.iter().map(|answers| {
                    let first = answers.first()?;
                    let stages = LossStage::ALL.iter();
                    let stage = stages.take_while(|stage| **stage != first.stage).count();
                    Some((first.text.as_deref(), stage))
                });
                Question(
                    at,
                    *index,
                    asked.category.number(),
                    &asked.text,
                    asked.gold.text(),
                    answers.collect(),
                )
            })
        });
        Self {
            systems: sources
                .arms
                .iter()
                .map(|arm| System {
                    name: &arm.label,
                    control: arm.facts.control,
                })
                .collect(),
            categories: Category::ALL
                .map(|category| options.names.of(category))
                .to_vec(),
            stages: LossStage::ALL.map(LossStage::name).to_vec(),
            conversations: groups
                .iter()
                .map(|group| Conversation {
                    id: group.id.as_str(),
                    dataset: group.dataset_among(groups),
                    words: group.said.is_some(),
                })
                .collect(),
            questions: questions.collect(),
        }
    }
}
