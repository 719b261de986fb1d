//! Commands that show what is there.

use std::io::Write;

use papers_base::{
    cli::{EvalArgs, ReportArgs},
    config::About,
    journal::Scalars,
    provenance::Provenance,
    report,
};

use super::{ConfigArgs, DoctorArgs, context_of};
use crate::{
    cli::Paper,
    device::{self, Availability},
};

pub(super) fn evaluate(paper: &Paper, arguments: &EvalArgs) -> anyhow::Result<()> {
    let saved = Provenance::load(&arguments.run)?;
    let (family, _) = paper.find(&saved.experiment)?;
    let context = context_of(&arguments.run, arguments.backend.as_deref(), arguments.data.clone())?;
    let (step, scalars) = family.evaluate(arguments, &context)?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let scalars: serde_json::Map<_, _> = scalars
            .into_iter()
            .map(|(name, value)| (name, serde_json::json!(value)))
            .collect();
        writeln!(out, "{}", serde_json::json!({ "step": step, "scalars": scalars }))?;
    } else {
        writeln!(out, "{} after {step} updates", arguments.run.display())?;
        print_scalars(&mut out, &scalars)?;
    }
    Ok(())
}

pub(super) fn draw(arguments: &ReportArgs) -> anyhow::Result<()> {
    print(
        &report::draw(&arguments.runs, arguments.out.as_deref())?
            .display()
            .to_string(),
    )
}

pub(super) fn print_config(paper: &Paper, arguments: &ConfigArgs) -> anyhow::Result<()> {
    let name = arguments.experiment.as_deref().unwrap_or(paper.default_experiment);
    let (family, preset) = paper.find(name)?;
    let text = family.resolve(preset, arguments.config.as_deref(), &arguments.set)?;
    write!(std::io::stdout(), "{text}")?;
    Ok(())
}

pub(super) fn list(paper: &Paper) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for preset in paper.presets() {
        let about = About::parse(preset.toml)?;
        let mark = if preset.name == paper.default_experiment {
            "*"
        } else {
            " "
        };
        writeln!(out, "{mark} {:<20} {} ({})", preset.name, about.summary, about.cost)?;
    }
    Ok(())
}

pub(super) fn doctor(arguments: &DoctorArgs) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for name in device::BACKENDS.into_iter().chain([device::REMOTE]) {
        let availability = device::availability(name);
        let (state, detail) = match &availability {
            Availability::Ready(_) if name == device::REMOTE => (
                "ready",
                "where `cargo xtask serve-device` runs, as remote:ADDRESS".to_owned(),
            ),
            Availability::Ready(adapters) => ("ready", adapters.join(", ")),
            Availability::NotCompiled => ("not compiled in", format!("build with `--features {name}`")),
            Availability::NoAdapter(reason) => ("no adapter", reason.clone()),
        };
        if arguments.json {
            let line = serde_json::json!({ "backend": name, "state": state, "detail": detail });
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{name:<8} {state:<16} {detail}")?;
        }
    }
    Ok(())
}

/// One line of output; a reader that went away is an error and no panic.
fn print(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

pub(super) fn print_scalars(out: &mut impl Write, scalars: &Scalars) -> std::io::Result<()> {
    let width = scalars.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in scalars {
        writeln!(out, "  {name:<width$}  {value:.6}")?;
    }
    Ok(())
}
