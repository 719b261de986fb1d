//! A trained model without the data it learned from: what rates new photos.

use std::{collections::HashSet, path::Path};

use burn::{module::Module as _, prelude::*};
use papers_core::{
    Error, Result,
    base::{
        config::{self, RunConfig as _},
        metrics::population_deviation,
    },
    checkpoint, port,
    random::Streams,
};
use serde::{Deserialize, Serialize};

use crate::{
    config::{PhotofeelerConfig, Seen, SetKind, Subjects},
    data::{Inputs, generator::SIDE},
    evaluate::{Model, draw_panel},
    model::{BackboneConfig, Base, OutputKind, VoterInput, VoterModelConfig, XCEPTION_FEATURES},
    votes::{BINS, Trait, VoteTables},
};

/// What a model is besides its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The configuration that it was trained with.
    pub config: PhotofeelerConfig,
    /// Channels of a picture, or numbers of a photo.
    pub inputs: usize,
    /// Names of the voters by number.
    pub voters: Vec<String>,
    /// Voters with votes to learn from.
    pub seen: Vec<usize>,
    /// What is known of voters.
    pub tables: VoteTables,
    /// Seed that the panel is drawn with.
    pub seed: u64,
}

impl About {
    /// Refuses a configuration that makes no sense, and sizes that do not belong together.
    fn check(&self) -> Result<()> {
        self.config.validate().map_err(Error::usage)?;
        let data = &self.config.data;
        let is_drawn = data.set == SetKind::Procedural && data.generator.seen == Seen::Pictures;
        let channels = if is_drawn { 1 } else { data.channels };
        let voters = self.voters.len();
        let mut once = HashSet::new();
        let problem = if self.inputs == 0 || (!data.has_features() && self.inputs != channels) {
            Some(format!("it sees {} numbers of a photo or a pixel", self.inputs))
        } else if self.tables.voters.len() != voters {
            let tables = self.tables.voters.len();
            Some(format!("it has {voters} voters and tables of {tables}"))
        } else if self.seen.iter().any(|&voter| voter >= voters || !once.insert(voter)) {
            Some("it names voters that it does not have, or one twice".to_owned())
        } else if self.config.output == OutputKind::Voter && self.seen.is_empty() {
            Some("it has learned from no voter".to_owned())
        } else {
            None
        };
        problem.map_or(Ok(()), |problem| {
            Err(Error::usage(format_args!("the model's sizes do not fit: {problem}")))
        })
    }

    /// Numbers of a photo that the voter model sees.
    fn seen_of_a_photo(&self) -> usize {
        let features = self.config.backbone.features();
        match self.config.phase_2.input {
            VoterInput::Temporary => BINS,
            VoterInput::Gap => features,
            VoterInput::Both => BINS.saturating_add(features),
        }
    }

    /// Fewer bytes than weights of these sizes have: of the base network, of the voter model.
    fn least_bytes(&self) -> [usize; 2] {
        let dense = |first: usize, sizes: &[usize]| {
            let from = std::iter::once(first).chain(sizes.iter().copied());
            let weights = from.zip(sizes).map(|(input, &output)| input.saturating_mul(output));
            weights.fold(0, usize::saturating_add)
        };
        let base = match &self.config.backbone {
            BackboneConfig::Cnn { channels: sizes } | BackboneConfig::Mlp { hidden: sizes } => {
                dense(self.inputs, sizes)
            }
            BackboneConfig::Xception => XCEPTION_FEATURES * XCEPTION_FEATURES,
        };
        let (phase, embedding) = (&self.config.phase_2, self.config.phase_2.embedding);
        let embeddings = self.voters.len().saturating_mul(embedding);
        let first = self.seen_of_a_photo().saturating_add(embedding);
        let voters = match self.config.output {
            OutputKind::Voter => embeddings.saturating_add(dense(first, &phase.hidden)),
            _ => 0,
        };
        [base, voters].map(|numbers| numbers.saturating_mul(size_of::<f32>()))
    }
}

/// A model that rates photos.
#[derive(Debug, Clone)]
pub struct Rater {
    /// What it is besides its weights.
    pub about: About,
    /// The networks.
    pub model: Model,
    device: Device,
}

/// What a model says of photos.
#[derive(Debug, Clone, PartialEq)]
pub struct Rating {
    /// The whole model's score in `[0.05, 0.95]` (of a regression: any number).
    pub score: f64,
    /// The base network's.
    pub base: f64,
    /// Deviation over the voters of the panel of their scores, where voters are modeled.
    pub spread: Option<f64>,
    /// Mean over the panel of the voters' distributions, or the base network's; none of a regression.
    pub shares: Option<Vec<f64>>,
    /// Score of each voter that was asked for.
    pub of_voters: Vec<f64>,
}

impl Rater {
    /// The model of a run's newest checkpoint; the data that it learned from is not needed.
    ///
    /// # Errors
    ///
    /// A folder without a checkpoint, and one of something else.
    pub fn of_run(run: &Path, device: &Device) -> Result<Self> {
        let config: PhotofeelerConfig = config::of_run(run, &[])?;
        let seed = papers_core::base::provenance::Provenance::load(run)?.seed;
        let (checkpoint, warnings) = checkpoint::Store::new(run).latest()?;
        warnings.iter().for_each(|warning| log::warn!("{warning}"));
        let known: Known = checkpoint.json("state")?;
        let about = About {
            inputs: known.inputs,
            voters: known.voters,
            seen: known.seen,
            tables: checkpoint.json("tables")?,
            config,
            seed,
        };
        let mut rater = Self::untrained(about, device)?;
        rater.model.base = checkpoint.module("base", rater.model.base)?;
        rater.model.voters = match rater.model.voters {
            Some(_) if !known.has_voters => {
                return Err(Error::usage(
                    "the run has not reached phase 2: go on with `train --resume`, or rate with a run of `output='distribution'`",
                ));
            }
            Some(voters) => Some(checkpoint.module("voters", voters)?),
            None => None,
        };
        Ok(rater)
    }

    /// Networks of the right sizes, with the weights that Burn gives them.
    fn untrained(about: About, device: &Device) -> Result<Self> {
        about.check()?;
        let config = &about.config;
        let base = Base::new(&config.backbone, about.inputs, config.output.units(), device);
        let width = about.seen_of_a_photo();
        let hidden = config.phase_2.hidden.clone();
        let sizes = VoterModelConfig::new(about.voters.len(), width, config.phase_2.embedding, hidden);
        let voters = (config.output == OutputKind::Voter).then(|| sizes.init(device));
        Ok(Self {
            model: Model {
                base,
                voters,
                input: config.phase_2.input,
                seen: about.seen.clone(),
            },
            about,
            device: device.clone(),
        })
    }

    /// What the model is for.
    pub fn rates(&self) -> (Trait, Subjects) {
        (self.about.config.data.of_trait, self.about.config.data.subjects)
    }

    /// Rows, columns and channels that pictures are brought to.
    ///
    /// # Errors
    ///
    /// A model of numbers in place of pictures.
    pub fn picture_size(&self) -> Result<[usize; 2]> {
        let data = &self.about.config.data;
        if data.has_features() {
            return Err(Error::usage(
                "the model sees numbers and no pictures: rate with it as a library (example `own_features`)",
            ));
        }
        let is_drawn = data.set == SetKind::Procedural && data.generator.seen == Seen::Pictures;
        let side = if is_drawn {
            SIDE / data.generator.pooling
        } else {
            data.side
        };
        Ok([side, self.about.inputs])
    }

    /// Number of a voter by name; none of one who is unknown, whose embedding is then the mean of the seen ones.
    pub fn voter(&self, name: &str) -> Option<usize> {
        let known = self.about.voters.iter().position(|voter| voter == name);
        known.filter(|voter| self.about.seen.contains(voter))
    }

    /// What the model says of photos: each passes the base network once, whatever the number of voters. `voters` are asked for on
    /// their own, too.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device.
    pub fn rate(&self, photos: &Inputs, voters: &[Option<usize>]) -> Result<Vec<Rating>> {
        let all: Vec<usize> = (0..photos.len()).collect();
        let outputs = self.model.base.outputs(photos, &all, self.model.input, &self.device)?;
        let streams = Streams::new(self.about.seed);
        let panel = draw_panel(&self.about.seen, &self.about.config.evaluation, &streams);
        let panel = self.model.panel(&outputs, &panel)?;
        let (values, width) = self.model.input.of(&outputs);
        let asked = match &self.model.voters {
            Some(model) if !voters.is_empty() => {
                Some(model.panel(&values, width, &model.embeddings_of(voters, &self.model.seen))?)
            }
            _ => None,
        };
        let base = outputs.scores();
        let scores = panel.as_ref().map(|panel| panel.photo_scores());
        let rating = |photo: usize| Rating {
            score: scores.as_ref().map_or(base[photo], |scores| scores[photo]),
            base: base[photo],
            spread: panel.as_ref().map(|panel| population_deviation(&panel.of_photo(photo))),
            shares: match &panel {
                Some(panel) => Some(panel.shares_of(photo)),
                None => (outputs.units == BINS).then(|| outputs.shares(photo)),
            },
            of_voters: asked.as_ref().map_or_else(Vec::new, |asked| asked.of_photo(photo)),
        };
        Ok(all.into_iter().map(rating).collect())
    }

    /// Weights as bytes: of the base network and of the voter model, which may have none.
    pub(crate) fn records(&self) -> Result<[Vec<u8>; 2]> {
        let record = |name: &str| {
            let name = name.to_owned();
            move |source| Error::Record { name, source }
        };
        let base = port::to_bytes(&self.model.base).map_err(record("base"))?;
        let voters = match &self.model.voters {
            Some(voters) => port::to_bytes(voters).map_err(record("voters"))?,
            None => Vec::new(),
        };
        Ok([base, voters])
    }

    /// Of what [`records`](Self::records) gave.
    pub(crate) fn of_records(about: About, [base, voters]: [Vec<u8>; 2], device: &Device) -> Result<Self> {
        about.check()?;
        // Before room is made for weights that are not there.
        let [least_base, least_voters] = about.least_bytes();
        if base.len() < least_base || voters.len() < least_voters {
            return Err(Error::usage(
                "the model's weights are fewer than its configuration needs",
            ));
        }
        let mut rater = Self::untrained(about, device)?;
        let record = |name: &str| {
            let name = name.to_owned();
            move |source| Error::Record { name, source }
        };
        rater.model.base = port::from_bytes(rater.model.base, base)
            .map_err(record("base"))?
            .valid();
        if let Some(model) = rater.model.voters {
            rater.model.voters = Some(port::from_bytes(model, voters).map_err(record("voters"))?.valid());
        }
        Ok(rater)
    }
}

/// What of a checkpoint's state is needed.
#[derive(Deserialize)]
struct Known {
    inputs: usize,
    voters: Vec<String>,
    seen: Vec<usize>,
    has_voters: bool,
}
