use std::path::PathBuf;

use burn::prelude::*;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{
    base::{
        commit,
        figure::Table,
        plot::{Chart, Scale, Series, Style},
    },
    cli::Verb,
    device,
};

use crate::label_guess::sharpen;

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

/// Temperatures, from 1, which changes nothing, down.
const TEMPERATURES: [f64; 7] = [1.0, 0.8, 0.65, 0.5, 0.35, 0.2, 0.1];

/// What is sharpened.
#[derive(Debug, Args)]
struct SharpenArgs {
    /// Probabilities of the classes; scaled to sum to 1
    #[arg(long, value_name = "P,P,...", value_delimiter = ',', default_values_t = [0.4, 0.3, 0.2, 0.1])]
    probabilities: Vec<f64>,
    /// Folder for `sharpen.csv` and `sharpen.svg`
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

fn command() -> Command {
    SharpenArgs::augment_args(
        Command::new("sharpen").about("Show what sharpening makes of a guessed label, as CSV and SVG"),
    )
}

#[expect(clippy::print_stdout, reason = "this is what the command prints")]
fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = SharpenArgs::from_arg_matches(matches)?;
    let sum: f64 = arguments.probabilities.iter().sum();
    let valid = |p: &f64| *p >= 0.0 && p.is_finite();
    anyhow::ensure!(
        arguments.probabilities.len() > 1 && arguments.probabilities.iter().all(valid) && sum > 0.0,
        "--probabilities needs at least two numbers, none negative and not all zero, as in `0.4,0.3,0.2,0.1`"
    );
    let label: Vec<f64> = arguments.probabilities.iter().map(|p| p / sum).collect();
    let rows = sharpened(&label)?;
    let classes = (0..label.len()).map(|class| format!("class {class}"));
    let mut table = Table::new(std::iter::once("temperature".to_owned()).chain(classes));
    for (temperature, row) in TEMPERATURES.iter().zip(&rows) {
        table.push(std::iter::once(temperature.to_string()).chain(row.iter().map(|p| format!("{p:.4}"))));
    }
    print!("{}", table.to_markdown());
    std::fs::create_dir_all(&arguments.out)?;
    let chart = Chart {
        title: "Sharpening".to_owned(),
        x_label: "temperature".to_owned(),
        y_label: "probability".to_owned(),
        x_scale: Scale::Log,
        series: (0..label.len())
            .map(|class| {
                let points = TEMPERATURES
                    .iter()
                    .zip(&rows)
                    .map(|(&temperature, row)| (temperature, row[class]));
                Series::new(format!("class {class}"), points, Style::LinePoints)
            })
            .collect(),
        ..Chart::default()
    };
    for (name, content) in [("sharpen.csv", table.to_csv()), ("sharpen.svg", chart.to_svg()?)] {
        let path = arguments.out.join(name);
        commit::bytes(&path, content.as_bytes())?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

/// The label at every temperature.
fn sharpened(label: &[f64]) -> anyhow::Result<Vec<Vec<f64>>> {
    let device = device::resolve(device::default_backend()?)?;
    let label = Tensor::<2>::from_data(TensorData::new(label.to_vec(), [1, label.len()]), &device);
    let row = |&temperature: &f64| -> anyhow::Result<Vec<f64>> {
        Ok(sharpen(label.clone(), temperature)?.try_into_vec_as()?)
    };
    TEMPERATURES.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_temperatures_approach_one_hot() {
        let rows = sharpened(&[0.4, 0.3, 0.2, 0.1]).expect("a CPU");
        assert!((rows[0][0] - 0.4).abs() < 1e-6);
        // 0.16 / (0.16 + 0.09 + 0.04 + 0.01).
        assert!((rows[3][0] - 0.16 / 0.3).abs() < 1e-6);
        assert!(rows[6][0] > 0.94);
    }
}
