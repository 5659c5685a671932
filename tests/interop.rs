//! Real programs judge what `rootlet` wrote.
//!
//! Every test runs the binary itself, hands the files it wrote, as they are, to a program that somebody else made, and
//! asserts both what that program must accept and what it must refuse. A program that is not installed skips its tests
//! with a printed line; where the environment variable `CI` is set it fails them.
#![cfg(unix)]

/// One test per key algorithm for a function that takes a `KeyAlgorithm`.
macro_rules! for_each_key_algorithm {
    ($function:ident) => {
        for_each_key_algorithm!($function: p256 P256, p384 P384, ed25519 Ed25519, rsa_2048 Rsa2048);
    };
    ($function:ident: $($test:ident $variant:ident),+) => {
        mod $function {
            $(
                #[test]
                fn $test() {
                    super::$function(crate::interop::pki::KeyAlgorithm::$variant);
                }
            )+
        }
    };
}

mod interop {
    mod adopt;
    mod adopt_easy_rsa;
    mod crl_contents;
    mod crl_readers;
    mod csr;
    mod gnutls;
    mod go;
    mod handshakes;
    mod haproxy;
    mod https;
    mod inspect;
    mod java;
    mod key_files;
    mod lint;
    mod nginx;
    mod nss;
    mod openssl;
    mod openssl_constraints;
    mod openssl_crl;
    mod openssl_profiles;
    mod pki;
    mod postgres;
    mod program;
    mod prompts;
    mod pyca;
    mod python;
    /// Every recipe of `docs/ci.md`, as it stands there.
    mod recipes {
        mod compose;
        mod due;
        mod ephemeral;
        mod kubernetes;
        mod page;
        mod place;
        mod renewal;
        mod runner;
        mod workflow;
        mod yaml;
    }
    mod server;
    mod verify;
}
