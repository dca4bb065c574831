//! Published files whose content is known, so that a reader that miscounts is noticed.

use memgauge_core::Category;
use serde::Serialize;

use crate::{Dataset, DatasetError};

/// What a published dataset holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Known {
    /// Name of the dataset.
    pub name: &'static str,
    /// SHA-256 of the published file.
    pub sha256: &'static str,
    /// Content fingerprint, see [`crate::Fingerprint::content`].
    pub content: &'static str,
    /// Conversations.
    pub conversations: usize,
    /// Sessions of all conversations.
    pub sessions: usize,
    /// Turns of all sessions.
    pub turns: usize,
    /// Questions of categories 1 to 5.
    pub questions: [usize; 5],
}

/// The known files.
pub const KNOWN: &[Known] = &[Known {
    name: "locomo",
    sha256: "79fa87e90f04081343b8c8debecb80a9a6842b76a7aa537dc9fdf651ea698ff4",
    content: "3b6d3172c93b595cf5824e920f38e28317106622b11e7d1e6ed4d2fc84cf0cf2",
    conversations: 10,
    sessions: 272,
    turns: 5_882,
    questions: [282, 321, 96, 841, 446],
}];

impl Known {
    /// The known dataset with this content fingerprint.
    pub fn with_content(content: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.content == content)
    }

    /// Holds what was read against what is known.
    ///
    /// # Errors
    /// Names the first count that differs.
    pub(crate) fn verify(&self, dataset: &Dataset) -> Result<(), DatasetError> {
        let stats = dataset.stats();
        let mut counts = vec![
            (
                "conversations".to_owned(),
                self.conversations,
                stats.conversations,
            ),
            ("sessions".to_owned(), self.sessions, stats.sessions),
            ("turns".to_owned(), self.turns, stats.turns),
        ];
        for (category, expected) in Category::ALL.into_iter().zip(self.questions) {
            counts.push((
                format!("questions of category {} ({category})", category.number()),
                expected,
                stats.questions_of(category),
            ));
        }
        for (what, expected, read) in counts {
            if expected != read {
                return Err(DatasetError::Counts {
                    path: dataset.path.clone(),
                    name: self.name,
                    message: format!("{read} {what} were read, expected {expected}"),
                });
            }
        }
        Ok(())
    }
}
