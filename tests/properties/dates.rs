//! Dates that are chosen inside those of an issuer.

use proptest::prelude::*;
use rootlet::issue::{End, IssueError, Wish, choose_dates};
use rootlet::model::{Lifetime, Timestamp, Validity, Window};

const YEAR: i64 = 365 * 86_400;

fn any_time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        // Around 2030, where issuer, wish and clock meet.
        (-YEAR..YEAR).prop_map(|s| Timestamp::clamped(1_906_545_600 + s)),
        (-7_200..7_200i64).prop_map(|s| Timestamp::clamped(1_906_545_600 + s)),
        // Where UTCTime ends, and where time does.
        (2_524_607_990..2_524_608_010i64).prop_map(Timestamp::clamped),
        Just(Timestamp::MIN),
        Just(Timestamp::MAX),
        any::<i64>().prop_map(Timestamp::clamped),
    ]
}

fn any_lifetime() -> impl Strategy<Value = Lifetime> {
    prop_oneof![1..600i64, 1..2 * YEAR, Just(1), Just(1_000 * YEAR)].prop_map(|s| Lifetime::from_seconds(s).unwrap())
}

fn any_end() -> impl Strategy<Value = End> {
    prop_oneof![
        any_lifetime().prop_map(End::Default),
        any_lifetime().prop_map(End::Lifetime),
        any_time().prop_map(End::At)
    ]
}

fn any_validity() -> impl Strategy<Value = Validity> {
    (any_time(), any_time()).prop_map(|(a, b)| Validity::new(a.min(b), a.max(b)).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn dates_stay_inside_the_issuer(
        not_before in proptest::option::of(any_time()),
        end in any_end(),
        outer in any_validity(),
        now in any_time(),
    ) {
        let dates = match choose_dates(Wish { not_before, end }, Some(("ca", outer)), now) {
            Ok(dates) => dates,
            Err(e) => {
                // A refusal shows both dates, and what nobody typed is never too late.
                let late = matches!(e, IssueError::OutlivesIssuer { .. });
                prop_assert!(!(late && matches!(end, End::Default(_))), "{e}");
                drop((e.to_string(), e.code(), e.hints()));
                return Ok(());
            }
        };
        let v = dates.validity;
        prop_assert!(outer.encloses(&v), "{v:?} in {outer:?}");
        prop_assert!(not_before.is_none_or(|t| t == v.not_before()));
        let cut = v.not_after() == outer.not_after();
        match end {
            End::At(t) => prop_assert!(v.not_after() == t || cut && t > v.not_after()),
            End::Default(l) | End::Lifetime(l) => prop_assert!(v.seconds() == l.seconds() || cut || v.not_after() == Timestamp::MAX),
        }
        // Whoever gets other dates than were asked for is told.
        let asked = match end {
            End::At(t) => t,
            End::Default(l) | End::Lifetime(l) => v.not_before().plus(l.seconds() - 1),
        };
        let clamped = dates.warnings.iter().any(|w| w.code == "clamped");
        // A default that overshoots by less than the clock's tolerance is not worth a word.
        let hardly = matches!(end, End::Default(_)) && asked.since(v.not_after()) <= 300;
        prop_assert_eq!(asked != v.not_after() && !hardly, clamped, "{:?}", dates);
        prop_assert_eq!(v.not_after() < now, dates.warnings.iter().any(|w| w.code == "already-expired"));
        // Without a typed start it starts now or a little before, or with its issuer.
        if not_before.is_none() {
            let early = now.since(v.not_before());
            // An end in the past that was typed takes its start with it.
            let past = matches!(end, End::At(t) if t < now);
            prop_assert!((early <= 300 || past) && (early >= 0 || v.not_before() == outer.not_before()), "{early}");
        }
    }

    #[test]
    fn a_root_gets_what_was_asked_for(end in any_end(), now in any_time()) {
        let Ok(dates) = choose_dates(Wish { not_before: None, end }, None, now) else { return Ok(()) };
        prop_assert!(dates.validity.not_before() <= now);
        if let End::Default(l) | End::Lifetime(l) = end {
            let whole = dates.validity.seconds() == l.seconds();
            prop_assert!(whole || dates.validity.not_after() == Timestamp::MAX, "{dates:?}");
        }
    }

    #[test]
    fn a_window_is_inside_a_life(percent in 1u8..=100, lifetime in any_lifetime(), life in 1..2 * YEAR) {
        for window in [Window::LastThird, Window::Percent(percent), Window::Before(lifetime)] {
            prop_assert!((0..=life / 3).contains(&window.seconds_at_most_a_third(life)), "{window:?}");
        }
        prop_assert!((0..=life).contains(&Window::Percent(percent).seconds(life)));
    }
}
