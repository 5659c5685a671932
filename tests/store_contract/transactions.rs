//! All or nothing, and several at once.

use super::sample::{add_root, crl, day, handle, leaf, read, serial, with_root, write};
use rootlet::model::Reason;
use rootlet::store::{Access, Delivery, NewRevocation, Store, StoreError, Transaction};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Opens the inventory once more, as another process would.
type Open<'a> = &'a (dyn Fn() -> Box<dyn Store> + Sync);

/// Every kind of change there is.
fn change_everything(t: &dyn Transaction) {
    let ca = add_root(t, "ca", 1);
    t.record(&leaf(ca, "api", 2)).unwrap();
    let reason = Some(Reason::Superseded);
    let serial = serial(2);
    let revocation = NewRevocation { issuer: ca, serial, not_after: day(9), at: day(1), reason, invalidity_date: None };
    t.revoke(&revocation).unwrap();
    t.record_crl(&crl(ca, 1, day(1), 1)).unwrap();
    t.bar_key(&[9; 32], day(1)).unwrap();
    let delivery = Delivery { folder: "/srv".into(), owner: None, key_mode: None, declared: false };
    t.remember_delivery(&handle("api"), &delivery).unwrap();
    t.owe_command(&handle("api"), Some("reload")).unwrap();
    t.note(day(1), "created", None, "").unwrap();
    t.mark_unpublished().unwrap();
}

/// Which of those changes can be seen.
fn seen(t: &dyn Transaction) -> Vec<&'static str> {
    let cas = t.authorities().unwrap();
    let ca = cas.first().map(|c| c.id);
    [
        ("holder", t.holder(&handle("api")).unwrap().is_some()),
        ("record", !t.with_serial(&serial(2)).unwrap().is_empty()),
        ("authority", ca.is_some()),
        ("revocation", ca.is_some_and(|c| t.last_event(c).unwrap() > 0)),
        ("crl", ca.is_some_and(|c| t.last_crl(c).unwrap().is_some())),
        ("bar", t.is_barred(&[9; 32]).unwrap()),
        ("delivery", !t.deliveries(&handle("api")).unwrap().is_empty()),
        ("command", t.owed_commands().unwrap() == [(handle("api"), "reload".to_string())]),
        ("history", !t.history(1).unwrap().is_empty()),
        ("flag", t.unpublished().unwrap().is_some()),
    ]
    .into_iter()
    .filter_map(|(what, is)| is.then_some(what))
    .collect()
}

pub fn what_is_dropped_never_was(store: &mut dyn Store) {
    let transaction = store.begin(Access::Write).unwrap();
    change_everything(&*transaction);
    assert_eq!(seen(&*transaction).len(), 10, "a transaction sees its own changes");
    drop(transaction);
    assert_eq!(read(store, seen), [""; 0]);
}

pub fn what_is_committed_stays(store: &mut dyn Store) {
    write(store, change_everything);
    assert_eq!(read(store, seen).len(), 10);
    // A later act that is dropped takes nothing of it away.
    let transaction = store.begin(Access::Write).unwrap();
    transaction.mark_published(99).unwrap();
    drop(transaction);
    assert_eq!(read(store, seen).len(), 10);
}

pub fn whether_public_lags_is_remembered(store: &mut dyn Store) {
    let unpublished = |store: &mut dyn Store| read(store, |t| t.unpublished().unwrap());
    assert_eq!(unpublished(store), None);
    write(store, |t| t.mark_unpublished().unwrap());
    let seen = unpublished(store).unwrap();
    // A change between looking and publishing is not taken for published.
    write(store, |t| t.mark_unpublished().unwrap());
    write(store, |t| t.mark_published(seen).unwrap());
    let newer = unpublished(store).unwrap();
    assert!(newer > seen);
    write(store, |t| t.mark_published(newer).unwrap());
    assert_eq!(unpublished(store), None);
    // A slower publisher does not take back what a faster one said.
    write(store, |t| t.mark_published(seen).unwrap());
    assert_eq!(unpublished(store), None);
}

pub fn a_reader_keeps_its_view_beside_a_writer(open: Open<'_>) {
    let (mut a, mut b) = (open(), open());
    let ca = with_root(&mut *a);
    let reader = b.begin(Access::Read).unwrap();
    assert!(reader.holder(&handle("api")).unwrap().is_none());
    write(&mut *a, |t| t.record(&leaf(ca, "api", 2)).unwrap());
    assert!(reader.holder(&handle("api")).unwrap().is_none(), "one view from its first look to its end");
    drop(reader);
    assert!(read(&mut *b, |t| t.holder(&handle("api")).unwrap()).is_some());
}

pub fn a_reader_does_not_wait_for_a_writer(open: Open<'_>) {
    let (mut a, mut b) = (open(), open());
    let writer = a.begin(Access::Write).unwrap();
    change_everything(&*writer);
    // What waits here waits longer than any test should.
    assert_eq!(read(&mut *b, seen), [""; 0]);
    writer.commit().unwrap();
    assert_eq!(read(&mut *b, seen).len(), 10);
}

pub fn a_second_writer_waits_and_sees_the_first(open: Open<'_>) {
    let (mut a, mut b) = (open(), open());
    let writer = a.begin(Access::Write).unwrap();
    let (started, starts) = mpsc::channel();
    thread::scope(|scope| {
        let second = scope.spawn(move || {
            started.send(()).unwrap();
            let transaction = b.begin(Access::Write).unwrap();
            seen(&*transaction).len()
        });
        starts.recv().unwrap();
        // Long enough for the second to reach the lock; if it does not, the test is weaker and still right.
        thread::sleep(Duration::from_millis(200));
        assert!(!second.is_finished(), "two writers at once");
        change_everything(&*writer);
        writer.commit().unwrap();
        assert_eq!(second.join().unwrap(), 10);
    });
}

pub fn two_writers_cannot_take_one_serial(open: Open<'_>) {
    const WRITERS: usize = 4;
    let ca = with_root(&mut *open());
    let outcomes: Vec<Result<(), StoreError>> = thread::scope(|scope| {
        let one = |n: usize| {
            scope.spawn(move || {
                let mut store = open();
                let transaction = store.begin(Access::Write)?;
                transaction.record(&leaf(ca, &format!("leaf-{n}"), 7))?;
                transaction.commit()
            })
        };
        let running: Vec<_> = (0..WRITERS).map(one).collect();
        running.into_iter().map(|r| r.join().unwrap()).collect()
    });
    let taken = |o: &&Result<(), StoreError>| matches!(o, Err(StoreError::SerialTaken { .. }));
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(taken).count(), WRITERS - 1, "{outcomes:?}");
}

/// What was begun to read takes no lock to write, or two of them would deadlock.
pub fn a_reader_cannot_write(open: Open<'_>) {
    let mut store = open();
    let reader = store.begin(Access::Read).unwrap();
    let written = reader.note(day(1), "created", None, "").and_then(|()| reader.commit());
    assert!(written.is_err(), "a view for reading changed the inventory");
    assert_eq!(read(&mut *store, |t| t.history(9).unwrap()), []);
}

/// Two commands that start a PKI together.
pub fn it_is_opened_by_several_at_once(open: Open<'_>) {
    const OPENERS: u64 = 8;
    thread::scope(|scope| {
        for n in 0..OPENERS {
            scope.spawn(move || write(&mut *open(), |t| t.note(day(0), "created", None, &n.to_string()).unwrap()));
        }
    });
    assert_eq!(read(&mut *open(), |t| t.history(99).unwrap()).len(), 8);
}
