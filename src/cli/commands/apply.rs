use super::super::args::ManifestArgs;
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::hook::Hook;
use super::super::plan_text;
use super::super::progress::Progress;
use super::super::render;
use clap::{ArgMatches, Args, Command};
use rootlet::model::Handle;
use rootlet::pki::{Attendant, Error, ItemError, Pki, Plan, Progress as Come, Renewed};
use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, IsTerminal, Write};

/// What is said of an entry of which nothing but its command was due.
const RAN: &str = "ran";

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    manifest: ManifestArgs,
    /// Do nothing; exit code 3 when something is to be done, as `plan` does
    #[arg(long, conflicts_with = "yes")]
    check: bool,
    /// Revoke what `--prune` finds without being asked
    #[arg(long)]
    yes: bool,
}

pub fn definition() -> Command {
    super::command::<Options>(
        "apply",
        "Make the PKI what a manifest declares, and nothing else",
        "Example:\n  rootlet apply lab.toml\n  rootlet apply pki.d/ --json\n  rootlet apply lab.toml --check\n  rootlet apply lab.toml --prune --yes",
    )
}

pub fn run(matches: &ArgMatches, context: &Context) -> Result<Exit, Failure> {
    let options = super::parse::<Options>(matches)?;
    let request = options.manifest.request("apply")?;
    if options.check {
        return super::plan::show(&options.manifest, &request, context);
    }
    let (manifest, secrets) = options.manifest.read()?;
    let commands = manifest.entries.iter().filter_map(|e| Some((e.handle.as_str(), e.exec.as_deref()?))).collect();
    let progress = Progress::new(&context.printer);
    let mut screen = Screen { context, progress, commands, seen: HashSet::new(), closed: None };
    let mut confirm = |plan: &Plan| confirm(context, plan, options.yes);
    let mut outcome = Pki::apply(&context.pki, &manifest, &request, secrets, &mut confirm, &mut screen)?;
    screen.progress.clear();
    if let Some(closed) = screen.closed {
        return Err(closed.into());
    }
    let (failures, remembered) = run_commands(context, &screen.commands, &mut outcome.results);
    if let Err(e) = remembered {
        outcome.error.get_or_insert(e.into());
    }
    let failed = outcome.has_failed() || !failures.is_empty();
    if context.printer.is_json() {
        context.printer.object(&outcome)?;
        return Ok(if failed { Exit::Failed } else { Exit::Done });
    }
    for ran in outcome.results.iter().filter(|r| r.action == RAN) {
        context.printer.text(&plan_text::applied(ran))?;
    }
    for one in &outcome.pruned {
        let name = one.name.as_deref().unwrap_or(&one.ca);
        context.printer.text(&format!("{} {name} (serial {})", one.action, one.serial))?;
    }
    if let Some(error) = &outcome.error {
        context.printer.failure(&Failure::from(error));
    }
    for error in failures {
        context.printer.failure(&Failure::from(&error));
    }
    context.printer.warnings(&outcome.warnings);
    let changed = outcome.results.iter().filter(|r| r.is_change()).count() + outcome.pruned.len();
    if changed == 0 && !failed {
        context.printer.say(&plan_text::nothing(outcome.results.len()));
    }
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

/// What destroys is asked about: at the terminal, else by `--yes`. Replacing a CA was said with its name.
fn confirm(context: &Context, plan: &Plan, yes: bool) -> Result<(), Error> {
    let names = plan.pruned();
    if names.is_empty() || yes {
        return Ok(());
    }
    let not_confirmed = || Error::NotConfirmed { names: names.clone() };
    if context.printer.is_json() || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(not_confirmed());
    }
    context.printer.say(&format!("to be revoked: {}", names.join(", ")));
    let mut err = io::stderr().lock();
    drop(write!(err, "Revoke {} for good? Type yes: ", if names.len() == 1 { "it" } else { "them" }));
    drop(err.flush());
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == "yes" { Ok(()) } else { Err(not_confirmed()) }
}

/// Runs the commands of the entries that changed, each distinct one once. Returns what failed, each once, and puts it beside
/// every entry whose command that is: it is run again by the next `apply`, for all of them. Also whether it could be
/// remembered which did not fail.
fn run_commands(
    context: &Context,
    commands: &HashMap<&str, &str>,
    results: &mut [Renewed],
) -> (Vec<ItemError>, Result<(), Error>) {
    let (mut ran, mut settled, mut failures) = (HashMap::new(), Vec::new(), Vec::new());
    let pki = std::path::absolute(&context.pki).unwrap_or_else(|_| context.pki.clone());
    for result in results.iter_mut().filter(|r| runs(r)) {
        let Some(command) = commands.get(result.name.as_str()) else { continue };
        let first = !ran.contains_key(command);
        let problem = ran.entry(*command).or_insert_with(|| {
            let hook = Hook { command: (*command).into(), pki: pki.clone(), keep_stdout: true };
            hook.start(result).err()
        });
        let Some(problem) = problem else {
            settled.extend(result.name.parse::<Handle>());
            continue;
        };
        let error = ItemError::from(Error::Exec { handle: result.name.clone(), problem: problem.clone() });
        if first {
            failures.push(error.clone());
        }
        result.error = Some(error);
        if result.action == RAN {
            result.action = "failed";
        }
    }
    let remembered = match settled[..] {
        [] => Ok(()),
        _ => Pki::open(&context.pki).and_then(|mut pki| pki.commands_ran(&settled)),
    };
    (failures, remembered)
}

/// Whether the command of an entry is run after that.
fn runs(result: &Renewed) -> bool {
    result.is_change() && result.error.is_none()
}

/// Says what happens as it happens.
struct Screen<'c> {
    context: &'c Context,
    progress: Progress,
    /// The commands of the entries, by handle.
    commands: HashMap<&'c str, &'c str>,
    /// Those that something was kept for to run with.
    seen: HashSet<&'c str>,
    /// Why nothing can be said any more.
    closed: Option<anyhow::Error>,
}

impl Attendant for Screen<'_> {
    fn come(&mut self, come: &Come) {
        self.progress.show(come);
    }

    fn done(&mut self, done: &Renewed) -> bool {
        let printer = &self.context.printer;
        // What is to run has not run yet.
        if printer.is_json() || matches!(done.action, "unchanged" | RAN) {
            return true;
        }
        self.progress.clear();
        self.closed = printer.text(&plan_text::applied(done)).err();
        for folder in &done.delivered {
            printer.say(&format!("  delivered   {}/", render::place(folder)));
        }
        printer.warnings(&done.warnings);
        if let Some(error) = &done.error {
            printer.failure(&Failure::from(error));
        }
        self.closed.is_none()
    }

    /// What was said is not held, of tens of thousands, but for what the one run of each command is told.
    fn keep(&mut self, done: Renewed) -> Renewed {
        let command = self.commands.get(done.name.as_str()).filter(|_| runs(&done));
        if self.context.printer.is_json() || command.is_some_and(|command| self.seen.insert(command)) {
            return done;
        }
        Renewed { certificate: None, warnings: Vec::new(), delivered: Vec::new(), ..done }
    }
}
