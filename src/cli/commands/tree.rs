use super::super::context::Context;
use super::super::draw::{self, Branch, Style};
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::given;
use super::super::render::span;
use clap::{ArgMatches, Args, Command};
use rootlet::model::{Clock, SystemClock, Timestamp};
use rootlet::pki::{
    CaState, CertificateView, FileNode, LeafCounts, MAX_LISTED_LEAVES, Status, TreeNode, TreeRequest, tree_of,
};
use std::path::{Path, PathBuf};

/// Leaves of a CA that are drawn when nobody asked for them: a lab's all fit on a screen.
const FEW: usize = 12;
/// Longer names are cut.
const MAX_NAME: usize = 200;

#[derive(Debug, Args)]
struct Options {
    /// Any file with certificates, in any order; `-` is standard input [default: the PKI]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// List the leaves of CAs that have more than a few
    #[arg(long, conflicts_with = "file")]
    leaves: bool,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "tree",
        "Draw the hierarchy of the PKI, or of the certificates in a file",
        "Example:\n  rootlet tree\n  rootlet tree --leaves\n  rootlet tree fullchain.pem",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    match &options.file {
        Some(file) => of_file(file, context),
        None => of_pki(options.leaves, context),
    }
}

fn of_pki(leaves: bool, context: &Context) -> Result<Exit, Failure> {
    // Scripts get leaves when they ask for them, however few there are.
    let few = if context.printer.is_json() { 0 } else { FEW };
    let request = TreeRequest { leaves: if leaves { MAX_LISTED_LEAVES } else { few } };
    let mut pki = context.open()?;
    let outcome = pki.tree(&request)?;
    if context.printer.is_json() {
        context.printer.object(&outcome)?;
        return Ok(Exit::Done);
    }
    let pen = Pen { now: pki.now(), months: leaves, hidden: std::cell::Cell::new(false) };
    let branches: Vec<Branch> = outcome.tree.iter().map(|n| pen.node(n)).collect();
    context.printer.lines(&draw::lines(&branches, draw::is_unicode()))?;
    if branches.is_empty() {
        context.printer.say("there is no CA yet");
    }
    if pen.hidden.get() {
        let more = if leaves { "" } else { "--leaves, and " };
        context.printer.say(&format!("leaves are counted where they are many: see {more}`rootlet list --issuer CA`"));
    }
    context.printer.warnings(&outcome.warnings);
    Ok(Exit::Done)
}

/// Draws nodes of a PKI.
struct Pen {
    now: Timestamp,
    /// Whether leaves that are not listed are told month by month.
    months: bool,
    /// Whether leaves were left out.
    hidden: std::cell::Cell<bool>,
}

impl Pen {
    fn node(&self, node: &TreeNode) -> Branch {
        let c = &node.certificate;
        let mut branch = Branch::default();
        branch.add(Style::Name, &c.name);
        branch.add(Style::Plain, format!("  {}", c.profile));
        if let Some(ca) = &node.authority {
            branch.also(Style::Dim, &c.key_algorithm);
            if !ca.newest {
                branch.also(Style::Soon, format!("generation {}, an earlier one", ca.generation));
            } else if ca.generation > 1 {
                branch.also(Style::Plain, format!("generation {}", ca.generation));
            }
            match ca.key_place {
                "foreign" => branch.also(Style::Soon, "foreign"),
                "detached" => branch.also(Style::Plain, "key detached"),
                _ => {}
            }
        }
        let revoked =
            c.revocation.as_ref().map(|r| format!("{} since {} ({})", status_words(c.status), r.at.date(), r.reason));
        standing(&mut branch, c.status, node.expiring, (c.not_before, c.not_after), self.now, revoked);
        if let Some(ca) = &node.authority {
            self.ca(&mut branch, c, ca, node);
        }
        branch
    }

    fn ca(&self, branch: &mut Branch, c: &CertificateView, ca: &CaState, node: &TreeNode) {
        if let (Some(problem), Status::Valid) = (&ca.problem, c.status) {
            branch.also(Style::Bad, format!("issues nothing: {problem}"));
        }
        let until = ca.crl.next_update.map(|t| t.date()).unwrap_or_default();
        match (ca.crl.state, &ca.crl.reason) {
            ("good", _) => branch.also(Style::Dim, format!("CRL until {until}")),
            ("ended", _) => branch.also(Style::Bad, format!("CRL ended {until}")),
            (_, Some(reason)) => branch.also(Style::Soon, format!("CRL due: {reason}")),
            _ => branch.also(Style::Dim, "no CRL"),
        }
        branch.below = node.children.iter().map(|n| self.node(n)).collect();
        let counts = &ca.leaves.counts;
        if counts.total > 0 && !ca.leaves.listed {
            self.hidden.set(true);
            let mut group = Branch::default();
            leaves(&mut group, counts);
            if self.months {
                for ending in &ca.leaves.ends {
                    let mut month = Branch::default();
                    let text = match ending.month {
                        Some(m) => format!("{m}: {} end", ending.certificates),
                        None => format!("ended: {}", ending.certificates),
                    };
                    month.add(Style::Plain, text);
                    group.below.push(month);
                }
            }
            branch.below.push(group);
        }
    }
}

fn leaves(group: &mut Branch, counts: &LeafCounts) {
    group.add(Style::Plain, if counts.total == 1 { "1 leaf: ".into() } else { format!("{} leaves: ", counts.total) });
    let soon = if counts.expiring > 0 { format!(" ({} end soon)", counts.expiring) } else { String::new() };
    let parts = [
        (Style::Good, counts.valid, format!("valid{soon}")),
        (Style::Plain, counts.not_yet_valid, "not valid yet".into()),
        (Style::Soon, counts.on_hold, "on hold".into()),
        (Style::Bad, counts.revoked, "revoked".into()),
        (Style::Dim, counts.expired, "expired".into()),
    ];
    for (i, (style, n, words)) in parts.into_iter().filter(|p| p.1 > 0).enumerate() {
        if i > 0 {
            group.add(Style::Plain, ", ");
        }
        group.add(style, format!("{n} {words}"));
    }
}

fn status_words(status: Status) -> &'static str {
    match status {
        Status::OnHold => "on hold",
        Status::NotYetValid => "not valid yet",
        other => other.name(),
    }
}

/// When it ends, and how it stands where that is not well.
fn standing(
    branch: &mut Branch,
    status: Status,
    expiring: bool,
    (not_before, not_after): (Timestamp, Timestamp),
    now: Timestamp,
    revoked: Option<String>,
) {
    let life = not_after.since(not_before);
    let day = |t| super::super::render::precise(t, life);
    match (status, revoked) {
        (_, Some(words)) => branch.also(Style::Bad, words),
        (Status::Expired, _) => {
            branch.also(Style::Bad, format!("expired {} ({})", day(not_after), span(not_after, now)))
        }
        (Status::NotYetValid, _) => {
            branch.also(Style::Soon, format!("valid from {} ({})", day(not_before), span(not_before, now)))
        }
        _ => {}
    }
    if !matches!(status, Status::Expired) {
        let style = if expiring { Style::Soon } else { Style::Plain };
        branch.also(style, format!("ends {} ({})", day(not_after), span(not_after, now)));
    }
}

fn of_file(file: &Path, context: &Context) -> Result<Exit, Failure> {
    let now = SystemClock.now();
    let objects = given::objects(file)?;
    let tree = tree_of(objects, now).map_err(|e| Failure::unreadable(&given::name(file), &e))?;
    if context.printer.is_json() {
        context.printer.object(&tree)?;
        return Ok(Exit::Done);
    }
    let branches: Vec<Branch> = tree.tree.iter().map(|n| file_node(n, now)).collect();
    context.printer.lines(&draw::lines(&branches, draw::is_unicode()))?;
    for u in &tree.unreadable {
        let line = u.line.map(|l| format!(" (line {l})")).unwrap_or_default();
        context.printer.say(&format!("not read: object {}{line}: {}", u.number, u.problem));
    }
    match tree.others {
        0 => {}
        1 => context.printer.say("not drawn: 1 object that is no certificate"),
        n => context.printer.say(&format!("not drawn: {n} objects that are no certificates")),
    }
    context.printer.warnings(&tree.warnings);
    Ok(Exit::Done)
}

fn file_node(node: &FileNode, now: Timestamp) -> Branch {
    let mut branch = Branch::default();
    let name = match node.sans.first() {
        _ if !node.subject.is_empty() => node.subject.clone(),
        Some(san) => format!("{}:{}", san.kind, san.value),
        None => format!("serial {}", node.serial),
    };
    branch.add(Style::Name, cut(&name));
    branch.add(Style::Dim, format!("  #{}", node.number));
    if node.copies > 1 {
        branch.add(Style::Dim, format!(" ({} times)", node.copies));
    }
    if let Some(repeats) = node.repeats {
        branch.also(Style::Soon, if repeats == "above" { "a loop: it stands above" } else { "drawn elsewhere" });
        return branch;
    }
    branch.also(Style::Plain, if node.ca { "CA" } else { "leaf" });
    branch.also(Style::Dim, &node.key_algorithm);
    standing(&mut branch, node.status, node.expiring, (node.not_before, node.not_after), now, None);
    let other = node.other.map(|n| format!("#{n}")).unwrap_or_default();
    match node.place {
        "self-signed" => branch.also(Style::Dim, "self-signed"),
        "self-issued" => {
            branch.also(Style::Bad, "names itself as its issuer, and that its own key signed it is not seen here")
        }
        "issuer-missing" => branch.also(Style::Soon, format!("its issuer is not in the file: {}", cut(&node.issuer))),
        "not-signed" => branch.also(Style::Bad, format!("{other} has the name of its issuer and did not sign it")),
        "loop" => branch.also(Style::Bad, "its issuer stands below it"),
        "continued" => branch.also(Style::Soon, format!("continues below {other}")),
        "unchecked" => branch.also(Style::Soon, "by name: its signature cannot be checked here"),
        _ => {}
    }
    branch.below = node.children.iter().map(|n| file_node(n, now)).collect();
    branch
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => format!("{}… ({} characters)", name.get(..end).unwrap_or_default(), name.chars().count()),
        None => name.into(),
    }
}
