use std::path::PathBuf;

use anyhow::Context as _;
use burn::{module::Module as _, prelude::*};
use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{base::commit, cli::Verb, device::pool, nn::leaky_relu};
use safetensors::{Dtype, tensor::TensorView};

use super::RunArgs;
use crate::{
    data::Pictures,
    network::{Backbone, Mode},
};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

/// Pictures that pass the network together.
const BATCH: usize = 64;

#[derive(Debug, Args)]
struct FeaturesArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Test pictures to pass through the network, the first ones
    #[arg(long, value_name = "N", default_value_t = 256)]
    pictures: usize,
    /// Apply the ReLU that the next stage begins with
    #[arg(long)]
    rectify: bool,
    /// File to write; features.safetensors in the run's folder if left out
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn command() -> Command {
    let command = Command::new("features")
        .about("Write what each stage of a trained network makes of test pictures, for a detector or a classifier of your own")
        .after_help(
            "The file has a tensor `stage-I` [pictures, channels, height, width] for each stage, each half as high and wide as the \
             one before, and `labels` [pictures].\n\nExample:\n  randwire features runs/randwire/digits-seed0 --rectify",
        );
    FeaturesArgs::augment_args(command)
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = FeaturesArgs::from_arg_matches(matches)?;
    anyhow::ensure!(arguments.pictures > 0, "--pictures must be at least 1");
    let (experiment, context) = arguments.run.restored()?;
    let model = experiment.model().valid();
    let backbone = &super::wired(&model)?.backbone;
    let pictures = experiment.pictures();
    let count = arguments.pictures.min(pictures.test_len());
    let features = pool::run(&context.device, || {
        Features::of(backbone, pictures, count, arguments.rectify, &context.device)
    })?;
    let out = arguments
        .out
        .unwrap_or_else(|| arguments.run.run.join("features.safetensors"));
    commit::bytes(&out, &features.to_bytes()?)?;
    super::print(&format!("{count} pictures\n"))?;
    for (stage, data) in features.stages.iter().enumerate() {
        super::print(&format!("stage-{stage} {:?}\n", data.shape().to_vec()))?;
    }
    eprintln!("wrote {}", out.display());
    Ok(())
}

/// Outputs of all stages.
struct Features {
    /// `[pictures, channels, height, width]` each.
    stages: Vec<TensorData>,
    labels: Vec<i32>,
}

impl Features {
    fn of(
        backbone: &Backbone,
        pictures: &Pictures,
        count: usize,
        rectify: bool,
        device: &Device,
    ) -> anyhow::Result<Self> {
        let mut stages: Vec<Vec<Tensor<4>>> = vec![Vec::new(); backbone.stages.len()];
        let indices: Vec<usize> = (0..count).collect();
        for indices in indices.chunks(BATCH) {
            let outputs = backbone.forward(pictures.test(indices, device)?, Mode::EVALUATION);
            for (stage, output) in stages.iter_mut().zip(outputs) {
                let output = if rectify { leaky_relu(output, 0.0) } else { output };
                stage.push(output.permute([0, 3, 1, 2]));
            }
        }
        let data = |parts: Vec<Tensor<4>>| Ok(Tensor::cat(parts, 0).try_into_data()?.convert::<f32>());
        Ok(Self {
            stages: stages.into_iter().map(data).collect::<anyhow::Result<_>>()?,
            labels: indices.iter().map(|&index| pictures.test_label(index) as i32).collect(),
        })
    }

    fn to_bytes(&self) -> anyhow::Result<Vec<u8>> {
        let labels = TensorData::new(self.labels.clone(), [self.labels.len()]);
        let mut views = vec![("labels".to_owned(), view(&labels, Dtype::I32)?)];
        for (stage, data) in self.stages.iter().enumerate() {
            views.push((format!("stage-{stage}"), view(data, Dtype::F32)?));
        }
        safetensors::serialize(views, None).context("writing safetensors")
    }
}

fn view(data: &TensorData, precision: Dtype) -> anyhow::Result<TensorView<'_>> {
    Ok(TensorView::new(precision, data.shape().to_vec(), data.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use papers_core::{Context, Experiment as _, base::config, testing};
    use safetensors::SafeTensors;

    use super::*;
    use crate::{config::PRESETS, train::Classify};

    #[test]
    fn features_are_the_outputs_of_all_stages() {
        let context = Context::new(testing::device(), 0);
        let experiment = Classify::new(&config::experiment(PRESETS, "digits", &[]).unwrap(), &context).unwrap();
        let model = experiment.model().valid();
        let backbone = &model.wired().unwrap().backbone;
        let count = BATCH + 3;
        let written = |rectify| {
            let features = Features::of(backbone, experiment.pictures(), count, rectify, &context.device).unwrap();
            features.to_bytes().unwrap()
        };
        let (plain, rectified) = (written(false), written(true));
        let [plain, rectified] = [&plain, &rectified].map(|bytes| SafeTensors::deserialize(bytes).unwrap());
        let numbers = |file: &SafeTensors<'_>, name: &str| -> Vec<f32> {
            let bytes = file.tensor(name).unwrap().data().to_vec();
            bytes
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
                .collect()
        };
        assert_eq!(plain.tensor("labels").unwrap().shape(), [count]);
        // The last picture alone.
        let images = experiment.pictures().test(&[count - 1], &context.device).unwrap();
        for (stage, output) in backbone.forward(images, Mode::EVALUATION).into_iter().enumerate() {
            let name = format!("stage-{stage}");
            let expected = testing::values(output.permute([0, 3, 1, 2]));
            let found = numbers(&plain, &name);
            let last: Vec<f64> = found[found.len() - expected.len()..]
                .iter()
                .map(|&value| value.into())
                .collect();
            testing::assert_close(&last, &expected, 1e-5);
            let positive: Vec<f32> = found.iter().map(|&value| value.max(0.0)).collect();
            assert_eq!(numbers(&rectified, &name), positive);
        }
    }
}
