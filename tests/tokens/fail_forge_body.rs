//! Nobody else has a body that can be signed: the trait is sealed.
use rootlet::issue::{IssueError, Issuer, SignableBody};

struct Mine(Vec<u8>);

impl SignableBody for Mine {
    type Output = Vec<u8>;

    fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn finish(self, _: &Issuer, signature: &[u8]) -> Result<Vec<u8>, IssueError> {
        Ok(signature.to_vec())
    }
}

fn main() {}
