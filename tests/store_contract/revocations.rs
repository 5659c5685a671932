//! Revocations are events; CRLs say what was told of them.

use super::sample::{
    add_root, crl, day, entries, issue_crl, leaf, next_crl, read, record, revoke, revoked_leaf, serial, with_root,
    write,
};
use rootlet::model::Reason;
use rootlet::store::{Access, AuthorityId, Change, CrlRecord, NewRevocation, Revocation, Store, StoreError};
use std::collections::BTreeMap;

fn standing(store: &mut dyn Store, number: u64) -> Option<Revocation> {
    read(store, |t| t.with_serial(&serial(number)).unwrap().remove(0).revocation)
}

fn reason(store: &mut dyn Store, number: u64) -> Option<Reason> {
    standing(store, number).map(|r| r.reason)
}

pub fn the_newest_event_says_how_it_stands(store: &mut dyn Store) {
    let ca = with_root(store);
    record(store, &leaf(ca, "api", 1));
    assert_eq!((standing(store, 1), read(store, |t| t.last_event(ca).unwrap())), (None, 0));
    let new = NewRevocation {
        issuer: ca,
        serial: serial(1),
        not_after: day(100),
        at: day(3),
        reason: Some(Reason::KeyCompromise),
        invalidity_date: Some(day(2)),
    };
    write(store, |t| t.revoke(&new).unwrap());
    let found = standing(store, 1).unwrap();
    assert_eq!((&found.serial, found.at, found.reason), (&serial(1), day(3), Reason::KeyCompromise));
    assert_eq!((found.invalidity_date, found.crl_number), (Some(day(2)), None));
    assert_eq!(found.event, read(store, |t| t.last_event(ca).unwrap()));
    assert!(found.event > 0);
    assert_eq!(entries(store, ca), [found]);
}

pub fn a_hold_is_lifted_and_comes_again(store: &mut dyn Store) {
    let ca = with_root(store);
    revoked_leaf(store, ca, 1, day(100), Reason::CertificateHold);
    assert_eq!(reason(store, 1), Some(Reason::CertificateHold));
    issue_crl(store, ca, 1, day(2));
    revoke(store, ca, 1, day(100), None);
    assert_eq!((reason(store, 1), next_crl(store, ca)), (None, vec![]));
    let (released, listed) = read(store, |t| (t.last_event(ca).unwrap(), t.last_crl(ca).unwrap().unwrap().last_event));
    assert!(released > listed, "a release is an event: the CRL is due");
    revoke(store, ca, 1, day(100), Some(Reason::Superseded));
    assert_eq!((reason(store, 1), next_crl(store, ca)), (Some(Reason::Superseded), vec![serial(1)]));
}

/// Who imports an older list must not put a hold back that was lifted since.
pub fn a_release_is_known_by_its_time(store: &mut dyn Store) {
    let (ca, other) = write(store, |t| (add_root(t, "a", 11), add_root(t, "b", 12)));
    let released = |store: &mut dyn Store, issuer| read(store, |t| t.released_at(issuer, &serial(1)).unwrap());
    assert_eq!(released(store, ca), None, "never heard of");
    revoked_leaf(store, ca, 1, day(100), Reason::CertificateHold);
    assert_eq!(released(store, ca), None, "on hold");
    let (not_after, at) = (day(100), day(5));
    let release = NewRevocation { issuer: ca, serial: serial(1), not_after, at, reason: None, invalidity_date: None };
    write(store, |t| t.revoke(&release).unwrap());
    assert_eq!((released(store, ca), released(store, other)), (Some(day(5)), None));
    revoke(store, ca, 1, day(100), Some(Reason::CertificateHold));
    assert_eq!(released(store, ca), None, "on hold again");
}

pub fn a_reason_is_upgraded(store: &mut dyn Store) {
    let ca = with_root(store);
    revoked_leaf(store, ca, 1, day(100), Reason::Superseded);
    revoked_leaf(store, ca, 2, day(100), Reason::Superseded);
    revoke(store, ca, 1, day(100), Some(Reason::KeyCompromise));
    let found: Vec<_> = entries(store, ca).into_iter().map(|r| (r.serial, r.reason)).collect();
    assert_eq!(found.len(), 2, "each serial once: {found:?}");
    assert!(found.contains(&(serial(1), Reason::KeyCompromise)) && found.contains(&(serial(2), Reason::Superseded)));
}

pub fn revocations_are_of_one_issuer(store: &mut dyn Store) {
    let (a, b) = write(store, |t| (add_root(t, "a", 11), add_root(t, "b", 12)));
    revoked_leaf(store, a, 1, day(100), Reason::Superseded);
    write(store, |t| t.record(&leaf(b, "other", 1)).unwrap());
    issue_crl(store, a, 5, day(2));
    assert_eq!((next_crl(store, a), next_crl(store, b)), (vec![serial(1)], vec![]));
    let same = read(store, |t| t.with_serial(&serial(1)).unwrap());
    assert_eq!(same.iter().map(|r| r.revocation.is_some()).collect::<Vec<_>>(), [true, false]);
    read(store, |t| {
        assert_eq!(t.last_event(b).unwrap(), 0);
        assert_eq!(t.last_crl(b).unwrap(), None);
    });
}

pub fn the_next_crl_lists_what_is_revoked(store: &mut dyn Store) {
    let ca = with_root(store);
    for n in [9, 3, 7] {
        revoked_leaf(store, ca, n, day(100), Reason::Unspecified);
    }
    record(store, &leaf(ca, "good", 8));
    assert_eq!(next_crl(store, ca), [serial(3), serial(7), serial(9)], "in the order of their octets");
    issue_crl(store, ca, 1, day(2));
    issue_crl(store, ca, 2, day(3));
    assert_eq!(next_crl(store, ca).len(), 3, "listed once is not enough while it is unexpired");
}

/// RFC 5280 5: an entry stays until it has appeared on one CRL issued after the certificate expired.
pub fn an_entry_stays_for_one_crl_past_expiry(store: &mut dyn Store) {
    let ca = with_root(store);
    revoked_leaf(store, ca, 1, day(100), Reason::Superseded);
    revoked_leaf(store, ca, 2, day(10), Reason::Superseded);
    issue_crl(store, ca, 1, day(2));
    assert_eq!(next_crl(store, ca), [serial(1), serial(2)]);
    // On the last valid second itself it has not expired yet.
    issue_crl(store, ca, 2, day(10));
    assert_eq!(next_crl(store, ca), [serial(1), serial(2)], "no CRL after expiry has listed it");
    issue_crl(store, ca, 3, day(11));
    assert_eq!(next_crl(store, ca), [serial(1)], "CRL 3 listed it after it expired");
    issue_crl(store, ca, 4, day(12));
    assert_eq!(next_crl(store, ca), [serial(1)], "and it does not come back");
    assert_eq!(reason(store, 2), Some(Reason::Superseded), "the inventory forgets nothing");
}

pub fn an_expired_certificate_revoked_late_appears_once(store: &mut dyn Store) {
    let ca = with_root(store);
    issue_crl(store, ca, 1, day(20));
    revoked_leaf(store, ca, 1, day(10), Reason::KeyCompromise);
    assert_eq!(next_crl(store, ca), [serial(1)]);
    issue_crl(store, ca, 2, day(21));
    assert_eq!(next_crl(store, ca), []);
    // A worse reason is news, and is told once too.
    revoke(store, ca, 1, day(10), Some(Reason::CaCompromise));
    assert_eq!(next_crl(store, ca), [serial(1)]);
    issue_crl(store, ca, 3, day(22));
    assert_eq!(next_crl(store, ca), []);
}

/// `revoke --no-crl`, and a CRL that was signed just before: what it does not know it did not list.
pub fn a_crl_that_missed_an_event_does_not_count(store: &mut dyn Store) {
    let ca = with_root(store);
    revoked_leaf(store, ca, 1, day(10), Reason::Superseded);
    let known = read(store, |t| t.last_event(ca).unwrap());
    revoked_leaf(store, ca, 2, day(10), Reason::Superseded);
    write(store, |t| t.record_crl(&crl(ca, 1, day(11), known)).unwrap());
    assert_eq!(next_crl(store, ca), [serial(2)]);
}

pub fn the_first_crl_that_listed_it_is_known(store: &mut dyn Store) {
    let ca = with_root(store);
    issue_crl(store, ca, 70, day(2));
    revoked_leaf(store, ca, 1, day(100), Reason::Superseded);
    assert_eq!(standing(store, 1).unwrap().crl_number, None);
    issue_crl(store, ca, 80, day(3));
    issue_crl(store, ca, 90, day(4));
    assert_eq!(standing(store, 1).unwrap().crl_number, Some(80));
}

pub fn the_last_crl_has_the_highest_number(store: &mut dyn Store) {
    let ca = with_root(store);
    let put = |store: &mut dyn Store, n, d| write(store, |t| t.record_crl(&crl(ca, n, day(d), 0)).unwrap());
    put(store, 300, 1);
    put(store, 1_906_545_600, 2);
    put(store, 301, 3);
    let last = |store: &mut dyn Store, ca: AuthorityId| read(store, |t| t.last_crl(ca).unwrap().unwrap());
    assert_eq!(last(store, ca), crl(ca, 1_906_545_600, day(2), 0));
    let transaction = store.begin(Access::Write).unwrap();
    assert!(transaction.record_crl(&crl(ca, 300, day(9), 0)).is_err(), "a number is never used twice");
    let beyond = transaction.record_crl(&crl(ca, u64::MAX, day(9), 0));
    assert!(beyond.is_err_and(|e| !matches!(e, StoreError::Busy { .. })), "a number that would not be kept");
    drop(transaction);
    put(store, i64::MAX as u64, 4);
    assert_eq!(last(store, ca).number, i64::MAX as u64);
}

fn changes(store: &mut dyn Store, since: &CrlRecord, most: usize) -> Option<Vec<Change>> {
    read(store, |t| t.changes(since, most).unwrap())
}

/// Whatever happens between two CRLs, what the first one listed and the changes since make up what the second one lists.
pub fn changes_make_up_the_next_crl(store: &mut dyn Store) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |n: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % n
    };
    let (mut carried, mut given_up) = (0, 0);
    for round in 0..40 {
        let (ca, name) = (round, format!("ca-{round}"));
        let ca = write(store, |t| add_root(t, &name, 1_000_000 + ca));
        let (mut today, mut number) = (0, 0);
        let mut last: Option<(CrlRecord, BTreeMap<Vec<u8>, Revocation>)> = None;
        for _ in 0..30 {
            for _ in 0..below(6) {
                // Few serials, so that one has many events: holds, releases, other reasons, other ends.
                let reason = [Reason::CertificateHold, Reason::Superseded, Reason::KeyCompromise][below(3) as usize];
                let reason = (below(4) > 0).then_some(reason);
                let (n, end) = (1 + below(12), day(below(40) as i64));
                let new = NewRevocation {
                    issuer: ca,
                    serial: serial(n * n * n * 97),
                    not_after: end,
                    at: day(today),
                    reason,
                    invalidity_date: (below(3) == 0).then(|| day(-1)),
                };
                write(store, |t| t.revoke(&new).unwrap());
            }
            if below(3) > 0 {
                today += below(4) as i64;
                number += 1 + below(3);
                let listed: BTreeMap<_, _> =
                    entries(store, ca).into_iter().map(|r| (r.serial.as_bytes().to_vec(), r)).collect();
                if let Some((before, listed_before)) = &last {
                    let all = changes(store, before, usize::MAX);
                    assert_eq!(all.is_some(), before.follows.is_some());
                    let keys: Vec<_> = all.iter().flatten().map(|c| c.0.as_bytes()).collect();
                    assert!(keys.is_sorted_by(|a, b| a < b), "in the order of the octets, each once");
                    let mut made = listed_before.clone();
                    for (serial, now) in all.iter().flatten() {
                        match now {
                            Some(r) => made.insert(serial.as_bytes().to_vec(), r.clone()),
                            None => made.remove(serial.as_bytes()),
                        };
                    }
                    // Events that change nothing that is listed have another number all the same.
                    let told = |m: &BTreeMap<Vec<u8>, Revocation>| -> Vec<_> {
                        m.values().map(|r| (r.serial, r.at, r.reason, r.invalidity_date)).collect()
                    };
                    if before.follows.is_some() {
                        carried += 1;
                        assert_eq!(told(&made), told(&listed));
                        let most = below(5) as usize;
                        if let Some(few) = changes(store, before, most) {
                            assert!(few.len() <= 2 * most);
                            // It may name fewer or more serials, and makes up the same.
                            let mut made = listed_before.clone();
                            for (serial, now) in &few {
                                match now {
                                    Some(r) => made.insert(serial.as_bytes().to_vec(), r.clone()),
                                    None => made.remove(serial.as_bytes()),
                                };
                            }
                            assert_eq!(told(&made), told(&listed));
                        } else {
                            given_up += 1;
                        }
                    }
                }
                let known = read(store, |t| t.last_event(ca).unwrap());
                // Now and then one that came from elsewhere, which nothing can be built on.
                let follows = (below(8) > 0).then(|| last.as_ref().map_or(0, |l| l.0.number));
                let record = CrlRecord { follows, ..crl(ca, number, day(today), known) };
                write(store, |t| t.record_crl(&record).unwrap());
                assert_eq!(read(store, |t| t.last_crl(ca).unwrap()), Some(record.clone()));
                last = Some((record, listed));
            }
        }
    }
    assert!(carried > 300 && given_up > 50, "{carried} {given_up}");
}

pub fn whether_a_ca_signs_leaves_is_known(store: &mut dyn Store) {
    let (a, b) = write(store, |t| (add_root(t, "a", 11), add_root(t, "b", 12)));
    record(store, &leaf(b, "api", 1));
    assert_eq!(read(store, |t| (t.signs_leaves(a).unwrap(), t.signs_leaves(b).unwrap())), (false, true));
}
