//! What a signer signs is made inside the library only.
use rootlet::keys::Approved;

fn approve(bytes: &[u8]) -> Approved<'_> {
    Approved(bytes)
}

fn main() {
    let _ = approve;
}
