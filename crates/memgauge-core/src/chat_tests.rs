use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use serde_json::json;

use super::*;
use crate::meter::{Meter, Spent};
use crate::{Stage, Traffic};

/// Replies in order; keeps what it was asked.
struct Script {
    replies: Mutex<Vec<Result<ChatReply, ModelError>>>,
    asked: Mutex<Vec<(ChatRequest, u32)>>,
}

fn reply(text: &str) -> Result<ChatReply, ModelError> {
    Ok(ChatReply {
        text: text.to_owned(),
        finish: Finish::Stop,
        usage: Usage {
            input: Some(10),
            output: Some(2),
            dollars: Some(0.5),
            ..Usage::default()
        },
        model: Some("script-1".to_owned()),
    })
}

fn script(replies: Vec<Result<ChatReply, ModelError>>) -> (Arc<Script>, ChatHandle) {
    let script = Arc::new(Script {
        replies: Mutex::new(replies),
        asked: Mutex::default(),
    });
    let handle = ChatHandle::new("chat", Arc::clone(&script) as Arc<dyn ChatModel>);
    (script, handle)
}

#[async_trait]
impl ChatModel for Script {
    fn id(&self) -> &str {
        "script"
    }

    fn key(&self, request: &ChatRequest, epoch: u32) -> String {
        format!("{}/{epoch}", request.messages.len())
    }

    async fn complete(&self, request: &ChatRequest, epoch: u32) -> Completion<ChatReply> {
        self.asked.lock().unwrap().push((request.clone(), epoch));
        Completion {
            result: self.replies.lock().unwrap().remove(0),
            spent: Spent {
                traffic: Traffic::Fake,
                attempts: 1,
                ..Spent::default()
            },
        }
    }
}

/// The script never waits, so one poll is enough.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the script waits for nothing"),
    }
}

fn request() -> ChatRequest {
    ChatRequest::json(vec![ChatMessage::user("How many?")], "count", json!({}))
}

#[derive(Debug, serde::Deserialize, PartialEq)]
struct Count {
    n: u32,
}

fn small(count: &Count) -> Result<(), String> {
    if count.n < 5 {
        Ok(())
    } else {
        Err(format!("{} is too many", count.n))
    }
}

#[test]
fn json_is_found_between_words_and_fences() {
    let (_, handle) = script(vec![reply("Sure:\n```json\n{\"n\": 3}\n``` there you are")]);
    let meter = Meter::new();
    let (count, _) = now(handle.structured(&meter.at(Stage::Extract), &request(), small)).unwrap();
    assert_eq!(count, Count { n: 3 });
    let charge = meter.charges()[&Stage::Extract];
    assert_eq!((charge.calls, charge.malformed), (1, 0));
    assert_eq!((charge.input_tokens, charge.dollars), (Some(10), Some(0.5)));
    assert!(meter.is_replayed());
}

#[test]
fn an_unreadable_reply_is_sent_back_once_with_the_reason() {
    let (script, handle) = script(vec![reply("{\"n\": 9}"), reply("{\"n\": 2}")]);
    let meter = Meter::new();
    let cx = meter.at(Stage::Judge).at_epoch(4);
    let (count, _) = now(handle.structured(&cx, &request(), small)).unwrap();
    assert_eq!(count, Count { n: 2 });
    let asked = script.asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|(_, epoch)| *epoch == 4));
    let (second, _) = &asked[1];
    assert_eq!(second.messages.len(), 3);
    assert_eq!(second.messages[1], ChatMessage::assistant("{\"n\": 9}"));
    assert!(second.messages[2].content.contains("9 is too many"));
    let outcomes: Vec<_> = meter.calls().iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes, [CallOutcome::Malformed, CallOutcome::Usable]);
    assert_eq!(meter.charges()[&Stage::Judge].malformed, 1);
}

#[test]
fn two_unreadable_replies_are_malformed_and_a_failure_is_none_of_that() {
    let (_, handle) = script(vec![reply("no"), reply("{\"n\": ")]);
    let meter = Meter::new();
    let cx = meter.at(Stage::Update);
    let error = now(handle.structured(&cx, &request(), small)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);

    let overflow = ModelError::new(ErrorKind::ContextTooLong, "9,000 of 8,192 tokens");
    let (script, handle) = script_of_one(Err(overflow));
    let error = now(handle.structured(&cx, &request(), small)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::ContextTooLong);
    assert_eq!(
        script.asked.lock().unwrap().len(),
        1,
        "asking again is no use"
    );
    let last = meter.calls().pop().unwrap();
    assert_eq!(last.outcome, CallOutcome::Failed(ErrorKind::ContextTooLong));
}

fn script_of_one(reply: Result<ChatReply, ModelError>) -> (Arc<Script>, ChatHandle) {
    script(vec![reply])
}

#[test]
fn an_empty_text_is_malformed_and_a_cut_one_is_marked() {
    let cut = reply("Paris, because").map(|reply| ChatReply {
        finish: Finish::Length,
        ..reply
    });
    let (_, handle) = script(vec![reply("  "), cut]);
    let meter = Meter::new();
    let cx = meter.at(Stage::Answer);
    let request = ChatRequest::text(vec![ChatMessage::user("Where?")]);
    let error = now(handle.complete(&cx, &request)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
    assert_eq!(
        now(handle.complete(&cx, &request)).unwrap().text,
        "Paris, because"
    );
    let outcomes: Vec<_> = meter.calls().iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes, [CallOutcome::Malformed, CallOutcome::Truncated]);
}

#[test]
fn what_a_filter_left_is_no_answer() {
    let filtered = reply("I cannot help with that.").map(|reply| ChatReply {
        finish: Finish::Filter,
        ..reply
    });
    let (_, handle) = script(vec![filtered]);
    let meter = Meter::new();
    let request = ChatRequest::text(vec![ChatMessage::user("Where?")]);
    let error = now(handle.complete(&meter.at(Stage::Answer), &request)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
    assert!(error.message.contains("filter"), "{error}");
}

#[test]
fn an_empty_reply_is_asked_again_without_an_empty_message() {
    let (script, handle) = script(vec![reply(" "), reply("{\"n\": 2}")]);
    let cx = Meter::new().at(Stage::Extract);
    now(handle.structured(&cx, &request(), small)).unwrap();
    let asked = script.asked.lock().unwrap();
    let roles: Vec<ChatRole> = asked[1].0.messages.iter().map(|m| m.role).collect();
    assert_eq!(roles, [ChatRole::User, ChatRole::User]);
}

#[test]
fn work_in_the_background_is_booked_where_it_is_used() {
    let (_, handle) = script(vec![reply("a summary")]);
    let background = Meter::new();
    let request = ChatRequest::text(vec![ChatMessage::user("Sum up.")]);
    now(handle.complete(&background.at(Stage::Extract), &request)).unwrap();
    let meter = Meter::new();
    meter.at(Stage::Update).absorb(&background);
    let calls = meter.calls();
    assert_eq!(calls.len(), 1);
    assert!(calls[0].background);
    assert_eq!(meter.charges()[&Stage::Extract].calls, 1);
    // Nobody waited for it, so it adds nothing to what a replay would have taken.
    assert_eq!(meter.replayed(), Some(std::time::Duration::ZERO));
}
