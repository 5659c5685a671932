//! CRLs of any length, written in one buffer: entries first, headers put in front of them.

use super::crl_entries::{CrlEntries, HEADROOM};
use super::der::{self, tlv};
use super::{Crl, NameDer, SignatureAlgorithm, X509Error};
use crate::model::{Oid, Timestamp};

/// A CRL to be signed, without its entries (RFC 5280 5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlFields {
    /// The signature algorithm of the issuer's key.
    pub signature_algorithm: SignatureAlgorithm,
    /// The issuer's subject, byte for byte.
    pub issuer: NameDer,
    /// thisUpdate
    pub this_update: Timestamp,
    /// nextUpdate
    pub next_update: Timestamp,
    /// The issuer's subjectKeyIdentifier.
    pub authority_key_id: Vec<u8>,
    /// cRLNumber
    pub number: u64,
}

/// The to-be-signed part of a CRL, with room around it for the rest.
#[derive(Debug)]
pub struct TbsCrl {
    buffer: Vec<u8>,
    start: usize,
    algorithm: SignatureAlgorithm,
}

impl TbsCrl {
    /// Encodes a CRL. Entries are written in the order given; without any the list is absent, never empty
    /// (RFC 5280 5.1.2.6).
    pub fn encode(fields: &CrlFields, entries: CrlEntries) -> Self {
        let head = [
            &tlv(der::INTEGER, &[1])[..],
            fields.signature_algorithm.der(),
            fields.issuer.as_bytes(),
            &der::time(fields.this_update),
            &der::time(fields.next_update),
        ]
        .concat();
        let mut this = TbsCrl { buffer: entries.buffer, start: HEADROOM, algorithm: fields.signature_algorithm };
        if this.buffer.len() > this.start {
            this.prepend_header(der::SEQUENCE);
        }
        this.buffer.extend_from_slice(&extensions(fields));
        this.prepend(&head);
        this.prepend_header(der::SEQUENCE);
        this
    }

    /// The bytes to sign.
    pub fn as_bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// The whole CRL with an empty signature, for those who judge it before it is signed.
    pub(crate) fn unsigned_crl(self) -> Result<Crl, X509Error> {
        Crl::read(self.assemble(&[]))
    }

    /// The to-be-signed part of a CRL that was judged.
    pub(crate) fn of_unsigned(crl: Crl, algorithm: SignatureAlgorithm) -> Self {
        let (mut buffer, tbs) = crl.into_parts();
        buffer.truncate(tbs.end);
        TbsCrl { buffer, start: tbs.start, algorithm }
    }

    /// Puts the signed parts together and returns the CRL in DER.
    pub fn assemble(mut self, signature: &[u8]) -> Vec<u8> {
        let mut bits = vec![0];
        bits.extend_from_slice(signature);
        self.buffer.extend_from_slice(self.algorithm.der());
        self.buffer.extend_from_slice(&tlv(der::BIT_STRING, &bits));
        self.prepend_header(der::SEQUENCE);
        self.buffer.drain(..self.start);
        self.buffer
    }

    fn prepend(&mut self, bytes: &[u8]) {
        if self.start < bytes.len() {
            // An issuer with a long name, or a body that was judged first: rare enough to move everything once.
            let more = bytes.len() + HEADROOM;
            self.buffer.splice(..self.start, std::iter::repeat_n(0, more));
            self.start = more;
        }
        let start = self.start - bytes.len();
        self.buffer[start..self.start].copy_from_slice(bytes);
        self.start = start;
    }

    fn prepend_header(&mut self, tag: u8) {
        let header = der::header(tag, self.buffer.len() - self.start);
        self.prepend(&header);
    }
}

fn extensions(fields: &CrlFields) -> Vec<u8> {
    let one = |arcs: &[u64], value: &[u8]| {
        // The arcs are constants of this crate.
        let oid = Oid::from_arcs(arcs).map(|o| der::oid(&o)).unwrap_or_default();
        der::constructed(der::SEQUENCE, &[&oid, &tlv(der::OCTET_STRING, value)])
    };
    let key_id = tlv(der::SEQUENCE, &tlv(der::context(0), &fields.authority_key_id));
    let number = der::unsigned(&fields.number.to_be_bytes());
    let both = [one(super::oid::AUTHORITY_KEY_ID, &key_id), one(super::oid::CRL_NUMBER, &number)].concat();
    tlv(der::context_constructed(0), &tlv(der::SEQUENCE, &both))
}
