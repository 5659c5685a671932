use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::given;
use super::super::printer::{Printer, safe};
use super::super::render::Table;
use clap::{ArgMatches, Args, Command};
use rootlet::issue::Warning;
use rootlet::judge::lint::{LintCounts, LintReport, LintRequest, LintedKind, LintedObject, lint_file};
use rootlet::model::{Clock, Profile, SystemClock};
use rootlet::policy::{self, Counts, Judged, Lint, RuleSet, Severity};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Objects without a finding are named in files of so many objects at most: a bundle has thousands.
const FEW: usize = 20;

const LEVELS: [&str; 4] = ["error", "warning", "notice", "never"];

#[derive(Debug, Args)]
struct Options {
    /// Certificates and CRLs, in PEM or DER; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "rules")]
    file: Option<PathBuf>,
    /// The certificate of the issuer, where it is not in FILE itself
    #[arg(long, value_name = "FILE", conflicts_with = "rules")]
    issuer_file: Option<PathBuf>,
    /// Judge by the rules of one of rootlet's profiles too
    #[arg(long, value_name = "PROFILE", conflicts_with = "rules")]
    profile: Option<String>,
    /// Judge by what these ask for too: apple, chromium, java, nss, python-strict, rustls, spiffe
    #[arg(long = "for", value_name = "SET", value_delimiter = ',', conflicts_with = "rules")]
    sets: Vec<String>,
    /// Tell the findings of this rule, and do not count them
    #[arg(long, value_name = "RULE", value_delimiter = ',', conflicts_with = "rules")]
    allow: Vec<String>,
    /// The least finding that makes the answer no, with exit code 3
    #[arg(long, value_name = "LEVEL", default_value = "error", value_parser = LEVELS)]
    fail_on: String,
    /// List every rule
    #[arg(long, conflicts_with = "file")]
    rules: bool,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "lint",
        "Tell rule by rule what is wrong with certificates and CRLs, anyone's; exit code 3 when something is",
        "Example:\n  rootlet lint server.pem --issuer-file ca.pem\n  rootlet lint fullchain.pem --for apple,java\n  rootlet lint crl.pem --issuer-file ca.pem --fail-on warning\n  rootlet lint --rules",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let Some(file) = &options.file else { return rules(context) };
    let request = options.request()?;
    let issuer_file = options.issuer_file.as_deref();
    if file == Path::new(given::STDIN) && issuer_file == Some(Path::new(given::STDIN)) {
        return Err(Failure::usage("standard input is named twice", "name it once, and a file for the other"));
    }
    let objects = given::objects(file)?;
    let issuers = issuer_file.map(given::objects).transpose()?;
    let refuse = |e: rootlet::judge::lint::LintError| {
        let of_issuer = e == rootlet::judge::lint::LintError::NoIssuer;
        let named = issuer_file.filter(|_| of_issuer).unwrap_or(file);
        Failure::failed("malformed", format!("`{}` cannot be judged: {e}", given::name(named)), e.hint())
    };
    let report = lint_file(objects, issuers, &request).map_err(refuse)?;
    let limit = match options.fail_on.as_str() {
        "error" => Some(Severity::Error),
        "warning" => Some(Severity::Warning),
        "notice" => Some(Severity::Notice),
        _ => None,
    };
    let failed = limit.is_some_and(|limit| report.worst().is_some_and(|worst| worst >= limit));
    if context.printer.is_json() {
        context.printer.object(&report)?;
    } else {
        context.printer.raw(&told(&report, &context.printer))?;
        let warnings: Vec<Warning> = report.warnings.iter().map(|n| Warning::new(n.code, n.message.as_str())).collect();
        context.printer.warnings(&warnings);
    }
    Ok(if failed { Exit::No } else { Exit::Done })
}

impl Options {
    /// What is asked, before any file is looked at.
    fn request(&self) -> Result<LintRequest, Failure> {
        let mut request = LintRequest::new(SystemClock.now());
        request.profile = self.profile.as_deref().map(str::parse::<Profile>).transpose()?;
        for name in &self.sets {
            let set = RuleSet::from_name(name).ok_or_else(|| {
                let known = RuleSet::ALL.map(RuleSet::name).join(", ");
                Failure::usage(format!("there is no set of rules `{name}`"), format!("the sets are {known}"))
            })?;
            request.sets.push(set);
        }
        for id in &self.allow {
            let lint = policy::find(id).ok_or_else(|| {
                let near = policy::near(id).iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
                let hint = match near.is_empty() {
                    true => "`rootlet lint --rules` lists them".to_string(),
                    false => format!("near it are {near}; `rootlet lint --rules` lists all"),
                };
                Failure::usage(format!("there is no rule `{id}`"), hint)
            })?;
            request.allowed.push(lint);
        }
        Ok(request)
    }
}

/// The report for people: object by object, the heaviest findings first, and what it comes to.
fn told(report: &LintReport, printer: &Printer) -> String {
    let mut text = String::new();
    let mut line = |indent: &str, words: &str| {
        text.push_str(indent);
        text.push_str(&safe(words));
        text.push('\n');
    };
    for object in &report.objects {
        let mut findings = report.findings_about(object.number).peekable();
        let judged = object.kind != LintedKind::Skipped;
        if findings.peek().is_none() && (!judged || report.objects.len() > FEW) {
            continue;
        }
        line("", &title(object));
        if findings.peek().is_none() {
            line("  ", "nothing is wrong with it");
        }
        for f in findings {
            let word = if f.allowed { "allowed" } else { f.severity.name() };
            line("  ", &format!("{word:<8} {} ({}, {})", f.message, f.rule, f.citation));
            if let Some(hint) = f.hint.as_ref().filter(|_| !printer.is_quiet() && !f.allowed) {
                line("  ", &format!("{:<8} hint: {hint}", ""));
            }
        }
    }
    if !printer.is_quiet() {
        line("", &summary(&report.counts));
    }
    text
}

fn title(object: &LintedObject) -> String {
    let LintedObject { number, kind, name, line, .. } = object;
    let what = match kind {
        LintedKind::Certificate => format!("certificate {name}"),
        LintedKind::Crl => name.clone(),
        LintedKind::Unreadable | LintedKind::Skipped => name.clone(),
    };
    match line {
        Some(line) => format!("{number}. {what} (line {line})"),
        None => format!("{number}. {what}"),
    }
}

fn summary(counts: &LintCounts) -> String {
    let of = |n: usize, one: &str| match n {
        1 => format!("1 {one}"),
        n => format!("{n} {one}s"),
    };
    let judged = [(counts.certificates, "certificate"), (counts.crls, "CRL")];
    let judged: Vec<String> = judged.into_iter().filter(|(n, _)| *n > 0).map(|(n, w)| of(n, w)).collect();
    let found = [(counts.error, "error"), (counts.warning, "warning"), (counts.notice, "notice")];
    let mut found: Vec<String> = found.into_iter().filter(|(n, _)| *n > 0).map(|(n, w)| of(n, w)).collect();
    if counts.allowed > 0 {
        found.push(format!("{} allowed", counts.allowed));
    }
    let judged = if judged.is_empty() { "nothing that can be read".into() } else { judged.join(" and ") };
    let found = if found.is_empty() { "nothing is wrong".into() } else { found.join(", ") };
    format!("{judged}: {found}")
}

/// A row of the table of rules.
#[derive(Serialize)]
struct Row {
    id: &'static str,
    severity: Severity,
    severity_if_asked: Severity,
    counts: &'static str,
    judges: Judged,
    sets: &'static [RuleSet],
    citation: &'static str,
    about: &'static str,
    hint: &'static str,
}

impl From<&'static Lint> for Row {
    fn from(l: &'static Lint) -> Self {
        let counts = match l.counts {
            Counts::Always => "always",
            Counts::OnPlatforms | Counts::WhenAsked => "when-asked",
        };
        Row {
            id: l.id,
            severity: l.severity,
            severity_if_asked: l.severity.max(l.severity_if_asked),
            counts,
            judges: l.judges(),
            sets: l.sets,
            citation: l.citation,
            about: l.about,
            hint: l.mend,
        }
    }
}

fn rules(context: &Context) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Set {
        name: &'static str,
        about: &'static str,
        source: &'static str,
    }
    #[derive(Serialize)]
    struct Shape {
        rules: Vec<Row>,
        sets: Vec<Set>,
    }
    let rows = policy::all().map(Row::from);
    if context.printer.is_json() {
        let sets = RuleSet::ALL.map(|s| Set { name: s.name(), about: s.about(), source: s.source() });
        context.printer.object(&Shape { rules: rows.collect(), sets: sets.into() })?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["RULE", "SEVERITY", "SETS", "SAYS"]);
    for r in rows {
        let sets = r.sets.iter().map(|s| s.name()).collect::<Vec<_>>().join(",");
        let severity = if r.counts == "always" {
            r.severity.name().to_string()
        } else {
            format!("({})", r.severity_if_asked.name())
        };
        table.row([r.id.into(), severity, sets, format!("{} ({})", r.about, r.citation)]);
    }
    context.printer.text(&table.page())?;
    context.printer.say("a severity in parentheses counts only where `--for` names one of the sets");
    Ok(Exit::Done)
}
