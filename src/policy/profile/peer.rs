//! `peer`: a node of a cluster, server and client with one certificate: etcd, Kafka, MongoDB, CockroachDB.
//!
//! Everything as in `server`: 365 days, not a CA, digitalSignature (keyEncipherment too for RSA keys), at least one
//! DNS name or IP address. And clientAuth beside serverAuth in extKeyUsage, because the node that accepts connections
//! also opens them (RFC 5280 4.2.1.12).

use super::{Rules, server};
use crate::model::Profile;

pub(super) const RULES: Rules = Rules { profile: Profile::Peer, client_auth: true, ..server::RULES };
