use super::Refusal;

/// The most purposes and policies that are looked at for one answer, over all paths. An honest chain has a few, and a search
/// among the thickest cross-certificates some thousands.
pub(super) const MOST_WORK: usize = 2_000_000;

/// How much work with lists of purposes and policies is left: each is walked again for every path that it is on.
#[derive(Debug)]
pub(super) struct Work(usize);

impl Work {
    pub fn new() -> Self {
        Work(MOST_WORK)
    }

    /// Before so many items are looked at.
    ///
    /// # Errors
    /// [`Refusal::GaveUp`] when it is more than is left.
    pub fn spend(&mut self, items: usize) -> Result<(), Refusal> {
        let left = self.0.checked_sub(items);
        self.0 = left.ok_or(Refusal::GaveUp { what: "purposes and policies", tried: MOST_WORK })?;
        Ok(())
    }
}
