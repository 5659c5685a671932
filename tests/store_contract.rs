//! What every inventory must do, whatever holds it: each case is a function over `&mut dyn Store`.
//!
//! A new store joins at the bottom with one line of `contract!`. What is special to SQLite's files is in `files`.

mod store_contract {
    pub mod files;
    pub mod records;
    pub mod revocations;
    pub mod sample;
    pub mod transactions;
}

use rootlet::store::{SqliteStore, Store};
use std::path::PathBuf;

/// An inventory in a folder that goes with it, and the way to open it a second time.
pub struct Fresh {
    folder: tempfile::TempDir,
}

impl Fresh {
    /// A new, empty inventory.
    pub fn sqlite() -> Self {
        let fresh = Fresh { folder: tempfile::tempdir().unwrap() };
        std::fs::write(fresh.path(), b"").unwrap();
        fresh
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("inventory.db")
    }

    pub fn open(&self) -> Box<dyn Store> {
        Box::new(SqliteStore::open(&self.path()).unwrap())
    }
}

/// One test for each case of the contract, on an inventory of its own.
macro_rules! contract {
    ($store:ident, $fresh:path: $($module:ident { $($case:ident),+ $(,)? })+) => {
        mod $store {
            $($(
                #[test]
                fn $case() {
                    let fresh = $fresh();
                    let mut store = fresh.open();
                    crate::store_contract::$module::$case(&mut *store);
                }
            )+)+
        }
    };
}

/// As `contract!`, for cases that open the inventory several times.
macro_rules! contract_of_several {
    ($store:ident, $fresh:path: $($module:ident { $($case:ident),+ $(,)? })+) => {
        mod $store {
            $($(
                #[test]
                fn $case() {
                    let fresh = $fresh();
                    crate::store_contract::$module::$case(&|| fresh.open());
                }
            )+)+
        }
    };
}

contract!(sqlite, crate::Fresh::sqlite:
    records {
        a_new_inventory_is_empty,
        a_record_is_found_as_it_was_given,
        a_handle_belongs_to_the_first_identity,
        the_newest_certificate_is_current,
        serials_are_unique_per_issuer,
        a_refused_serial_leaves_nothing_behind,
        authorities_come_in_order_of_creation,
        a_walk_filters_and_stops,
        a_walk_finds_few_and_many,
        values_at_their_ends_survive,
        keys_keep_their_first_identifier,
        a_barred_key_stays_barred,
        deliveries_are_of_one_handle,
        history_is_a_line_per_act,
        whether_a_key_is_here_is_kept,
        a_request_waits_under_its_handle,
        what_is_due_comes_by_urgency,
    }
    revocations {
        the_newest_event_says_how_it_stands,
        a_hold_is_lifted_and_comes_again,
        a_release_is_known_by_its_time,
        a_reason_is_upgraded,
        revocations_are_of_one_issuer,
        the_next_crl_lists_what_is_revoked,
        an_entry_stays_for_one_crl_past_expiry,
        an_expired_certificate_revoked_late_appears_once,
        a_crl_that_missed_an_event_does_not_count,
        the_first_crl_that_listed_it_is_known,
        the_last_crl_has_the_highest_number,
        changes_make_up_the_next_crl,
        whether_a_ca_signs_leaves_is_known,
    }
    transactions {
        what_is_dropped_never_was,
        what_is_committed_stays,
        whether_public_lags_is_remembered,
    }
);

contract_of_several!(sqlite_side_by_side, crate::Fresh::sqlite:
    transactions {
        a_reader_keeps_its_view_beside_a_writer,
        a_reader_does_not_wait_for_a_writer,
        a_second_writer_waits_and_sees_the_first,
        two_writers_cannot_take_one_serial,
        a_reader_cannot_write,
        it_is_opened_by_several_at_once,
    }
);
