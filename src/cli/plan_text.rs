//! A plan as people read it.

use super::context::Context;
use rootlet::pki::{Action, Plan, PlanStep, Renewed};

/// More names than these are counted.
const NAMES: usize = 12;

/// Every change on stdout, everything else as words.
pub fn plan(context: &Context, plan: &Plan) -> anyhow::Result<()> {
    let printer = &context.printer;
    for step in plan.steps.iter().filter(|s| s.action != Action::Nothing) {
        printer.text(&line(step))?;
        for hint in &step.hints {
            printer.say(&format!("  hint: {hint}"));
        }
    }
    for gone in plan.unmanaged.iter().filter(|u| u.action == "revoke") {
        printer.text(&format!("- revoke    {} {}: the manifest no longer names it", gone.profile, gone.name))?;
    }
    let kept: Vec<&str> = plan.unmanaged.iter().filter(|u| u.action == "keep").map(|u| u.name.as_str()).collect();
    if !kept.is_empty() {
        printer.say(&format!("not in the manifest, and left alone: {}", some(&kept)));
    }
    printer.warnings(&plan.warnings);
    printer.say(&summary(plan));
    Ok(())
}

fn line(step: &PlanStep) -> String {
    let sign = match step.action {
        Action::Create => "+",
        Action::Refused => "!",
        Action::Replace | Action::Reissue | Action::Rekey => "±",
        _ => "~",
    };
    let by = match (&step.issuer, step.action.issues()) {
        (Some(issuer), true) => format!(" by {issuer}"),
        _ => String::new(),
    };
    let action = step.action.name();
    let reason = step.reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
    let mut text = format!("{sign} {action:<9} {} {}{by}{reason}", step.profile, step.name);
    for d in &step.differences {
        let shown = |v: &str| if v.is_empty() { "nothing".to_string() } else { v.to_string() };
        text.push_str(&format!("\n    {:<12} {} → {}", d.field, shown(&d.is), shown(&d.wished)));
    }
    if !step.cascades.is_empty() {
        let names: Vec<&str> = step.cascades.iter().map(String::as_str).collect();
        text.push_str(&format!("\n    below it     {}", some(&names)));
    }
    text
}

fn some(names: &[&str]) -> String {
    let shown = names.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn summary(plan: &Plan) -> String {
    if plan.changes == 0 {
        return nothing(plan.steps.len());
    }
    let order = [
        "create",
        "renew",
        "reissue",
        "rekey",
        "cascade",
        "replace",
        "restore",
        "deliver",
        "configure",
        "run",
        "revoke",
        "refused",
        "nothing",
    ];
    let counts = order.iter().filter_map(|a| plan.summary.get(a).map(|n| (a, n)));
    let words = counts.map(|(action, n)| match *action {
        "nothing" => format!("{n} as declared"),
        "refused" => format!("{n} refused"),
        other => format!("{n} to {other}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Everything is as it should be.
pub fn nothing(entries: usize) -> String {
    match entries {
        1 => "nothing to do: 1 entry is as declared".into(),
        n => format!("nothing to do: {n} entries are as declared"),
    }
}

/// One entry that was made, or was not.
pub fn applied(done: &Renewed) -> String {
    match (&done.certificate, &done.reason) {
        (Some(c), _) => {
            let end = super::render::precise(c.not_after, c.not_after.since(c.not_before));
            format!("{} {} {}, ends {end}", done.action, c.profile, done.name)
        }
        (None, Some(reason)) => format!("{} {}: {reason}", done.action, done.name),
        (None, None) => format!("{} {}", done.action, done.name),
    }
}
