//! From a window to memories.

use std::collections::BTreeMap;

use memgauge_core::{
    ComponentError, Cx, EmbedderHandle, Extractor, MemoryEvent, Scope, Stage, UpdatePolicy, Window,
};
use memgauge_store::Store;

use super::background::Ticket;
use crate::graph::{Graph, Seat};
use crate::system::desk::Desk;
use crate::system::library;

/// The parts that turn windows into memories.
pub(in crate::system) struct Consolidator {
    pub(in crate::system) extractor: Box<dyn Extractor>,
    pub(in crate::system) update: Box<dyn UpdatePolicy>,
    /// As it was before it was fitted; `None` where nothing looks at vectors.
    pub(in crate::system) embedder: Option<EmbedderHandle>,
    pub(in crate::system) store: Store,
    pub(in crate::system) graph: Option<Box<dyn Graph>>,
}

/// A window, and to whom its memories belong.
pub(super) struct Portion<'a> {
    pub(super) window: Window<'a>,
    pub(super) scope: &'a Scope,
    /// Noted beside every fact.
    pub(super) metadata: Option<&'a BTreeMap<String, String>>,
}

impl Consolidator {
    /// Extracts the facts of a window, decides about them and changes the store, then the graph. Of queued work
    /// (`ticket`) what was done before is not done again, and what is done leaves the queue. What was done stands
    /// in `events`, after a failure too.
    pub(super) async fn consolidate(
        &self,
        cx: &Cx,
        portion: &Portion<'_>,
        ticket: Option<&Ticket<'_>>,
        events: &mut Vec<MemoryEvent>,
    ) -> Result<(), ComponentError> {
        let window = &portion.window;
        let facts = match ticket.and_then(Ticket::facts) {
            Some(facts) => facts.to_vec(),
            None => {
                let mut facts = self
                    .extractor
                    .extract(&cx.with(Stage::Extract), window)
                    .await?;
                if let Some(metadata) = portion.metadata {
                    library::label(&mut facts, metadata);
                }
                facts
            }
        };
        let desk = Desk::new(
            &self.store,
            self.embedder.as_ref(),
            &window.head.id,
            portion.scope.clone(),
            window.session.held_at,
            ticket,
        );
        let Some((graph, embedder)) = self.graph.as_deref().zip(self.embedder.as_ref()) else {
            return desk.remember(cx, self.update.as_ref(), facts, events).await;
        };
        let desk = desk.before_the_graph();
        desk.remember(cx, self.update.as_ref(), facts, events)
            .await?;
        let seat = Seat {
            store: &self.store,
            embedder,
            scope: portion.scope,
            metadata: portion.metadata,
            settles: ticket.map(|ticket| ticket.number),
        };
        events.extend(graph.absorb(cx, &seat, window).await?);
        Ok(())
    }
}
