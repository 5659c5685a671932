//! Certificates, handles, CAs, keys, deliveries, history.

use super::sample::{add_root, day, handle, leaf, read, record, revoke, serial, with_root, write};
use rootlet::model::{Profile, Reason, Serial, Timestamp};
use rootlet::store::{
    Access, CertificateRequest, Delivery, Event, Filter, Holder, KeyPlace, NewAuthority, NewCertificate, NewRevocation,
    Record, Standing, Store, StoreError,
};
use std::path::Path;

fn walk(store: &mut dyn Store, filter: &Filter) -> Vec<Record> {
    let mut all = Vec::new();
    let mut visit = |r| {
        all.push(r);
        true
    };
    read(store, |t| t.walk(filter, &mut visit).unwrap());
    all
}

fn everything() -> Filter {
    Filter { all_generations: true, ..Filter::default() }
}

pub fn a_new_inventory_is_empty(store: &mut dyn Store) {
    read(store, |t| {
        assert_eq!(t.holder(&handle("x")).unwrap(), None);
        assert_eq!(t.authorities().unwrap(), []);
        assert_eq!(t.with_serial(&serial(1)).unwrap(), []);
        assert_eq!(t.with_key(&[0; 32]).unwrap(), []);
        assert_eq!(t.key_identifier(&[0; 32]).unwrap(), None);
        assert_eq!(t.deliveries(&handle("x")).unwrap(), []);
        assert_eq!(t.history(10).unwrap(), []);
        assert!(!t.is_barred(&[0; 32]).unwrap() && t.unpublished().unwrap().is_none());
    });
    assert!(walk(store, &everything()).is_empty());
}

pub fn a_record_is_found_as_it_was_given(store: &mut dyn Store) {
    let ca = with_root(store);
    let first = record(store, &leaf(ca, "api", 1));
    let new = NewCertificate { predecessor: Some(first), recorded_at: day(7), ..leaf(ca, "api", 2) };
    let id = record(store, &new);
    let found = read(store, |t| t.certificate(id).unwrap().unwrap());
    let NewCertificate { issuer, authority: _, serial, handle, identity: _, profile, not_before, not_after, .. } = new;
    let expected = Record {
        id,
        issuer,
        issuer_handle: super::sample::handle("ca"),
        serial,
        handle,
        profile,
        not_before,
        not_after,
        spki_sha256: new.spki_sha256,
        predecessor: Some(first),
        recorded_at: day(7),
        key_here: true,
        is_current: true,
        revocation: None,
        der: new.der,
    };
    assert_eq!(found, expected);
    let expected = [expected];
    assert_eq!(read(store, |t| t.with_serial(&serial).unwrap()), expected);
    assert_eq!(read(store, |t| t.with_key(&new.spki_sha256).unwrap()), expected);
}

pub fn a_handle_belongs_to_the_first_identity(store: &mut dyn Store) {
    let ca = with_root(store);
    record(store, &leaf(ca, "api", 1));
    let other = NewCertificate { identity: "cn:api".into(), profile: Profile::Client, ..leaf(ca, "api", 2) };
    let current = record(store, &other);
    let found = read(store, |t| t.holder(&handle("api")).unwrap());
    // The command refuses another identity before; the inventory never hands the handle over.
    let expected =
        Holder { handle: handle("api"), identity: "dns:api".into(), profile: Profile::Client, current, manifest: None };
    assert_eq!(found, Some(expected));
    assert_eq!(read(store, |t| t.holder(&handle("api2")).unwrap()), None);
}

pub fn a_handle_keeps_the_manifest_that_created_it(store: &mut dyn Store) {
    let ca = with_root(store);
    record(store, &leaf(ca, "api", 1));
    let transaction = store.begin(Access::Write).unwrap();
    transaction.set_manifest(&handle("api"), "lab").unwrap();
    transaction.commit().unwrap();
    record(store, &leaf(ca, "api", 2));
    let found = |store: &mut dyn Store| read(store, |t| t.holder(&handle("api")).unwrap().unwrap().manifest);
    assert_eq!(found(store).as_deref(), Some("lab"));
    record(store, &leaf(ca, "by-hand", 3));
    assert_eq!(read(store, |t| t.holder(&handle("by-hand")).unwrap().unwrap().manifest), None);
}

pub fn the_newest_certificate_is_current(store: &mut dyn Store) {
    let ca = with_root(store);
    let ids = [1, 2, 3].map(|n| record(store, &leaf(ca, "api", n)));
    let current = ids.map(|id| read(store, |t| t.certificate(id).unwrap().unwrap().is_current));
    assert_eq!(current, [false, false, true]);
    let walked: Vec<_> = walk(store, &Filter { handle: Some(handle("api")), ..everything() });
    assert_eq!(walked.iter().map(|r| r.id).collect::<Vec<_>>(), ids, "oldest first");
    let newest = walk(store, &Filter { handle: Some(handle("api")), ..Filter::default() });
    assert_eq!(newest.iter().map(|r| r.id).collect::<Vec<_>>(), ids[2..]);
}

pub fn serials_are_unique_per_issuer(store: &mut dyn Store) {
    let (a, b) = write(store, |t| (add_root(t, "a", 1), add_root(t, "b", 2)));
    record(store, &leaf(a, "api", 7));
    let refused = write(store, |t| t.record(&leaf(a, "web", 7)).unwrap_err());
    assert!(matches!(&refused, StoreError::SerialTaken { serial } if serial == "07"), "{refused}");
    assert!(!refused.is_retryable());
    record(store, &leaf(b, "web", 7));
    let issuers: Vec<_> = read(store, |t| t.with_serial(&serial(7)).unwrap()).iter().map(|r| r.issuer).collect();
    assert_eq!(issuers, [a, b]);
}

pub fn a_refused_serial_leaves_nothing_behind(store: &mut dyn Store) {
    let ca = with_root(store);
    record(store, &leaf(ca, "api", 7));
    let twin = NewCertificate { spki_sha256: [9; 32], ..leaf(ca, "web", 7) };
    let id = write(store, |t| {
        assert!(t.record(&twin).is_err());
        // The act goes on: one certificate of many was refused.
        t.record(&leaf(ca, "db", 8)).unwrap()
    });
    read(store, |t| {
        assert_eq!(t.holder(&handle("web")).unwrap(), None);
        assert_eq!(t.key_identifier(&[9; 32]).unwrap(), None);
        assert_eq!(t.holder(&handle("db")).unwrap().unwrap().current, id);
    });
}

pub fn authorities_come_in_order_of_creation(store: &mut dyn Store) {
    let (z, a) = write(store, |t| (add_root(t, "z", 1), add_root(t, "a", 2)));
    let second = write(store, |t| {
        let id = t.add_authority(&NewAuthority { handle: handle("z"), generation: 2 }).unwrap();
        let identity = "ca:z".to_string();
        t.record(&NewCertificate { authority: Some(id), identity, profile: Profile::Root, ..leaf(id, "z", 3) })
            .unwrap();
        id
    });
    let renewed = write(store, |t| {
        let own = NewCertificate { authority: Some(a), identity: "ca:a".into(), ..leaf(a, "a", 4) };
        t.record(&NewCertificate { profile: Profile::Root, ..own }).unwrap()
    });
    let all = read(store, |t| t.authorities().unwrap());
    let shown: Vec<_> = all.iter().map(|c| (c.id, c.handle.as_str(), c.generation)).collect();
    assert_eq!(shown, [(z, "z", 1), (a, "a", 1), (second, "z", 2)]);
    assert_eq!(all[1].certificate.id, renewed, "a generation's certificate is its newest");
    assert_eq!(all[0].certificate.issuer, z, "a root issues itself");
    let twice = store.begin(Access::Write).unwrap();
    assert!(twice.add_authority(&NewAuthority { handle: handle("z"), generation: 2 }).is_err());
}

/// Whether few certificates are looked for among many, or many: the same are found, in the same order.
pub fn a_walk_finds_few_and_many(store: &mut dyn Store) {
    const MANY: u64 = 10_500;
    let (a, b) = write(store, |t| {
        let (a, b) = (add_root(t, "ca-a", 1_000_001), add_root(t, "ca-b", 1_000_002));
        for n in 0..MANY {
            let issuer = if n % 100 == 0 { b } else { a };
            // The order of handles is another one than that of the serials, and some have two certificates.
            let name = format!("h{}", (n * 7_919) % (MANY - 100));
            let (not_after, recorded_at) = (day((n % 500) as i64), day((n % 300) as i64));
            t.record(&NewCertificate { not_after, recorded_at, ..leaf(issuer, &name, n + 1) }).unwrap();
            if n % 70 == 0 {
                let reason = (n % 140 == 0).then_some(Reason::Superseded);
                let (serial, at) = (serial(n + 1), day(1));
                t.revoke(&NewRevocation { issuer, serial, not_after, at, reason, invalidity_date: None }).unwrap();
            }
        }
        (a, b)
    });
    let all = walk(store, &everything());
    assert_eq!(all.len() as u64, MANY + 2);
    assert!(all.is_sorted_by_key(|r| (r.handle.to_string(), r.id)));
    let ended = |n, m| Filter { unexpired_at: Some(day(n)), ends_before: Some(day(m)), ..everything() };
    let with =
        |filter: Filter, test: &dyn Fn(&Record) -> bool| (filter, all.iter().filter(|r| test(r)).cloned().collect());
    let cases: Vec<(Filter, Vec<Record>)> = vec![
        with(ended(3, 4), &|r| r.not_after == day(3)),
        with(ended(0, 500), &|r| r.not_after < day(500)),
        with(Filter { ends_before: Some(day(2)), ..everything() }, &|r| r.not_after < day(2)),
        with(Filter { ends_before: Some(day(600)), ..Filter::default() }, &|r| r.not_after < day(600) && r.is_current),
        with(Filter { issuer_handle: Some(handle("ca-b")), ..everything() }, &|r| r.issuer == b),
        with(Filter { issuer: Some(a), ends_before: Some(day(9)), ..everything() }, &|r| {
            r.issuer == a && r.not_after < day(9)
        }),
        with(Filter { recorded_since: Some(day(290)), ..everything() }, &|r| r.recorded_at >= day(290)),
        with(Filter { has_events: true, ..everything() }, &|r| {
            r.serial.as_bytes().iter().fold(0, |n, b| n << 8 | u64::from(*b)).saturating_sub(1) % 70 == 0
                && !r.profile.is_ca()
        }),
        with(Filter { has_events: true, ends_before: Some(day(100)), ..Filter::default() }, &|r| {
            r.not_after < day(100)
                && r.is_current
                && (r.serial.as_bytes().iter().fold(0, |n, b| n << 8 | u64::from(*b)) - 1) % 70 == 0
        }),
    ];
    for (filter, expected) in cases {
        assert!(!expected.is_empty(), "{filter:?}");
        assert!(walk(store, &filter) == expected, "{filter:?}");
    }
}

pub fn a_walk_filters_and_stops(store: &mut dyn Store) {
    let (a, b) = write(store, |t| (add_root(t, "ca-a", 1), add_root(t, "ca-b", 2)));
    record(store, &leaf(a, "web", 11));
    record(store, &NewCertificate { not_after: day(10), ..leaf(b, "api", 12) });
    record(store, &NewCertificate { profile: Profile::Peer, ..leaf(b, "db", 13) });
    record(store, &leaf(b, "db", 14));
    let mut names = |f: Filter| walk(store, &f).iter().map(|r| r.serial.to_string()).collect::<Vec<_>>();
    assert_eq!(names(everything()), ["0c", "01", "02", "0d", "0e", "0b"], "by handle, then oldest first");
    assert_eq!(names(Filter::default()), ["0c", "01", "02", "0e", "0b"]);
    assert_eq!(names(Filter { issuer: Some(b), ..Filter::default() }), ["0c", "02", "0e"]);
    assert_eq!(names(Filter { profile: Some(Profile::Peer), ..everything() }), ["0d"]);
    // notAfter is the last valid second.
    let unexpired = |t: Timestamp| Filter { issuer: Some(b), unexpired_at: Some(t), ..everything() };
    assert_eq!(names(unexpired(day(10))), ["0c", "02", "0d", "0e"]);
    assert_eq!(names(unexpired(day(10).plus(1))), ["02", "0d", "0e"]);
    assert!(names(Filter { handle: Some(handle("api")), issuer: Some(a), ..everything() }).is_empty());
    let mut seen = 0;
    let mut visit = |_| {
        seen += 1;
        seen < 2
    };
    read(store, |t| t.walk(&everything(), &mut visit).unwrap());
    assert_eq!(seen, 2);
}

pub fn values_at_their_ends_survive(store: &mut dyn Store) {
    let ca = with_root(store);
    let longest = handle(&format!("a{}", "~".repeat(119)));
    let new = NewCertificate {
        serial: Serial::from_unsigned(&[0x7f; 20]).unwrap(),
        handle: longest.clone(),
        identity: "uri:spiffe://a'; DROP TABLE holder; --/\u{1F511}".into(),
        not_before: Timestamp::MIN,
        not_after: Timestamp::MAX,
        spki_sha256: [0xff; 32],
        der: vec![0; 1 << 20],
        ..leaf(ca, "x", 1)
    };
    let id = record(store, &new);
    let found = read(store, |t| t.certificate(id).unwrap().unwrap());
    assert_eq!((found.serial, found.not_before, found.not_after), (new.serial, Timestamp::MIN, Timestamp::MAX));
    assert_eq!((found.der, found.spki_sha256, &found.handle), (new.der, [0xff; 32], &longest));
    assert_eq!(read(store, |t| t.holder(&longest).unwrap().unwrap().identity), new.identity);
}

pub fn keys_keep_their_first_identifier(store: &mut dyn Store) {
    let ca = with_root(store);
    let with_id = |id: &[u8], n| NewCertificate { spki_sha256: [5; 32], subject_key_id: id.into(), ..leaf(ca, "k", n) };
    record(store, &with_id(b"first", 1));
    record(store, &with_id(b"second", 2));
    assert_eq!(read(store, |t| t.key_identifier(&[5; 32]).unwrap()), Some(b"first".to_vec()));
    assert_eq!(read(store, |t| t.with_key(&[5; 32]).unwrap().len()), 2);
}

pub fn a_barred_key_stays_barred(store: &mut dyn Store) {
    let ca = with_root(store);
    record(store, &NewCertificate { spki_sha256: [5; 32], ..leaf(ca, "k", 1) });
    write(store, |t| {
        t.bar_key(&[5; 32], day(1)).unwrap();
        t.bar_key(&[5; 32], day(2)).unwrap();
        t.bar_key(&[6; 32], day(2)).unwrap();
    });
    record(store, &NewCertificate { spki_sha256: [5; 32], ..leaf(ca, "k", 2) });
    read(store, |t| {
        assert!(t.is_barred(&[5; 32]).unwrap() && t.is_barred(&[6; 32]).unwrap() && !t.is_barred(&[7; 32]).unwrap());
        assert_eq!(t.key_identifier(&[5; 32]).unwrap(), Some(1u64.to_be_bytes().to_vec()));
        assert_eq!(t.key_identifier(&[6; 32]).unwrap(), None, "no certificate of this key was ever recorded");
    });
}

pub fn deliveries_are_of_one_handle(store: &mut dyn Store) {
    let to = |folder: &str, owner: Option<&str>, key_mode| Delivery {
        folder: folder.into(),
        owner: owner.map(str::to_string),
        key_mode,
        declared: false,
    };
    write(store, |t| {
        t.remember_delivery(&handle("api"), &to("/srv/b", None, None)).unwrap();
        t.remember_delivery(&handle("api"), &to("/srv/a", Some("www:tls"), Some(0o640))).unwrap();
        t.remember_delivery(&handle("api"), &to("/srv/b", None, Some(0o600))).unwrap();
        t.remember_delivery(&handle("web"), &to("/srv/a", None, None)).unwrap();
    });
    let found = read(store, |t| t.deliveries(&handle("api")).unwrap());
    assert_eq!(found, [to("/srv/a", Some("www:tls"), Some(0o640)), to("/srv/b", None, Some(0o600))]);
    // One handle at a time is asked about, and forgets.
    let declared = Delivery { declared: true, ..to("/srv/b", None, None) };
    write(store, |t| {
        t.set_deliveries_due(&handle("api"), true).unwrap();
        t.remember_delivery(&handle("api"), &declared).unwrap();
        t.forget_delivery(&handle("api"), Path::new("/srv/a")).unwrap();
        t.forget_delivery(&handle("web"), Path::new("/srv/b")).unwrap();
    });
    read(store, |t| {
        assert_eq!(t.deliveries(&handle("api")).unwrap(), [declared]);
        assert_eq!(t.delivered_to(Path::new("/srv/a")).unwrap(), Some(handle("web")));
        assert!(t.is_delivery_due(&handle("api")).unwrap() && !t.is_delivery_due(&handle("web")).unwrap());
        assert!(!t.is_delivery_due(&handle("nobody")).unwrap());
    });
}

pub fn history_is_a_line_per_act(store: &mut dyn Store) {
    let event = |n: i64| Event {
        at: day(n),
        action: "created".into(),
        handle: (n > 1).then(|| format!("h{n}")),
        detail: format!("line\n{n}"),
    };
    for n in [1, 3, 2] {
        let (e, h) = (event(n), event(n).handle.map(|h| handle(&h)));
        write(store, |t| t.note(e.at, &e.action, h.as_ref(), &e.detail).unwrap());
    }
    let last = |n| move |t: &dyn rootlet::store::Transaction| t.history(n).unwrap();
    assert_eq!(read(store, last(10)), [event(1), event(3), event(2)], "in the order of the acts");
    assert_eq!(read(store, last(2)), [event(3), event(2)]);
    assert_eq!(read(store, last(0)), []);
    assert_eq!(read(store, last(usize::MAX)).len(), 3);
}

pub fn whether_a_key_is_here_is_kept(store: &mut dyn Store) {
    let ca = with_root(store);
    let transaction = store.begin(Access::Write).unwrap();
    let id = transaction.record(&NewCertificate { key_here: false, ..leaf(ca, "theirs", 9) }).unwrap();
    for place in KeyPlace::ALL {
        transaction.set_key_place(ca, place).unwrap();
        assert_eq!(transaction.authorities().unwrap()[0].key_place, place);
    }
    transaction.commit().unwrap();
    assert!(!read(store, |t| t.certificate(id).unwrap().unwrap().key_here));
}

pub fn a_request_waits_under_its_handle(store: &mut dyn Store) {
    let request = |name: &str, csr: &[u8]| CertificateRequest {
        handle: handle(name),
        identity: format!("dns:{name}"),
        profile: Profile::Server,
        spki_sha256: [7; 32],
        csr: csr.to_vec(),
        recorded_at: day(1),
    };
    let transaction = store.begin(Access::Write).unwrap();
    transaction.put_request(&request("b", b"1")).unwrap();
    transaction.put_request(&request("a", b"2")).unwrap();
    transaction.put_request(&request("b", b"3")).unwrap();
    transaction.commit().unwrap();
    assert_eq!(read(store, |t| t.requests().unwrap()), [request("a", b"2"), request("b", b"3")]);
    let key = request("a", b"2").spki_sha256;
    assert_eq!(read(store, |t| t.request_with_key(&key).unwrap()), Some(request("a", b"2")));
    assert_eq!(read(store, |t| t.request_with_key(&[0xee; 32]).unwrap()), None);
    let transaction = store.begin(Access::Write).unwrap();
    transaction.remove_request(&handle("a")).unwrap();
    transaction.commit().unwrap();
    assert_eq!(read(store, |t| t.request(&handle("a")).unwrap()), None);
    assert_eq!(read(store, |t| t.request(&handle("b")).unwrap()), Some(request("b", b"3")));
}

/// A certificate is due in its last third, which begins a second after two thirds are over.
pub fn what_is_due_comes_by_urgency(store: &mut dyn Store) {
    let ca = with_root(store);
    let ends = |name: &str, number: u64, end: i64| NewCertificate { not_after: day(end), ..leaf(ca, name, number) };
    for new in [ends("later", 1, 90), ends("soon", 2, 30), ends("renewed", 3, 30)] {
        record(store, &new);
    }
    record(store, &NewCertificate { not_before: day(20), ..ends("renewed", 4, 110) });
    let due = |store: &mut dyn Store, at: Timestamp| {
        let mut names = Vec::new();
        let mut visit = |r: Record| {
            names.push(r.handle.to_string());
            names.len() < 2
        };
        read(store, |t| t.due(at, &mut visit).unwrap());
        names
    };
    // 30 days and a second are 2 592 001 seconds, the last third 864 000.
    let turn = day(20);
    assert_eq!(due(store, turn), [] as [&str; 0]);
    assert_eq!(due(store, turn.plus(1)), ["soon"]);
    assert_eq!(due(store, day(61)), ["soon", "later"]);
    assert_eq!(due(store, day(200)), ["soon", "later"], "the visitor ended it");
}

/// What a survey says of a certificate: its serial in the DER, and how it stands.
type Seen = (String, String, bool, Option<Reason>, Option<usize>);

pub fn a_survey_says_how_each_certificate_stands(store: &mut dyn Store) {
    let ca = with_root(store);
    for (name, number) in [("web", 1), ("web", 2), ("db", 3), ("held", 4), ("freed", 5)] {
        record(store, &leaf(ca, name, number));
    }
    revoke(store, ca, 1, day(100), Some(Reason::Superseded));
    revoke(store, ca, 4, day(100), Some(Reason::CertificateHold));
    revoke(store, ca, 5, day(100), Some(Reason::CertificateHold));
    revoke(store, ca, 5, day(100), None);
    // A serial of another issuer says nothing of this one's.
    let other = write(store, |t| add_root(t, "other", 2_000_000));
    revoke(store, other, 3, day(100), Some(Reason::KeyCompromise));
    let survey = |store: &mut dyn Store, der: bool, most: usize| {
        let mut all: Vec<Seen> = Vec::new();
        let mut visit = |s: Standing<'_>| {
            assert!((s.not_before, s.profile.is_ca()) == (day(0), s.handle == "ca" || s.handle == "other"));
            assert_eq!(s.issuer == other, s.handle == "other");
            all.push((s.handle.into(), s.not_after.date(), s.is_current, s.revoked, s.der.map(<[u8]>::len)));
            all.len() < most
        };
        read(store, |t| t.survey(der, &mut visit).unwrap());
        all
    };
    let row =
        |name: &str, is_current, revoked, days: i64| (name.to_string(), day(days).date(), is_current, revoked, None);
    let expected = [
        row("ca", true, None, 3650),
        row("web", false, Some(Reason::Superseded), 100),
        row("web", true, None, 100),
        row("db", true, None, 100),
        row("held", true, Some(Reason::CertificateHold), 100),
        row("freed", true, None, 100),
        row("other", true, None, 3650),
    ];
    assert_eq!(survey(store, false, usize::MAX), expected);
    let with_der = expected.clone().map(|(a, b, c, d, _)| (a, b, c, d, Some(160)));
    assert_eq!(survey(store, true, usize::MAX), with_der);
    assert_eq!(survey(store, false, 2), expected[..2], "the visitor ended it");
}

pub fn what_has_its_key_elsewhere_is_found(store: &mut dyn Store) {
    let ca = with_root(store);
    let theirs = |name: &str, number, end: i64| NewCertificate {
        key_here: false,
        not_after: day(end),
        ..leaf(ca, name, number)
    };
    for new in
        [theirs("b", 1, 30), theirs("a", 2, 20), theirs("old", 3, 5), theirs("renewed", 4, 40), leaf(ca, "ours", 5)]
    {
        record(store, &new);
    }
    record(store, &theirs("renewed", 6, 50));
    // Those that an import brought, and that are here with their keys, come behind.
    for new in [leaf(ca, "brought", 7), NewCertificate { not_after: day(1), ..leaf(ca, "ended", 8) }] {
        record(store, &new);
    }
    write(store, |t| {
        for (action, name) in [("recorded", "brought"), ("completed", "a"), ("recorded", "ended"), ("created", "ours")]
        {
            t.note(day(0), action, Some(&handle(name)), "").unwrap();
        }
    });
    let found = |store: &mut dyn Store, most: usize| {
        let mut all = Vec::new();
        let mut visit = |r: Record| {
            all.push(r.serial.to_string());
            all.len() < most
        };
        read(store, |t| t.elsewhere(day(5).plus(1), &mut visit).unwrap());
        all
    };
    assert_eq!(found(store, 9), ["02", "01", "06", "07"], "those that end first come first");
    assert_eq!(found(store, 1), ["02"], "the visitor ended it");
}
