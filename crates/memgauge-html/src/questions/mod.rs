//! Every question with what became of it, as data for the page's script: an index that filters and search look at,
//! and one part per conversation that is unpacked when a question of it is opened.

mod asked;
mod gather;
mod index;
mod memories;
mod part;
mod texts;

use std::collections::BTreeMap;

use memgauge_core::{ConversationId, QuestionId};
use memgauge_dataset::{Errata, Erratum};

use crate::error::HtmlError;
use crate::island::pack;
use crate::options::PageOptions;
use crate::sources::Sources;
use asked::Asked;
use index::Index;
use memories::Stores;
use part::Part;

/// How much is listed of what an answer had found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Listed {
    /// Retrieved memories at most, besides those that hold evidence.
    pub(crate) memories: usize,
    /// Whether ranks in the lists before fusion stand with them.
    pub(crate) ranks: bool,
}

impl Listed {
    const fn new(memories: usize, ranks: bool) -> Self {
        Self { memories, ranks }
    }

    /// What is listed where there is room.
    const MOST: Self = Self::new(50, true);

    /// What is tried where there is not.
    const FEWER: [Self; 6] = [
        Self::new(30, true),
        Self::new(30, false),
        Self::new(20, false),
        Self::new(10, false),
        Self::new(5, false),
        Self::new(0, false),
    ];
}

/// A conversation of a dataset, and what was asked about it.
pub(crate) struct Group<'a> {
    /// Name of the dataset.
    dataset: String,
    /// Fingerprint of its content.
    content: String,
    id: ConversationId,
    /// The words, where the dataset is at hand.
    said: Option<&'a memgauge_core::Conversation>,
    errata: Option<&'a Errata>,
    /// In the dataset's order.
    asked: BTreeMap<u32, Asked>,
}

impl Group<'_> {
    /// Name of its dataset where there are several; with the start of its fingerprint where two have one name.
    fn dataset_among(&self, groups: &[Group<'_>]) -> Option<String> {
        let others = || groups.iter().filter(|other| other.content != self.content);
        others().next()?;
        let name = &self.dataset;
        match others().any(|other| other.dataset == *name) {
            true => {
                let content = self.content.get(..8).unwrap_or(&self.content);
                Some(format!("{name}@{content}"))
            }
            false => Some(name.clone()),
        }
    }

    /// What is known to be wrong in the key of a question.
    fn erratum(&self, index: u32) -> Option<&Erratum> {
        self.errata?.get(&QuestionId {
            conversation: self.id.clone(),
            index,
        })
    }
}

/// All questions of the arms.
pub(crate) struct Questions<'a> {
    groups: Vec<Group<'a>>,
    stores: Stores,
}

/// The questions as packed data.
#[derive(Default)]
pub(crate) struct Packed {
    /// What filters and search look at.
    pub(crate) index: String,
    /// One per conversation.
    pub(crate) parts: Vec<String>,
    listed: Listed,
}

impl Packed {
    /// What is listed, where the page is too small for all.
    pub(crate) fn fewer(&self) -> Option<Listed> {
        (self.listed != Listed::MOST).then_some(self.listed)
    }

    /// Bytes of all.
    fn bytes(&self) -> usize {
        self.index.len() + self.parts.iter().map(String::len).sum::<usize>()
    }
}

impl<'a> Questions<'a> {
    /// Reads what the runs know about every question that an arm was asked.
    pub(crate) fn read(sources: &Sources, options: &PageOptions<'a>) -> Result<Self, HtmlError> {
        gather::gather(sources, options)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.groups.iter().map(|group| group.asked.len()).sum()
    }

    /// Datasets whose words are not at hand, by name.
    pub(crate) fn without_words(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for group in self.groups.iter().filter(|group| group.said.is_none()) {
            let name = group.dataset_among(&self.groups);
            let name = name.unwrap_or_else(|| group.dataset.clone());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Packs them into at most `most` bytes, listing fewer retrieved memories where that is needed. What remains
    /// with none is not cut: then the result is larger.
    pub(crate) fn pack(
        &self,
        sources: &Sources,
        options: &PageOptions<'_>,
        most: usize,
    ) -> Result<Packed, HtmlError> {
        let index = pack(&Index::new(&self.groups, sources, options)).map_err(HtmlError::Pack)?;
        let with = |listed: Listed| -> Result<Packed, HtmlError> {
            let parts = self.groups.iter().map(|group| {
                let part = Part::new(group, &self.stores, listed);
                pack(&part).map_err(HtmlError::Pack)
            });
            Ok(Packed {
                index: index.clone(),
                parts: parts.collect::<Result<_, _>>()?,
                listed,
            })
        };
        let mut packed = with(Listed::MOST)?;
        for listed in Listed::FEWER {
            if packed.bytes() <= most {
                break;
            }
            packed = with(listed)?;
        }
        Ok(packed)
    }
}
