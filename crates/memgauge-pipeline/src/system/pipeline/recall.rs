//! From a question to a context.

use std::sync::{Arc, PoisonError};

use memgauge_core::{
    ComponentError, Context, ConversationId, Cx, Filter, Hit, RankedList, Recall, Retriever, Scope,
    Stage,
};

use super::intake::of_speaker;
use super::{MAX_CANDIDATES, Perspectives, Pipeline};
use crate::graph::{Join, append};

/// One memory that is asked: all of a scope, or one speaker's part of it.
pub(in crate::system) struct View {
    /// Whose it is, where there are several: stands over its block of the context.
    pub(in crate::system) speaker: Option<String>,
    pub(in crate::system) filter: Filter,
}

/// What one view came to.
struct Seen {
    candidates: Vec<Hit>,
    /// How many of the candidates were meant for the context.
    meant: usize,
    /// How many of these are relations, shown after the memories.
    extra: usize,
    context: Context,
}

impl Pipeline {
    /// The ranked lists of a question, before fusion, over all that is remembered of `conversation`.
    ///
    /// # Errors
    /// When the embedder or the store fails.
    pub async fn lists(
        &self,
        cx: &Cx,
        conversation: &ConversationId,
        question: &str,
    ) -> Result<Vec<RankedList>, ComponentError> {
        let filter = Filter::scope(self.scope_of(conversation));
        Ok(self.lists_in(cx, &filter, question).await?.0)
    }

    /// The ranked lists of a question before fusion, over the memories that `filter` accepts, and the
    /// relations that are to be shown after them.
    pub(in crate::system) async fn lists_in(
        &self,
        cx: &Cx,
        filter: &Filter,
        question: &str,
    ) -> Result<(Vec<RankedList>, Option<RankedList>), ComponentError> {
        let store = self.store();
        let retriever = self.retriever();
        let mut lists = retriever
            .retrieve(cx, store, &filter.of_texts(), question)
            .await?;
        let consolidator = self.consolidator();
        let Some(graph) = &consolidator.graph else {
            return Ok((lists, None));
        };
        let fitted = {
            let fitted = self.fitted.read().unwrap_or_else(PoisonError::into_inner);
            fitted.clone()
        };
        let Some(embedder) = fitted.or_else(|| consolidator.embedder.clone()) else {
            return Ok((lists, None));
        };
        cx.count(&format!("graph:{}", graph.kind()), 1);
        let found = graph.recall(cx, store, &embedder, filter, question).await?;
        match graph.join() {
            Join::Append => Ok((lists, Some(found))),
            Join::Fuse => {
                lists.push(found);
                Ok((lists, None))
            }
        }
    }

    pub(in crate::system) fn retriever(&self) -> Arc<dyn Retriever> {
        Arc::clone(
            &self
                .retriever
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn scope_of(&self, conversation: &ConversationId) -> Scope {
        if self.scope_filter {
            Scope::user(conversation.as_str())
        } else {
            Scope::default()
        }
    }

    /// The memories that a question about `conversation` is put to.
    pub(super) fn views_of(&self, conversation: &ConversationId) -> Vec<View> {
        let scope = self.scope_of(conversation);
        match (self.perspectives, self.speakers_of(conversation)) {
            (Perspectives::PerSpeaker, Some(speakers)) => speakers
                .into_iter()
                .map(|speaker| View {
                    filter: Filter::scope(of_speaker(&scope, &speaker)),
                    speaker: Some(speaker),
                })
                .collect(),
            _ => vec![View {
                speaker: None,
                filter: Filter::scope(scope),
            }],
        }
    }

    /// Asks every view, `k` memories of each, and shows the relations that a graph brings up after them.
    ///
    /// Of several views the context is one block each, in their order. The candidates are joined rank
    /// by rank (the first of each view, the second of each, ..), those meant for the context before
    /// all others; rank and score in a list are those inside the view.
    pub(in crate::system) async fn recall_in(
        &self,
        cx: &Cx,
        views: &[View],
        text: &str,
    ) -> Result<Recall, ComponentError> {
        let cx = cx.with(Stage::Search);
        let mut names = Vec::new();
        let mut seen = Vec::with_capacity(views.len());
        for view in views {
            let (lists, relations) = self.lists_in(&cx, &view.filter, text).await?;
            cx.count(&format!("fusion:{}", self.fusion.kind()), 1);
            let mut candidates = self
                .fusion
                .fuse(&lists, self.store(), self.k.max(MAX_CANDIDATES));
            cx.count(&format!("context:{}", self.context.kind()), 1);
            let meant = candidates.get(..self.k).unwrap_or(&candidates);
            let mut context = self.context.build(meant, self.store())?;
            let mut meant = meant.len();
            let mut shown = Vec::new();
            if let (Some(relations), Some(graph)) = (&relations, &self.consolidator().graph) {
                let columns = lists.len() + 1;
                let graph = graph.as_ref();
                shown = append(graph, relations, columns, self.store(), &mut context)?;
                for hit in &mut candidates {
                    hit.lists.push(None);
                }
            }
            let extra = shown.len();
            candidates.splice(meant..meant, shown);
            meant += extra;
            seen.push(Seen {
                context,
                meant,
                extra,
                candidates,
            });
            if names.is_empty() {
                let lists = lists.into_iter().chain(relations);
                names = lists.map(|list| list.name).collect();
            }
        }
        let found: usize = seen.iter().map(|seen| seen.candidates.len()).sum();
        let meant: usize = seen.iter().map(|seen| seen.meant).sum();
        let extra: usize = seen.iter().map(|seen| seen.extra).sum();
        // What was asked for where everything found was meant; of a view with few memories fewer are.
        let k = match self.k.checked_mul(views.len()) {
            Some(k) if meant == found && self.k != usize::MAX => k + extra,
            _ => meant,
        };
        let mut candidates = interleaved(&seen);
        candidates.truncate(MAX_CANDIDATES);
        Ok(Recall {
            lists: names,
            candidates,
            k,
            ranked: self.retriever_config.is_ranked(),
            untraced: false,
            context: Arc::new(blocks(views, seen)),
        })
    }
}

/// The candidates of all views rank by rank, those meant for the context first.
fn interleaved(seen: &[Seen]) -> Vec<Hit> {
    let rounds = |part: fn(&Seen) -> &[Hit]| {
        let longest = seen.iter().map(|seen| part(seen).len()).max().unwrap_or(0);
        (0..longest).flat_map(move |rank| seen.iter().filter_map(move |seen| part(seen).get(rank)))
    };
    let meant = rounds(|seen| seen.candidates.get(..seen.meant).unwrap_or_default());
    let others = rounds(|seen| seen.candidates.get(seen.meant..).unwrap_or_default());
    meant.chain(others).cloned().collect()
}

/// One context: the only one as it is, several as blocks under their speakers' names.
fn blocks(views: &[View], seen: Vec<Seen>) -> Context {
    let mut contexts: Vec<Context> = seen.into_iter().map(|seen| seen.context).collect();
    if views.iter().all(|view| view.speaker.is_none()) && contexts.len() == 1 {
        return contexts.pop().unwrap_or_default();
    }
    let mut texts = Vec::new();
    let mut retrieved = Vec::new();
    let mut whole = Context::default();
    for (view, context) in views.iter().zip(contexts) {
        let mut block = match &view.speaker {
            Some(speaker) => format!("Memories of {speaker}:"),
            None => String::new(),
        };
        if !context.text.is_empty() {
            block.push('\n');
            block.push_str(&context.text);
            retrieved.push(context.retrieved().to_owned());
        }
        texts.push(block);
        whole.entries.extend(context.entries);
        whole.dropped.extend(context.dropped);
    }
    whole.text = texts.join("\n\n");
    whole.retrieved = Some(retrieved.join("\n"));
    whole
}
