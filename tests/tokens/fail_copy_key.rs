//! Keys and secrets are not copied.
use rootlet::keys::PrivateKey;
use rootlet::model::Secret;

fn copy(key: &PrivateKey, secret: &Secret) -> (PrivateKey, Secret) {
    (Clone::clone(key), Clone::clone(secret))
}

fn main() {
    let _ = copy;
}
