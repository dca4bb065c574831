//! The inverted index.

use std::collections::{BTreeMap, HashMap};

use memgauge_core::{MemoryId, Scored};

use super::{Idf, LexicalConfig};
use crate::ids::IdSet;

/// One text that holds a term.
#[derive(Debug, Clone, Copy)]
struct Posting {
    id: u32,
    count: u32,
}

/// A text that is indexed: its terms and how many tokens they make.
#[derive(Debug, Clone, Default)]
struct Document {
    terms: Vec<u32>,
    length: u32,
}

/// An inverted index with BM25 scores. Counts are kept as integers, so that the same texts give
/// the same scores whatever was added, changed and deleted on the way.
#[derive(Debug)]
pub(crate) struct Bm25 {
    config: LexicalConfig,
    /// Only ever looked up, never walked: its order is random.
    terms: HashMap<String, u32>,
    postings: Vec<Vec<Posting>>,
    documents: Vec<Option<Document>>,
    indexed: u32,
    tokens: u64,
    /// How many terms stand in n texts, by n: enough for the mean idf.
    spread: BTreeMap<u32, u32>,
}

impl Bm25 {
    pub(crate) fn new(config: LexicalConfig) -> Self {
        Self {
            config,
            terms: HashMap::new(),
            postings: Vec::new(),
            documents: Vec::new(),
            indexed: 0,
            tokens: 0,
            spread: BTreeMap::new(),
        }
    }

    /// Indexes `id` under its terms and how often each stands in it, which take the place of older
    /// ones. No term may come twice.
    pub(crate) fn insert<'a>(
        &mut self,
        id: MemoryId,
        counts: impl IntoIterator<Item = (&'a str, u32)>,
    ) {
        self.remove(id);
        let mut document = Document::default();
        for (term, count) in counts {
            let number = match self.terms.get(term) {
                Some(&number) => number,
                None => {
                    let number = self.postings.len() as u32;
                    self.terms.insert(term.to_owned(), number);
                    self.postings.push(Vec::new());
                    number
                }
            };
            let Some(list) = self.postings.get_mut(number as usize) else {
                continue;
            };
            let before = list.len() as u32;
            let place = list.partition_point(|posting| posting.id < id.0);
            list.insert(place, Posting { id: id.0, count });
            document.terms.push(number);
            document.length += count;
            self.move_term(before, before + 1);
        }
        self.indexed += 1;
        self.tokens += u64::from(document.length);
        let place = id.0 as usize;
        if place >= self.documents.len() {
            self.documents.resize_with(place + 1, || None);
        }
        if let Some(slot) = self.documents.get_mut(place) {
            *slot = Some(document);
        }
    }

    /// Forgets `id`.
    pub(crate) fn remove(&mut self, id: MemoryId) {
        let Some(document) = self.documents.get_mut(id.0 as usize).and_then(Option::take) else {
            return;
        };
        for &number in &document.terms {
            let Some(list) = self.postings.get_mut(number as usize) else {
                continue;
            };
            let before = list.len() as u32;
            if let Ok(place) = list.binary_search_by_key(&id.0, |posting| posting.id) {
                list.remove(place);
                self.move_term(before, before - 1);
            }
        }
        self.indexed -= 1;
        self.tokens -= u64::from(document.length);
    }

    /// A term that stood in `from` texts now stands in `to`.
    fn move_term(&mut self, from: u32, to: u32) {
        if let Some(terms) = self.spread.get_mut(&from) {
            *terms -= 1;
            if *terms == 0 {
                self.spread.remove(&from);
            }
        }
        if to > 0 {
            *self.spread.entry(to).or_default() += 1;
        }
    }

    /// Score of every text of `among`, in the order of ids.
    pub(crate) fn scores(&self, query: &[String], among: &IdSet) -> Vec<Scored> {
        let sums = self.sums(query);
        among
            .iter()
            .map(|id| Scored {
                id,
                score: sums.get(id.0 as usize).map_or(0.0, |&sum| sum as f32),
            })
            .collect()
    }

    /// Every text of `among` with a positive score, in the order of ids.
    pub(crate) fn matches(&self, query: &[String], among: &IdSet) -> Vec<Scored> {
        (0_u32..)
            .zip(self.sums(query))
            .filter(|(id, sum)| *sum > 0.0 && among.contains(MemoryId(*id)))
            .map(|(id, sum)| Scored {
                id: MemoryId(id),
                score: sum as f32,
            })
            .collect()
    }

    fn sums(&self, query: &[String]) -> Vec<f64> {
        let LexicalConfig { k1, b, .. } = self.config;
        let mut sums = vec![0.0_f64; self.documents.len()];
        let mean_length = if self.tokens == 0 {
            1.0
        } else {
            self.tokens as f64 / f64::from(self.indexed)
        };
        let replacement = self.replacement();
        for term in query {
            let Some(list) = self
                .terms
                .get(term)
                .and_then(|&number| self.postings.get(number as usize))
                .filter(|list| !list.is_empty())
            else {
                continue;
            };
            let idf = match self.idf(list.len() as u32) {
                idf if idf < 0.0 => replacement,
                idf => idf,
            };
            for posting in list {
                let place = posting.id as usize;
                let (Some(sum), Some(Some(document))) =
                    (sums.get_mut(place), self.documents.get(place))
                else {
                    continue;
                };
                let count = f64::from(posting.count);
                let length = f64::from(document.length);
                // In the order in which rank_bm25 computes it, so that ties are its ties.
                *sum += idf
                    * (count * (k1 + 1.0) / (count + k1 * (1.0 - b + b * length / mean_length)));
            }
        }
        sums
    }

    /// Weight of a term that stands in `n` texts; negative only in the okapi form.
    fn idf(&self, n: u32) -> f64 {
        let (all, n) = (f64::from(self.indexed), f64::from(n));
        match self.config.idf {
            Idf::Lucene => (1.0 + (all - n + 0.5) / (n + 0.5)).ln(),
            Idf::Okapi => (all - n + 0.5).ln() - (n + 0.5).ln(),
        }
    }

    /// What a negative idf is replaced by: a share of the mean over all terms, the negative ones
    /// included.
    fn replacement(&self) -> f64 {
        if self.config.idf != Idf::Okapi {
            return 0.0;
        }
        let (mut sum, mut terms) = (0.0, 0.0);
        for (&n, &count) in &self.spread {
            sum += self.idf(n) * f64::from(count);
            terms += f64::from(count);
        }
        if terms > 0.0 {
            self.config.epsilon * (sum / terms)
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexical::{Analyzer, pairs};

    fn index(config: &LexicalConfig, texts: &[&str]) -> Bm25 {
        let analyzer = Analyzer::new(config);
        let mut index = Bm25::new(config.clone());
        for (id, text) in (0_u32..).zip(texts) {
            index.insert(MemoryId(id), pairs(&analyzer.counts(text)));
        }
        index
    }

    /// Worked by hand: N = 3, mean length 2, `a` in one text, `b` in two.
    #[test]
    fn scores_follow_the_formula() {
        let texts = ["a b", "b b c", "d"];
        let query = ["a".to_owned(), "b".to_owned(), "b".to_owned()];
        let all: IdSet = (0..3).map(MemoryId).collect();

        let lucene = index(&LexicalConfig::lucene(), &texts).scores(&query, &all);
        let idf = |n: f64| (1.0 + (3.0 - n + 0.5) / (n + 0.5)).ln();
        let tf = |f: f64, len: f64| f * 2.2 / (f + 1.2 * (0.25 + 0.75 * len / 2.0));
        let expected = [
            idf(1.0) * tf(1.0, 2.0) + 2.0 * idf(2.0) * tf(1.0, 2.0),
            2.0 * idf(2.0) * tf(2.0, 3.0),
            0.0,
        ];
        for (found, expected) in lucene.iter().zip(expected) {
            assert!((f64::from(found.score) - expected).abs() < 1e-6);
        }

        // `b` has ln(1.5 / 2.5) < 0: a quarter of the mean over a, b, c, d takes its place.
        let okapi = index(&LexicalConfig::okapi(), &texts).scores(&query, &all);
        let idf = |n: f64| ((3.0 - n + 0.5) / (n + 0.5)).ln();
        let mean = (3.0 * idf(1.0) + idf(2.0)) / 4.0;
        let tf = |f: f64, len: f64| f * 2.5 / (f + 1.5 * (0.25 + 0.75 * len / 2.0));
        let expected = [
            idf(1.0) * tf(1.0, 2.0) + 2.0 * 0.25 * mean * tf(1.0, 2.0),
            2.0 * 0.25 * mean * tf(2.0, 3.0),
            0.0,
        ];
        for (found, expected) in okapi.iter().zip(expected) {
            assert!((f64::from(found.score) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn removing_leaves_no_trace() {
        let texts = ["red fox", "red hen red", "blue fox sings"];
        let query = ["red".to_owned(), "fox".to_owned()];
        let all: IdSet = (0..9).map(MemoryId).collect();
        for config in [LexicalConfig::okapi(), LexicalConfig::lucene()] {
            let fresh = index(&config, &texts);
            let mut used = index(&config, &texts);
            let analyzer = Analyzer::new(&config);
            used.insert(
                MemoryId(3),
                pairs(&analyzer.counts("a red herring and a fox")),
            );
            used.insert(MemoryId(1), pairs(&analyzer.counts("something else")));
            used.insert(MemoryId(1), pairs(&analyzer.counts(texts[1])));
            used.remove(MemoryId(3));
            used.remove(MemoryId(3));
            assert_eq!(used.scores(&query, &all), fresh.scores(&query, &all));
            assert_eq!(used.spread, fresh.spread);
        }
    }

    #[test]
    fn an_empty_index_and_empty_texts_score_nothing() {
        let query = ["a".to_owned()];
        let all: IdSet = (0..3).map(MemoryId).collect();
        for config in [LexicalConfig::okapi(), LexicalConfig::lucene()] {
            assert!(index(&config, &[]).matches(&query, &all).is_empty());
            let index = index(&config, &["", "!!", ""]);
            assert!(index.matches(&query, &all).is_empty());
            assert!(
                index
                    .scores(&query, &all)
                    .iter()
                    .all(|hit| hit.score == 0.0)
            );
        }
    }
}
