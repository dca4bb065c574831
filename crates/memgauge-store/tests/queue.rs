//! Queued work and the notes of a store's user.

mod common;

use common::{add, update};
use memgauge_core::{Source, TurnId};
use memgauge_store::{Settled, Store, StoreConfig, StoreError};

fn said(text: &str) -> memgauge_store::Change {
    add("u", text, &[Source::cited(TurnId::new(1, 1))], None)
}

#[test]
fn work_leaves_the_queue_with_the_changes_that_it_led_to() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("store");
    let store = Store::create(&dir, &StoreConfig::default()).unwrap();
    assert_eq!(store.first_queued().unwrap(), None);
    let first = store.enqueue(b"one").unwrap();
    let second = store.enqueue(b"two").unwrap();
    assert!(second > first);

    // Half of it: what is left keeps its place.
    let left = Settled::Left(first, b"rest of one");
    store.apply_queued(&[said("alpha")], &left).unwrap();
    assert_eq!(store.queue_len().unwrap(), 2);
    assert_eq!(
        store.first_queued().unwrap(),
        Some((first, b"rest of one".to_vec()))
    );

    // A change that fails leaves the work as it was.
    let wrong = [said("beta"), update(9, "gamma", &[], false, None)];
    assert!(matches!(
        store.apply_queued(&wrong, &Settled::Done(first)),
        Err(StoreError::UnknownMemory(_))
    ));
    assert_eq!((store.queue_len().unwrap(), store.len()), (2, 1));
    drop(store);

    let store = Store::open(&dir).unwrap();
    store
        .apply_queued(&[said("beta")], &Settled::Done(first))
        .unwrap();
    assert_eq!(
        store.first_queued().unwrap(),
        Some((second, b"two".to_vec()))
    );
    // Nothing is carried out for work that is not there.
    assert!(matches!(
        store.apply_queued(&[said("gamma")], &Settled::Done(first)),
        Err(StoreError::UnknownWork(number)) if number == first
    ));
    assert_eq!(store.len(), 2);
    store.apply_queued(&[], &Settled::Done(second)).unwrap();
    assert_eq!(store.queue_len().unwrap(), 0);
}

#[test]
fn notes_are_kept_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("store");
    let store = Store::create(&dir, &StoreConfig::default()).unwrap();
    assert_eq!(store.note("heads").unwrap(), None);
    store.set_note("heads", b"a").unwrap();
    store.set_note("heads", b"b").unwrap();
    // A note never passes for one of the store's own values.
    store.set_note("format", b"x").unwrap();
    drop(store);
    let store = Store::open(&dir).unwrap();
    assert_eq!(store.note("heads").unwrap(), Some(b"b".to_vec()));
}
