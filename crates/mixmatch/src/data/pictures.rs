use papers_core::{
    Context, Error, Result,
    base::{
        catalogue::Split,
        images::{self, ImageSet},
    },
    data::{LabelSplit, SplitRequest},
    random::Streams,
};

use crate::config::{DataConfig, FolderConfig};

/// Pictures in four sets; none is in two of them, unless labeled ones shall be among the unlabeled.
#[derive(Debug, Clone)]
pub struct Pictures {
    /// Pictures whose labels are used.
    pub labeled: ImageSet,
    /// Pictures whose labels are not used; what is known of them serves diagnostics alone.
    pub unlabeled: ImageSet,
    /// Pictures that anything is selected on; may be empty.
    pub validation: ImageSet,
    /// Pictures that the reported numbers are computed from, and nothing else.
    pub test: ImageSet,
    /// Which of the training pictures are which.
    pub split: LabelSplit,
    /// What is odd about the split, for the user.
    pub warnings: Vec<String>,
}

impl Pictures {
    /// Reads the data set and splits it.
    ///
    /// # Errors
    ///
    /// A set that is not on this machine, a split that is impossible, pictures that are too small for their
    /// augmentation.
    pub fn load(config: &DataConfig, context: &Context) -> Result<Self> {
        let seed = config.split_seed.unwrap_or(context.seed);
        let pictures = match &config.folder {
            Some(folder) => Self::of_folder(config, folder, seed)?,
            None => Self::of_catalogue(config, seed, context)?,
        };
        let (height, width) = (pictures.labeled.height, pictures.labeled.width);
        let check = config.augmentation.check(height, width);
        check.map_err(|problem| Error::Usage(format!("`data.augmentation`: {problem}")))?;
        Ok(pictures)
    }

    /// Whether it is known what the unlabeled pictures show.
    pub fn hidden_labels(&self) -> Option<&[u8]> {
        (self.unlabeled.is_labeled() && !self.unlabeled.is_empty()).then_some(self.unlabeled.labels.as_slice())
    }

    fn of_catalogue(config: &DataConfig, seed: u64, context: &Context) -> Result<Self> {
        let read = |split: Split| pooled(context.data.images(&config.set, split)?, config.pool);
        let mut training = read(Split::Train)?;
        if config.extra {
            training = training.concat(&read(Split::Extra)?)?;
        }
        training = some(&training, "data.train", config.train, seed)?;
        let split = label_split(config, &training, seed, context)?;
        let part = |name: &str, indices: &[usize]| training.subset(format!("{}/{name}", config.set), indices);
        let mut unlabeled = part("unlabeled", &split.unlabeled);
        if context.data.has(&config.set, Split::Unlabeled)? {
            // Pictures that nobody ever labeled; of the mixture nothing is known any more.
            unlabeled = read(Split::Unlabeled)?.concat(&unlabeled.without_labels())?;
        }
        Ok(Self {
            labeled: part("labeled", &split.labeled),
            validation: part("validation", &split.validation),
            test: first(read(Split::Test)?, config.test)?,
            warnings: split.warnings(&training.labels, training.classes),
            unlabeled,
            split,
        })
    }

    /// Labeled pictures of one's own are drawn for testing, class by class; the others are all trained on.
    fn of_folder(config: &DataConfig, folder: &FolderConfig, seed: u64) -> Result<Self> {
        let found = images::folder(&folder.path, folder.labels.as_deref(), folder.side)?;
        let labeled = pooled(found.labeled, config.pool)?;
        let request = SplitRequest::new(folder.test, seed);
        let test = LabelSplit::draw(&labeled.labels, labeled.classes, &request)?;
        let test_set = labeled.subset("folder/test", &test.labeled);
        let rest = labeled.subset("folder/labeled", &test.unlabeled);
        let count = if config.labels == 0 { rest.len() } else { config.labels };
        let request = SplitRequest::new(count, seed)
            .validation(config.validation)
            .labeled_in_unlabeled(config.labeled_in_unlabeled)
            .strict(config.strict);
        let split = LabelSplit::draw(&rest.labels, rest.classes, &request)?;
        let hidden = rest.subset("folder/unlabeled", &split.unlabeled);
        let unlabeled = pooled(found.unlabeled, config.pool)?;
        Ok(Self {
            labeled: rest.subset("folder/labeled", &split.labeled),
            validation: rest.subset("folder/validation", &split.validation),
            unlabeled: if unlabeled.is_empty() {
                hidden
            } else {
                unlabeled.concat(&hidden.without_labels())?
            },
            test: test_set,
            warnings: split.warnings(&rest.labels, rest.classes),
            split,
        })
    }
}

fn label_split(config: &DataConfig, training: &ImageSet, seed: u64, context: &Context) -> Result<LabelSplit> {
    if let Some(path) = &config.split {
        return LabelSplit::load(path, training.len());
    }
    let count = if config.labels == 0 {
        training.len() - config.validation.min(training.len())
    } else {
        config.labels
    };
    let request = SplitRequest::new(count, seed)
        .validation(config.validation)
        .labeled_in_unlabeled(config.labeled_in_unlabeled)
        .strict(config.strict);
    match config.fold {
        Some(fold) => {
            let labeled = context.data.fold(&config.set, fold)?;
            LabelSplit::of(labeled, training.len(), &request)
        }
        None => LabelSplit::draw(&training.labels, training.classes, &request),
    }
}

fn pooled(set: ImageSet, factor: usize) -> Result<ImageSet> {
    if factor == 1 { Ok(set) } else { Ok(set.mean_pooled(factor)?) }
}

/// So many pictures of a set, drawn with the seed; 0 for all.
fn some(set: &ImageSet, key: &str, count: usize, seed: u64) -> Result<ImageSet> {
    if count == 0 {
        return Ok(set.clone());
    }
    enough(set, key, count)?;
    let order = Streams::new(seed).permutation("training subset", 0, set.len());
    Ok(set.subset(set.name.as_str(), &order[..count]))
}

/// The first so many pictures of a set; 0 for all.
fn first(set: ImageSet, count: usize) -> Result<ImageSet> {
    if count == 0 {
        return Ok(set);
    }
    enough(&set, "data.test", count)?;
    Ok(set.subset(set.name.as_str(), &(0..count).collect::<Vec<_>>()))
}

fn enough(set: &ImageSet, key: &str, count: usize) -> Result<()> {
    if count <= set.len() {
        return Ok(());
    }
    let (name, there) = (&set.name, set.len());
    Err(Error::Usage(format!("`{key}`: {count} pictures are asked for, {name} has {there}")))
}
