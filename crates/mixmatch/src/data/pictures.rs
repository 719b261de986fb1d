use std::sync::Arc;

use burn::prelude::*;
use papers_core::{
    Context, Error, Result,
    base::{
        catalogue::Split,
        images::{self, FolderOptions, ImageSet},
    },
    data::{LabelSplit, LabelSplitConfig, Whitening, drawn, first, signed_pixels},
};

use crate::config::{DataConfig, FolderConfig};

/// Pictures in four sets; none is in two of them, unless labeled ones shall be among the unlabeled. The thread that
/// prepares batches shares those of training, which may be gigabytes.
#[derive(Debug, Clone)]
pub struct Pictures {
    /// Pictures whose labels are used.
    pub labeled: Arc<ImageSet>,
    /// Pictures whose labels are not used; what is known of them serves diagnostics alone.
    pub unlabeled: Arc<ImageSet>,
    /// Pictures that anything is selected on; may be empty.
    pub validation: ImageSet,
    /// Pictures that the reported numbers are computed from, and nothing else.
    pub test: ImageSet,
    /// What is done to colors before the network sees them, besides bringing them to `[-1, 1]`.
    pub whitening: Option<Whitening>,
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
        let mut pictures = match &config.folder {
            Some(folder) => Self::of_folder(config, folder, seed)?,
            None => Self::of_catalogue(config, seed, context)?,
        };
        if config.whiten {
            pictures.whitening = Some(Whitening::of(&[&pictures.labeled, &pictures.unlabeled]));
        }
        let (height, width) = (pictures.labeled.height, pictures.labeled.width);
        let fits = config.augmentation.check(height, width);
        fits.map_err(|problem| Error::Usage(format!("`data.augmentation.pad`: {problem}")))?;
        Ok(pictures)
    }

    /// Pictures of a set as the network sees them, without augmentation.
    ///
    /// # Shapes
    ///
    /// - output: `[indices, channels, height, width]`
    ///
    /// # Panics
    ///
    /// If an index is outside the set.
    pub fn plain(&self, set: &ImageSet, indices: &[usize], device: &Device) -> Tensor<4> {
        self.whitened(signed_pixels(set, indices, device))
    }

    /// Pictures in `[-1, 1]` as the network sees them.
    pub fn whitened(&self, pictures: Tensor<4>) -> Tensor<4> {
        match &self.whitening {
            Some(whitening) => whitening.apply(pictures),
            None => pictures,
        }
    }

    /// What the unlabeled pictures show, where it is known.
    pub fn hidden_labels(&self) -> Option<&[u8]> {
        self.unlabeled.is_labeled().then_some(self.unlabeled.labels.as_slice())
    }

    fn of_catalogue(config: &DataConfig, seed: u64, context: &Context) -> Result<Self> {
        let read = |split: Split| pooled(context.data.images(&config.set, split)?, config.pool);
        let mut training = read(Split::Train)?;
        if config.extra {
            training = training.concat(&read(Split::Extra)?)?;
        }
        let training = drawn(training, "data.train", config.train, seed)?;
        let (split, warnings) = split(config, &training, seed, context)?;
        let part = |name: &str, indices: &[usize]| training.subset(format!("{}/{name}", config.set), indices);
        let mut unlabeled = part("unlabeled", &split.unlabeled);
        if context.data.has(&config.set, Split::Unlabeled)? {
            unlabeled = never_labeled(read(Split::Unlabeled)?, unlabeled)?;
        }
        Ok(Self {
            labeled: Arc::new(part("labeled", &split.labeled)),
            validation: part("validation", &split.validation),
            test: first(read(Split::Test)?, "data.test", config.test)?,
            unlabeled: Arc::new(unlabeled),
            whitening: None,
            warnings,
            split,
        })
    }

    /// Labeled pictures of one's own are drawn for testing, class by class; the others are all trained on.
    fn of_folder(config: &DataConfig, folder: &FolderConfig, seed: u64) -> Result<Self> {
        let options = FolderOptions {
            side: Some(folder.side),
            channels: folder.channels,
            skip: Vec::new(),
            classes: None,
        };
        let found = images::folder(&folder.path, folder.labels.as_deref(), &options)?;
        let labeled = pooled(found.labeled, config.pool)?;
        let for_test = LabelSplitConfig {
            labels: folder.test,
            validation: 0,
            include_labeled: false,
            strict: false,
        };
        let (test, _) = LabelSplit::draw(&labeled.labels, labeled.classes, &for_test, seed)?;
        let rest = labeled.subset("folder/train", &test.unlabeled);
        if let Some(class) = rest.class_counts().iter().position(|&count| count == 0) {
            let (name, test) = (&labeled.class_names[class], folder.test);
            return Err(Error::Usage(format!(
                "`data.folder.test`: {test} pictures to test on leave no labeled one of `{name}` to learn from; lower it, or \
                 label more"
            )));
        }
        let (split, warnings) = LabelSplit::draw(&rest.labels, rest.classes, &config.split(rest.len()), seed)?;
        let mut unlabeled = rest.subset("folder/unlabeled", &split.unlabeled);
        if !found.unlabeled.is_empty() {
            unlabeled = never_labeled(pooled(found.unlabeled, config.pool)?, unlabeled)?;
        }
        Ok(Self {
            labeled: Arc::new(rest.subset("folder/labeled", &split.labeled)),
            validation: rest.subset("folder/validation", &split.validation),
            test: labeled.subset("folder/test", &test.labeled),
            unlabeled: Arc::new(unlabeled),
            whitening: None,
            warnings,
            split,
        })
    }
}

fn split(config: &DataConfig, training: &ImageSet, seed: u64, context: &Context) -> Result<(LabelSplit, Vec<String>)> {
    if let Some(file) = &config.split_file {
        return Ok((LabelSplit::load(file, &training.labels)?, Vec::new()));
    }
    let request = config.split(training.len());
    if let Some(fold) = config.fold {
        let folds = context.data.folds(&config.set)?;
        let labeled = folds.get(fold - 1).cloned().ok_or_else(|| {
            let (set, there) = (&config.set, folds.len());
            Error::Usage(format!("`data.fold`: {set} has {there} folds, and no number {fold}"))
        })?;
        return Ok(LabelSplit::predefined(labeled, &training.labels, &request, seed)?);
    }
    Ok(LabelSplit::draw(&training.labels, training.classes, &request, seed)?)
}

/// Pictures that nobody ever labeled, then others with labels that are not used: what is known of those says nothing
/// about all, and is forgotten.
fn never_labeled(first: ImageSet, others: ImageSet) -> Result<ImageSet> {
    if others.is_empty() {
        return Ok(first);
    }
    Ok(first.concat(&others.without_labels())?)
}

fn pooled(set: ImageSet, factor: usize) -> Result<ImageSet> {
    if factor == 1 {
        Ok(set)
    } else {
        Ok(set.mean_pooled(factor)?)
    }
}
