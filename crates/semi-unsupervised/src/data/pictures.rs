//! Pictures as rows: those of the catalogue, and one's own.

use papers_core::{
    Context, Error, Result,
    base::{
        catalogue::Split,
        images::{self, FolderOptions, ImageSet},
    },
    data::{drawn, first},
    random::Streams,
};

use super::{
    parts::{Parts, held_out, limited},
    rows::{Rows, RowsError},
};
use crate::config::{DataConfig, FolderConfig};

/// Pixels as numbers in `[0, 1]`: bytes over 256, as the authors have them, and others over the largest, which a pixel of
/// the embedded digits has where all it stands for is set.
///
/// # Shapes
///
/// - output: `[pictures, height * width * channels]`
///
/// # Errors
///
/// None for pictures with pixels.
pub fn rows_of(set: &ImageSet) -> Result<Rows, RowsError> {
    let scale = match set.maximum {
        u8::MAX => 256.0,
        maximum => f32::from(maximum.max(1)),
    };
    let values = set.images.iter().map(|&pixel| f32::from(pixel) / scale).collect();
    let labels = match set.is_labeled() {
        true => set.labels.iter().map(|&label| Some(usize::from(label))).collect(),
        false => vec![None; set.len()],
    };
    Rows::new(set.name.as_str(), values, set.pixels(), labels)
}

/// The pictures of a set of the catalogue, training and test part.
pub(super) fn of_catalogue(config: &DataConfig, seed: u64, context: &Context) -> Result<Parts> {
    let read = |split: Split| pooled(context.data.images(&config.set, split)?, config.pool);
    let train = drawn(read(Split::Train)?, "data.train", config.train, seed)?;
    let test = first(read(Split::Test)?, "data.test", config.test)?;
    Ok(Parts {
        train: rows_of(&train)?,
        test: rows_of(&test)?,
        picture: Some([train.height, train.width, train.channels]),
        columns: Vec::new(),
        class_names: train.class_names,
        absent: Vec::new(),
        warnings: Vec::new(),
    })
}

/// Pictures of one's own: labeled ones are drawn for testing, class by class; the others are all trained on.
pub(super) fn of_folder(config: &DataConfig, folder: &FolderConfig, streams: &Streams) -> Result<Parts> {
    let options = FolderOptions {
        side: Some(folder.side),
        channels: folder.channels,
        skip: Vec::new(),
        classes: None,
    };
    let found = images::folder(&folder.path, folder.labels.as_deref(), &options)?;
    let labeled = pooled(found.labeled, config.pool)?;
    let mut rows = rows_of(&labeled)?;
    if rows.is_empty() {
        let path = folder.path.display();
        return Err(Error::Usage(format!(
            "`data.folder`: no picture of {path} has a label, so there are no classes; put some into sub-folders named \
             after them, or name a table in `data.folder.labels`"
        )));
    }
    if !found.unlabeled.is_empty() {
        let unlabeled = rows_of(&pooled(found.unlabeled, config.pool)?)?;
        rows.values.extend(unlabeled.values);
        rows.labels.extend(unlabeled.labels);
    }
    rows.name = format!("{}/train", folder.path.display());
    let classes = labeled.classes;
    let (train, test) = held_out(rows, classes, "data.folder.held_out", folder.held_out, streams)?;
    Ok(Parts {
        train: limited(train, "data.train", config.train, Some(streams))?,
        test: limited(test, "data.test", config.test, None)?,
        picture: Some([labeled.height, labeled.width, labeled.channels]),
        columns: Vec::new(),
        class_names: labeled.class_names,
        absent: Vec::new(),
        warnings: Vec::new(),
    })
}

fn pooled(set: ImageSet, factor: usize) -> Result<ImageSet> {
    match factor {
        1 => Ok(set),
        factor => Ok(set.mean_pooled(factor)?),
    }
}
