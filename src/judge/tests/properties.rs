use super::names::facts;
use crate::judge::check_names;
use crate::x509::{Constraints, GeneralName, ReadSubtree};
use proptest::prelude::*;

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[*.a-c@:/\\[\\]%0-9_-]{0,24}",
        "(\\*\\.)?([a-b]{1,2}\\.){0,3}[a-b]",
        "https?://[a-b.@:\\[\\]0-9]{0,12}/?",
    ]
}

fn any_name() -> impl Strategy<Value = GeneralName> {
    prop_oneof![
        any_text().prop_map(GeneralName::Dns),
        any_text().prop_map(GeneralName::Email),
        any_text().prop_map(GeneralName::Uri),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(GeneralName::Ip),
        "[a-c ]{1,3}".prop_map(|t| GeneralName::Directory(facts(&format!("/CN=x{t}y")))),
        Just(super::names::other("otherName")),
    ]
}

fn any_subtree() -> impl Strategy<Value = ReadSubtree> {
    prop_oneof![
        any_text().prop_map(ReadSubtree::Dns),
        any_text().prop_map(ReadSubtree::Email),
        any_text().prop_map(ReadSubtree::Uri),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(ReadSubtree::Ip),
        "[a-c ]{1,3}".prop_map(|t| ReadSubtree::Directory(facts(&format!("/CN=x{t}y")).subject)),
        Just(ReadSubtree::Other("otherName")),
    ]
}

fn any_constraints() -> impl Strategy<Value = Constraints> {
    let list = || proptest::collection::vec(any_subtree(), 0..4);
    (list(), list()).prop_map(|(permitted, excluded)| Constraints { permitted, excluded })
}

fn same_type(name: &GeneralName, subtree: &ReadSubtree) -> bool {
    use GeneralName as N;
    use ReadSubtree as S;
    matches!(
        (name, subtree),
        (N::Dns(_), S::Dns(_))
            | (N::Ip(_), S::Ip(_))
            | (N::Email(_), S::Email(_))
            | (N::Uri(_), S::Uri(_))
            | (N::Directory(_), S::Directory(_))
            | (N::Other(_), S::Other(_))
    )
}

proptest! {
    #[test]
    fn never_panics(
        constraints in any_constraints(),
        names in proptest::collection::vec(any_name(), 0..6),
    ) {
        if let Err(e) = check_names(&constraints, &facts("CN=a"), &names) {
            prop_assert!(!e.to_string().chars().any(char::is_control));
        }
    }

    /// What a constraint permits on one side it excludes on the other, if it speaks of the name at all.
    #[test]
    fn permitted_is_excluded(subtree in any_subtree(), name in any_name()) {
        let permit = Constraints { permitted: vec![subtree.clone()], excluded: vec![] };
        let exclude = Constraints { permitted: vec![], excluded: vec![subtree] };
        let check = |c: &Constraints, names: &[GeneralName]| check_names(c, &facts(""), names);
        let names = [name];
        if check(&permit, &names).is_ok() && check(&exclude, &names).is_ok() {
            prop_assert!(!same_type(&names[0], &permit.permitted[0]));
        }
    }
}
