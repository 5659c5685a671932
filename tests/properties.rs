//! What must hold for any input: parsers never panic and read back what they show, certificates and CRLs are read as
//! they were written, and whatever bytes come in, an answer comes out.

mod properties {
    pub mod crl_history;
    pub mod dates;
    pub mod encoding;
    pub mod fields;
    pub mod hostile;
    pub mod manifests;
    pub mod names;
}
