//! Little dialogues for the tests of extractors.

use memgauge_core::{
    ConversationHead, ConversationId, Cx, Extractor, Fact, Image, Meter, Session, SessionNotes,
    Stage, Turn, TurnId, Window,
};

pub(super) fn head(a: &str, b: &str) -> ConversationHead {
    ConversationHead {
        id: ConversationId::new("little"),
        speakers: [a.to_owned(), b.to_owned()],
    }
}

/// Session 3, held on Monday 15 May 2023 at 13:56.
pub(super) fn session(turns: &[(&str, &str)]) -> Session {
    Session {
        index: 3,
        held_at: jiff::civil::date(2023, 5, 15).at(13, 56, 0, 0),
        held_at_text: "1:56 pm on 15 May, 2023".to_owned(),
        turns: turns
            .iter()
            .zip(1..)
            .map(|((speaker, text), number)| Turn {
                id: TurnId::new(3, number),
                speaker: (*speaker).to_owned(),
                text: (*text).to_owned(),
                image: None,
            })
            .collect(),
        notes: SessionNotes::default(),
    }
}

pub(super) fn captioned(mut session: Session, turn: usize, caption: &str) -> Session {
    session.turns[turn - 1].image = Some(Image {
        caption: Some(caption.to_owned()),
        ..Image::default()
    });
    session
}

pub(super) fn extract(extractor: &dyn Extractor, session: &Session) -> Vec<Fact> {
    let head = head("Mira", "Tom");
    let window = Window {
        perspective: None,
        head: &head,
        session,
        turns: &session.turns,
        before: &[],
    };
    let cx: Cx = Meter::new().at(Stage::Extract);
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(extractor.extract(&cx, &window))
        .unwrap()
}

/// A part shop without models.
pub(super) struct NoParts;

impl memgauge_core::Parts for NoParts {
    fn embedder(
        &self,
        name: &str,
    ) -> Result<memgauge_core::EmbedderHandle, memgauge_core::BuildError> {
        Err(memgauge_core::BuildError::new(format!(
            "no embedder `{name}`"
        )))
    }

    fn tokenizer(
        &self,
        name: &str,
    ) -> Result<std::sync::Arc<dyn memgauge_core::Tokenizer>, memgauge_core::BuildError> {
        Err(memgauge_core::BuildError::new(format!(
            "no tokenizer `{name}`"
        )))
    }

    fn folder(&self) -> &std::path::Path {
        std::path::Path::new(".")
    }
}
