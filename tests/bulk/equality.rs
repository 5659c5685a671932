//! Any requests, through `leaf` one by one and through `leaves`: the same answers, the same inventory but for random parts.

use super::lab::Lab;
use proptest::prelude::*;
use rootlet::model::{FixedClock, Handle, KeyAlgorithm, Lifetime, Profile, San, Window};
use rootlet::pki::{Again, Error, LeafKey, LeafRequest, Outcome};

fn request() -> impl Strategy<Value = LeafRequest> {
    let profile = prop_oneof![Just(Profile::Server), Just(Profile::Client), Just(Profile::Peer)];
    let again = prop_oneof![
        Just(Again::Refuse),
        Just(Again::IfMissing),
        Just(Again::RenewWithin(Window::LastThird)),
        Just(Again::RenewWithin(Window::Before(Lifetime::days(3_000)))),
        Just(Again::Renew),
        Just(Again::Force),
    ];
    let issuer =
        prop_oneof![3 => Just(None), 1 => Just(Some("lab-root")), 1 => Just(Some("Lab Issuing")), 1 => Just(Some("x"))];
    let key = prop_oneof![4 => Just(None), 1 => Just(Some(KeyAlgorithm::Ed25519))];
    (profile, 0..6_u8, again, issuer, key, 0..3_u8, prop::option::weighted(0.2, 0..4_u8)).prop_map(
        |(profile, number, again, issuer, key, names, handle)| {
            let mut request = LeafRequest::new(profile, &format!("n{number}.internal")).unwrap();
            request.names = (0..names).map(|n| San::host(&format!("more{n}.internal")).unwrap()).collect();
            (request.again, request.issuer, request.key) = (again, issuer.map(String::from), LeafKey::New(key));
            request.name = handle.map(|n| format!("h{n}").parse::<Handle>().unwrap());
            request
        },
    )
}

/// All that is not random.
fn shown(result: &Result<Outcome, Error>) -> String {
    match result {
        Ok(o) => {
            let c = &o.certificate;
            let names: Vec<_> = c.sans.iter().map(|n| &n.value).collect();
            let warnings: Vec<_> = o.warnings.iter().map(|w| &w.code).collect();
            format!(
                "{} {} {} {:?} {} {} {names:?} {warnings:?} {:?} {:?}",
                o.action,
                c.name,
                c.profile,
                o.second_verifier,
                c.issuer_name,
                c.key_algorithm,
                c.status,
                c.predecessor.is_some()
            )
        }
        // Which names are free depends on what was issued beside it.
        Err(e) => format!("{}: {}", e.code(), e.to_string().split(" (").next().unwrap_or_default()),
    }
}

/// The same without what names a certificate by a random number.
fn without_serials(text: &str) -> String {
    let is_serial = |w: &str| w.len() == 32 && w.bytes().all(|b| b.is_ascii_hexdigit());
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|w| !is_serial(w)).collect::<Vec<_>>().join(" ")
}

fn rows(lab: &Lab) -> Vec<String> {
    let all = lab.all().into_iter().map(|c| {
        format!("{} {} {} {} {:?} {:?}", c.name, c.profile, c.current, c.issuer_name, c.status, c.predecessor.is_some())
    });
    all.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_one_by_one(requests in prop::collection::vec(request(), 1..40)) {
        let (one, many) = (Lab::new(), Lab::new());
        // The same second for both: errors tell of dates.
        let clock = FixedClock(one.open().now());
        let mut pki = one.open().with_clock(clock);
        let expected: Vec<String> = requests.iter().map(|r| without_serials(&shown(&pki.leaf(r)))).collect();
        let mut got = vec![String::new(); requests.len()];
        let end = many.open().with_clock(clock).leaves(requests.clone(), &mut |issued| {
            got[issued.index] = without_serials(&shown(&issued.result));
        }).unwrap();
        prop_assert_eq!(&got, &expected);
        prop_assert_eq!(end.done, requests.len() as u64);
        let (mut one_rows, mut many_rows) = (rows(&one), rows(&many));
        one_rows.sort();
        many_rows.sort();
        prop_assert_eq!(many_rows, one_rows);
        prop_assert_eq!(many.names("certs"), one.names("certs"));
        many.assert_sound();
    }
}
