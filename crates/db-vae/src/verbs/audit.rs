use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use burn::{module::Module as _, prelude::Device};
use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{
    Error, Result,
    base::{
        config,
        figure::{Body, Figure},
        images::{FolderOptions, ImageSet, Listing},
    },
    cli::{Verb, context_of},
    device::pool,
    training,
};

use crate::{
    config::DbVaeConfig,
    data::{DataSet, Grouped},
    evaluate::{Assessed, Assessment, Said, Scores},
    fairness::threshold_at_false_positive_rate,
    figures,
    model::DbVae,
    train::DebiasedDetector,
    window::SlidingWindow,
};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

#[derive(Debug, Clone, Args)]
struct AuditArgs {
    /// Folder of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Folder of pictures, each of a face
    #[arg(long, value_name = "DIR")]
    pictures: PathBuf,
    /// Their groups: CSV with the columns `file` and `label`; without it the names of sub-folders, if there are some
    #[arg(long, value_name = "CSV")]
    groups: Option<PathBuf>,
    /// Folder of pictures without a face, to set the threshold with; without it those of the run serve
    #[arg(long, value_name = "DIR")]
    non_faces: Option<PathBuf>,
    /// Sides of windows that slide over pictures, in pixels; without them whole pictures are looked at. Needs --non-faces
    #[arg(long, value_name = "PIXELS", value_delimiter = ',')]
    windows: Vec<u32>,
    /// Pixels from one window to the next
    #[arg(long, value_name = "PIXELS", default_value_t = 16)]
    stride: u32,
    /// Where to compute
    #[arg(short, long, value_name = "NAME")]
    backend: Option<String>,
    /// Folder to look for data sets in first
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

fn command() -> Command {
    let command = Command::new("audit")
        .about("Say how a trained detector does on groups of your own pictures, and where it is weak without any groups")
        .after_help(
            "Recall of each group has an interval, at the threshold and at the run's false positive rate. With --windows a picture counts as a \
             face if any window does, and so do pictures without one: the same windows set the threshold.\n\nExample:\n  db-vae audit \
             runs/db-vae/drawn-faces-seed0 --pictures photos --groups groups.csv",
        );
    AuditArgs::augment_args(command)
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = AuditArgs::from_arg_matches(matches)?;
    let context = context_of(&arguments.run, arguments.backend.as_deref(), arguments.data.clone())?;
    let saved: DbVaeConfig = config::of_run(&arguments.run, &[])?;
    let (mut experiment, _) = training::restore::<DebiasedDetector>(&saved, &context, &arguments.run)?;
    let experiment = &mut experiment;
    let figures = pool::run(&context.device, move || audit(experiment, &arguments))?;
    for figure in figures {
        if let Body::Table(table) = figure.body {
            writeln!(
                std::io::stdout(),
                "{}\n\n{}\n{}\n",
                figure.title,
                table.to_markdown(),
                figure.caption
            )?;
        }
    }
    Ok(())
}

/// The group of pictures that a table does not name, or that lie beside the sub-folders.
const NO_GROUP: &str = "no group";

/// Pictures of a folder, with the group of each and its score.
struct Scored {
    scores: Vec<f64>,
    pictures: Grouped,
    /// Latents need whole pictures.
    said: Option<Said>,
}

fn audit(run: &DebiasedDetector, arguments: &AuditArgs) -> Result<Vec<Figure>> {
    let network = run.network().clone().valid();
    let windows = match arguments.windows.is_empty() {
        true => None,
        false => Some(SlidingWindow::new(arguments.windows.clone(), arguments.stride)?),
    };
    let shape = run.data().shape();
    let score = |listing: &Listing, folder: &Path| -> Result<Scored> {
        match &windows {
            Some(windows) => slid(windows, &network, listing, folder, shape, run.device()),
            None => whole(&network, listing, shape, run.device()),
        }
    };
    let listing = Listing::with_rest(&arguments.pictures, arguments.groups.as_deref(), NO_GROUP)?;
    let faces = score(&listing, &arguments.pictures)?;
    let (others, kinds) = match (&arguments.non_faces, &windows) {
        (Some(folder), _) => {
            let others = score(&Listing::of_one_class(folder, "others")?, folder)?;
            (others.scores, others.pictures)
        }
        (None, Some(_)) => {
            return Err(Error::Usage(
                "--windows needs --non-faces: the more windows, the more pictures without a face have one that counts"
                    .to_owned(),
            ));
        }
        (None, None) => (run.assess()?.scores.others, run.data().test_non_faces.clone()),
    };
    let evaluation = &run.config().evaluation;
    let data = DataSet {
        test_faces: faces.pictures,
        test_non_faces: kinds,
        comparable: Vec::new(),
        ..run.data().clone()
    };
    let scores = Scores {
        faces: faces.scores,
        others,
    }
    .checked(run.updates())?;
    let threshold = (evaluation.threshold / (1.0 - evaluation.threshold)).ln();
    let matched = threshold_at_false_positive_rate(&scores.others, evaluation.false_positive_rate);
    let assessed = Assessed {
        fixed: Assessment::of(&scores, &data, Some(threshold)),
        matched: Assessment::of(&scores, &data, matched),
        scores,
    };
    let note = figures::for_measuring(run);
    let mut all = vec![
        figures::by_group(&assessed, &data, note),
        figures::metrics(&assessed, note),
    ];
    if let (Some(said), Some(matched)) = (faces.said, matched) {
        let found: Vec<bool> = assessed.scores.faces.iter().map(|score| *score >= matched).collect();
        let latents = said.into_latents().map_err(Error::usage)?;
        all.push(figures::by_bin(&latents, &found, run.config().resampling.bins)?);
    }
    Ok(all)
}

fn grouped(pictures: ImageSet, listing: &Listing) -> Result<Grouped> {
    let numbers = (0..listing.len()).map(|index| listing.label(index)).collect();
    Ok(Grouped::new(pictures, numbers, listing.class_names().to_vec())?)
}

fn whole(network: &DbVae, listing: &Listing, [side, _, channels]: [usize; 3], device: &Device) -> Result<Scored> {
    let pictures = listing.images(&FolderOptions {
        side: Some(side),
        channels,
        skip: Vec::new(),
        classes: None,
    })?;
    let said = Said::of(network, &pictures, device)?;
    Ok(Scored {
        scores: said.logits.clone(),
        pictures: grouped(pictures, listing)?,
        said: Some(said),
    })
}

fn slid(
    windows: &SlidingWindow,
    network: &DbVae,
    listing: &Listing,
    folder: &Path,
    shape: [usize; 3],
    device: &Device,
) -> Result<Scored> {
    let scores = (0..listing.len())
        .map(|index| windows.score(network, &listing.read(index)?, shape, device))
        .collect::<Result<Vec<f64>>>()?;
    let [height, width, channels] = shape;
    // Windows are gone; the count of pictures is what is left to say of them.
    let placeholder = ImageSet {
        name: folder.display().to_string(),
        images: vec![0; listing.len() * height * width * channels],
        labels: Vec::new(),
        height,
        width,
        channels,
        maximum: u8::MAX,
        classes: 0,
        class_names: Vec::new(),
    };
    Ok(Scored {
        scores,
        pictures: grouped(placeholder, listing)?,
        said: None,
    })
}
