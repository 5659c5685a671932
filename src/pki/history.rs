//! Every act in order.

use super::{Error, Pki};
use crate::model::{Handle, Timestamp};
use serde::Serialize;
use std::collections::VecDeque;

/// Which acts are to be told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryRequest {
    /// Only those about this name or handle.
    pub name: Option<String>,
    /// Only those at or after this time.
    pub since: Option<Timestamp>,
    /// Only so many, the newest.
    pub last: Option<usize>,
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// What was done: `created`, `renewed`, `reissued`, `revoked`, `released`, `crl`, …
    pub action: String,
    /// The handle it was done to; nothing for what concerns the whole PKI.
    pub name: Option<String>,
    /// A serial, a number, a reason.
    pub detail: String,
}

impl Pki {
    /// Walks the acts from the oldest to the newest, without holding more of them than `last` asks for. The visitor
    /// returns whether to go on.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nobody has the name, [`Error::Store`].
    pub fn history(&mut self, request: &HistoryRequest, visit: &mut dyn FnMut(Act) -> bool) -> Result<(), Error> {
        let handle = request.name.as_deref().map(|n| n.parse::<Handle>().unwrap_or_else(|_| Pki::handle_of(n)));
        let transaction = self.read()?;
        if let (Some(handle), Some(name)) = (&handle, &request.name)
            && transaction.holder(handle)?.is_none()
            && transaction.request(handle)?.is_none()
        {
            return Err(Error::NotFound { target: name.clone(), similar: Vec::new() });
        }
        let mut newest: VecDeque<Act> = VecDeque::new();
        transaction.acts(handle.as_ref(), request.since, &mut |event| {
            let act = Act { at: event.at, action: event.action, name: event.handle, detail: event.detail };
            match request.last {
                None => visit(act),
                Some(count) => {
                    newest.push_back(act);
                    if newest.len() > count {
                        newest.pop_front();
                    }
                    true
                }
            }
        })?;
        for act in newest {
            if !visit(act) {
                break;
            }
        }
        Ok(())
    }
}
