//! What is said to whoever meets an error: the hints.

use super::Error;
use crate::keys::KeyError;

impl Error {
    /// As [`Error::hints`], for who wrote a manifest: its keys stand for the options, and `apply` is what is run again.
    pub(super) fn hints_in_manifest(&self) -> Vec<String> {
        let hint = match self {
            Error::Shared(e) => return e.hints_in_manifest(),
            Error::Delivery { .. } => "mend that, and run `rootlet apply` again: it delivers what is missing",
            Error::DeliveryInside { .. } | Error::DeliveryTaken { .. } => "choose another `out`",
            Error::DeliveryOccupied { .. } => "move it away, or choose another `out`",
            Error::UnknownOwner { .. } => "write `owner` and `group` as this system knows them, names or numbers",
            _ => return self.hints(),
        };
        vec![hint.into()]
    }

    /// What would mend it, where that is known.
    pub fn hints(&self) -> Vec<String> {
        let one = |s: &str| vec![s.to_string()];
        match self {
            Error::Usage { hints, .. } | Error::Refused { hints, .. } => hints.clone(),
            Error::Shared(e) => e.hints(),
            Error::Model(e) => e.hints(),
            Error::Disk(e) => e.hints(),
            Error::Delivery { .. } => {
                one("mend that, and run the same command with --if-missing: it delivers what is missing")
            }
            Error::OnHold { may_force, .. } => {
                let mut hints =
                    one("lift the hold with `rootlet revoke NAME --release`, or revoke it for good with a --reason");
                if *may_force {
                    hints.push("`--force` replaces it with a new key".into());
                }
                hints
            }
            Error::LostInventory { .. } => vec![
                "bring inventory.db back from a backup; nothing was changed".into(),
                "`rootlet doctor --salvage` remakes it from the certificates and CRLs on disk".into(),
            ],
            Error::PastUnknown { handle } => vec![
                format!("give its CRL with `rootlet import {handle} --crl-file FILE`"),
                format!("or say that there is nothing but what is on record: `rootlet import {handle} --no-past`"),
                "a revocation can be recorded before: `rootlet revoke … --no-crl`".into(),
            ],
            Error::RequestWaits { handle, profile } => vec![
                format!("bring the answer in with `rootlet import {handle} --cert-file FILE`"),
                // The CSR of a CA may be on somebody's desk for a year: its key is not thrown away.
                if profile.is_ca() {
                    "`--if-missing` leaves it as it is; another `--name` asks beside it".into()
                } else {
                    "`--if-missing` leaves it as it is, `--force` makes a new key".into()
                },
            ],
            Error::Csr { .. } => one("have it made again; `rootlet request` or `openssl req -new` make good ones"),
            Error::NothingToSalvage { .. } => one("`rootlet doctor` checks it, `rootlet doctor --history` all of it"),
            Error::DeliveryInside { .. } | Error::DeliveryTaken { .. } => one("choose another --out-dir"),
            Error::Store(e) => e.hints(),
            Error::Issue { source, .. } => source.hints(),
            Error::Manifest(e) => e.problems.first().map(|p| p.kind.hints()).unwrap_or_default(),
            Error::NoManifest { .. } => one("name a file, or a folder with manifests in it"),
            Error::FileExists { .. } => one("move it away, or name another file with `--output`"),
            Error::NoManifestId => {
                one("add `id = \"NAME\"` at its top; what it creates from then on is marked with it")
            }
            Error::NotConfirmed { .. } => one("look at `rootlet plan --prune`, and run `rootlet apply --prune --yes`"),
            Error::CaChange { handle, cascades, .. } => {
                let mut hints =
                    vec![format!("`--replace-ca {handle}` makes a new one, with a new key, beside the old")];
                if !cascades.is_empty() {
                    hints.push(format!("issued again with it: {}", cascades.join(", ")));
                }
                hints
            }
            Error::Import(e) => e.hints(),
            Error::KeyFile { source: KeyError::Encrypted, path } => {
                vec![format!("decrypt it first: openssl pkey -in {0} -out {0}.plain", path.display())]
            }
            Error::KeyFile { source: KeyError::Refused(refusal), path } => {
                refusal.hint(&path.to_string_lossy()).into_iter().collect()
            }
            Error::Custody(e) => e.hints(),
            Error::NoPki { .. } => one("create one with `rootlet root NAME`, or name another folder with --pki"),
            Error::NotAPki { .. } => one("name an empty or a new folder with --pki"),
            Error::NameTaken { free, .. } => vec![format!("run the same command with `--name {free}`")],
            Error::Exists { may_force, .. } => {
                let mut hints = one("`--if-missing` keeps it, `--renew-within` renews it when it is due");
                if *may_force {
                    hints.push("`--force` replaces it with a new key".into());
                }
                hints
            }
            Error::Differs { may_force: true, .. } => {
                one("`--force` replaces it; `--name` makes another one beside it")
            }
            Error::Differs { .. } => {
                one("a CA is never replaced; choose another NAME, or drop the option that differs")
            }
            Error::InTheWay { other, .. } => {
                vec![format!("give it another handle, or another `layout` than `{other}` has")]
            }
            Error::UnknownFolder { path } => vec![format!("look at it and move it away: {}", path.display())],
            Error::DeliveryOccupied { .. } => one("move it away, or choose another --out-dir"),
            Error::NoIssuer { hint, .. } => vec![hint.clone()],
            Error::SeveralIssuers { what: "leaves", .. } => {
                one("choose one with `--issuer`, or set `issuer` in rootlet.toml")
            }
            Error::SeveralIssuers { .. } => one("choose one with `--issuer`"),
            Error::IssuerUnusable { hint, .. } => hint.iter().cloned().collect(),
            Error::SubjectTaken { .. } => one("choose another NAME or --subject: verifiers tell CAs apart by subject"),
            Error::KeyBarred { .. } => one("make a new key: `renew --rekey`, or issue it again with `--force`"),
            Error::NoGain { issuer, .. } => vec![format!("renew `{issuer}` first")],
            Error::NotFound { similar, .. } if !similar.is_empty() => {
                vec![format!("similar: {}", similar.join(", "))]
            }
            Error::NotFound { .. } => one("`rootlet list` shows what exists"),
            Error::NoAnswer { handle } => {
                vec![format!("bring the answer in with `rootlet import {handle} --cert-file FILE`")]
            }
            Error::NotIssuedHere { .. } => one("name the PKI that issued it with --pki"),
            Error::AmbiguousTarget { .. } => {
                one("say which: a handle, a file with its path, or `--serial HEX --issuer CA`")
            }
            Error::AlreadyRevoked { .. } => one("a recorded reason can only be turned into key-compromise"),
            Error::RootRevocation { .. } => one("take it out of every trust store, and revoke what it issued"),
            Error::Revoked { profile, .. } => {
                vec![format!("issue it again with `rootlet {profile} NAME`: it gets a new key")]
            }
            Error::NotCurrent { handle, .. } => vec![format!("`rootlet renew {handle}` renews the newest")],
            Error::NotRenewable { hint, .. } => vec![hint.clone()],
            Error::Exec { .. } => one(
                "mend that and run the command by hand: the renewal stands; the next `apply` runs that of a manifest again",
            ),
            Error::NothingToRevoke { .. } => one("name the serial to revoke an expired certificate"),
            Error::NotReleased { .. } => {
                one("mend that: the next command that writes finishes it, and `rootlet doctor` shows what is left")
            }
            Error::Overtaken { .. } => one("run the command again when the others have finished"),
            Error::UnknownOwner { .. } => one("write --owner USER or USER:GROUP, names or numbers"),
            Error::OwnerNotOurs { .. } => {
                one("run it as root; as anybody else it gives to itself, and to its own groups")
            }
            Error::Internal(_) => one("this is a fault of rootlet: please report it with the command"),
            _ => Vec::new(),
        }
    }
}
