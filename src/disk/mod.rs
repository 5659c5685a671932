//! The one door to the disk: create-exclusive or replace-atomically, mode at birth, synced; locks; PEM.
//!
//! Nothing else in the crate writes files. What only Unix can do is in `unix.rs`.

mod access;
mod anchored;
mod error;
mod holder;
mod lock;
mod pem;
mod pem_stream;
mod pem_walk;
mod read;
mod stream;
mod together;
mod unix;
mod verified;
mod write;

pub use access::Access;
pub use anchored::{Anchored, real_path};
pub use error::{DiskError, reason};
pub use holder::database_writer;
pub use lock::{Lock, patience, set_patience};
pub use pem::{
    Block, PemError, SecretBlock, decode_pem, decode_secret_pem, encode_pem, encode_secret_pem, first_pem_body,
};
pub use pem_stream::{PemReader, write_pem};
pub use pem_walk::{PemBlock, PemWalk};
pub use read::{entries, exists, for_each_line, read, read_given, read_optional, read_public};
pub use stream::{Source, copy_file, holds};
pub use together::Flush;
pub use unix::{ASIDE_PREFIX, guard_memory, is_forbidden, is_open_to_others, is_same, is_writable, may_give};
pub use write::Disk;
pub(crate) use write::fault_point;
