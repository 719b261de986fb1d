use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use burn::prelude::Device;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{
    Context, Error, Result,
    base::{
        config,
        figure::{Body, Figure},
        images::{FolderOptions, ImageSet, Listing},
    },
    checkpoint::Store,
    cli::{Verb, context_of},
    device::pool,
};

use crate::{
    config::DbVaeConfig,
    data::{DataSet, Grouped},
    evaluate::{Assessed, Said, Scores},
    figures,
    model::DbVae,
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
    let figures = pool::run(&context.device, || audit(&context, &arguments))?;
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

/// The detector of a run, without what it learned from.
struct Trained {
    config: DbVaeConfig,
    network: DbVae,
    updates: u64,
}

impl Trained {
    fn of(run: &Path, device: &Device) -> Result<Self> {
        let config: DbVaeConfig = config::of_run(run, &[])?;
        let (saved, warnings) = Store::new(run).latest()?;
        warnings.iter().for_each(|warning| log::warn!("{warning}"));
        let [height, width, channels] = config.data.shape();
        let network = config.network.init([channels, height, width], device);
        Ok(Self {
            network: saved.module("network", network)?,
            updates: saved.step(),
            config,
        })
    }
}

fn audit(context: &Context, arguments: &AuditArgs) -> Result<Vec<Figure>> {
    let trained = Trained::of(&arguments.run, &context.device)?;
    let windows = match arguments.windows.is_empty() {
        true => None,
        false => Some(SlidingWindow::new(arguments.windows.clone(), arguments.stride)?),
    };
    let score = |listing: &Listing, folder: &Path| -> Result<Scored> {
        let (network, shape) = (&trained.network, trained.config.data.shape());
        match &windows {
            Some(windows) => slid(windows, network, listing, folder, shape, &context.device),
            None => whole(network, listing, shape, &context.device),
        }
    };
    let listing = Listing::with_rest(&arguments.pictures, arguments.groups.as_deref(), NO_GROUP)?;
    let faces = score(&listing, &arguments.pictures)?;
    // The run's own pictures are only needed where they set the threshold.
    let (others, kinds, data) = match (&arguments.non_faces, &windows) {
        (Some(folder), _) => {
            let others = score(&Listing::of_one_class(folder, "others")?, folder)?;
            (others.scores, others.pictures, None)
        }
        (None, None) => {
            let data = DataSet::load(&trained.config.data, context)?;
            let said = Said::of(&trained.network, &data.test_non_faces.pictures, &context.device)?;
            (said.logits, data.test_non_faces.clone(), Some(data))
        }
        (None, Some(_)) => {
            return Err(Error::Usage(
                "--windows needs --non-faces: the more windows, the more pictures without a face have one that counts"
                    .to_owned(),
            ));
        }
    };
    let scores = Scores {
        faces: faces.scores,
        others,
    }
    .checked(trained.updates)?;
    let assessed = Assessed::by(scores, [&faces.pictures, &kinds], &[], &trained.config.evaluation);
    let note = figures::for_measuring(&trained.config.resampling.strategy);
    let mut all = vec![
        figures::by_group(&assessed, data.as_ref(), note),
        figures::metrics(&assessed, note),
    ];
    if let (Some(said), Some(matched)) = (faces.said, assessed.matched.threshold) {
        let found: Vec<bool> = assessed.scores.faces.iter().map(|score| *score >= matched).collect();
        let latents = said.into_latents().map_err(Error::usage)?;
        all.push(figures::by_bin(&latents, &found, trained.config.resampling.bins)?);
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
    let blank = ImageSet {
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
        pictures: grouped(blank, listing)?,
        said: None,
    })
}
