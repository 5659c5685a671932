//! What must not compile: a CA key signs only what was rehearsed, once, by the issuer that rehearsed it.
//!
//! Each case in `tests/tokens/` is a program with the words of the compiler beside it; `TRYBUILD=overwrite cargo test
//! --test tokens` writes those anew.

#[test]
fn forbidden_programs_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/tokens/rehearse_and_sign.rs");
    cases.compile_fail("tests/tokens/fail_*.rs");
}
