//! Which pictures are trained on, selected on and reported on, and how training moves them about.

use papers_core::{
    Context, Error, Result,
    base::{catalogue::Split, images::ImageSet},
    random::Streams,
};
use rand::RngExt;

use super::config::DataConfig;

/// Pictures in three sets without a common one.
#[derive(Debug, Clone)]
pub struct Pictures {
    /// What gradients are computed from.
    pub train: ImageSet,
    /// What anything is selected on.
    pub validation: ImageSet,
    /// What the reported numbers are computed from.
    pub test: ImageSet,
}

impl Pictures {
    /// Reads the data set and draws the pictures.
    ///
    /// # Errors
    ///
    /// A set that is not on this machine, has too few pictures, or pictures that are not square.
    pub fn load(config: &DataConfig, context: &Context) -> Result<Self> {
        let training = context.data.images(&config.set, Split::Train)?;
        let test = context.data.images(&config.set, Split::Test)?;
        let enough = |key: &str, needed: usize, set: &ImageSet| {
            if needed <= set.len() {
                return Ok(());
            }
            Err(Error::Usage(format!(
                "`{key}`: {needed} pictures are asked for, {} has {}",
                set.name,
                set.len()
            )))
        };
        enough(
            "data.train + data.validation",
            config.train + config.validation,
            &training,
        )?;
        enough("data.test", config.test, &test)?;
        if training.height != training.width {
            let (height, width) = (training.height, training.width);
            return Err(Error::Usage(format!(
                "`data.set`: pictures must be square, not {height}x{width}"
            )));
        }
        let streams = Streams::new(config.subset_seed);
        let order = streams.permutation("training subset", 0, training.len());
        let (held_out, rest) = order.split_at(config.validation);
        let test_order = streams.permutation("test subset", 0, test.len());
        Ok(Self {
            train: training.subset(format!("{}/train", config.set), &rest[..config.train]),
            validation: training.subset(format!("{}/validation", config.set), held_out),
            test: test.subset(format!("{}/test", config.set), &test_order[..config.test]),
        })
    }
}

/// The pictures `indices` of `set`, each cropped at a random place after `padding` zeros were put around it.
///
/// The place depends on the seed, the update and the picture's place in the batch alone.
///
/// # Panics
///
/// If an index is outside the set.
pub fn crop(set: &ImageSet, indices: &[usize], padding: usize, streams: &Streams, step: u64) -> ImageSet {
    let mut batch = set.subset(set.name.as_str(), indices);
    if padding == 0 {
        return batch;
    }
    let mut images = Vec::with_capacity(batch.images.len());
    for place in 0..batch.len() {
        let mut generator = streams.at("crop", step, place as u64);
        let mut offset = || generator.random_range(0..=2 * padding);
        let corner = (offset(), offset());
        push_window(&batch, place, padding, corner, &mut images);
    }
    batch.images = images;
    batch
}

/// Appends the window of a padded picture whose first pixel is `(row, column)` of the padded one.
fn push_window(set: &ImageSet, index: usize, padding: usize, corner: (usize, usize), images: &mut Vec<u8>) {
    let image = set.image(index);
    let source = |window: usize, corner: usize, size: usize| {
        (window + corner).checked_sub(padding).filter(|&pixel| pixel < size)
    };
    for row in 0..set.height {
        for column in 0..set.width {
            let pixel = source(row, corner.0, set.height).zip(source(column, corner.1, set.width));
            match pixel {
                Some((row, column)) => {
                    let start = (row * set.width + column) * set.channels;
                    images.extend_from_slice(&image[start..start + set.channels]);
                }
                None => images.extend(std::iter::repeat_n(0, set.channels)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use papers_core::testing;

    /// One picture whose pixels are 1 to 4.
    fn square() -> ImageSet {
        ImageSet {
            name: "square".to_owned(),
            images: vec![1, 2, 3, 4],
            labels: vec![0],
            height: 2,
            width: 2,
            channels: 1,
            maximum: 4,
            classes: 1,
            class_names: vec!["square".to_owned()],
        }
    }

    #[test]
    fn a_window_moves_the_picture_and_fills_with_zeros() {
        let window = |corner| {
            let mut images = Vec::new();
            push_window(&square(), 0, 1, corner, &mut images);
            images
        };
        assert_eq!(window((1, 1)), [1, 2, 3, 4]);
        assert_eq!(window((0, 1)), [0, 0, 1, 2]);
        assert_eq!(window((2, 2)), [4, 0, 0, 0]);
    }

    #[test]
    fn a_crop_depends_on_seed_step_and_place_alone() {
        let crops = |seed, step, places: usize| crop(&square(), &vec![0; places], 2, &Streams::new(seed), step).images;
        assert_eq!(crops(1, 5, 40), crops(1, 5, 40));
        assert_eq!(crops(1, 5, 40)[..80], crops(1, 5, 20));
        assert_ne!(crops(1, 5, 40), crops(2, 5, 40));
        assert_ne!(crops(1, 5, 40), crops(1, 6, 40));
        let all = crops(1, 5, 40);
        assert!(all.chunks(4).any(|image| image != &all[..4]), "places differ");
    }

    #[test]
    fn no_picture_is_in_two_sets() {
        let context = Context::new(testing::device(), 0);
        let config = DataConfig {
            set: "uci-digits".to_owned(),
            train: 1237,
            validation: 200,
            test: 360,
            subset_seed: 3,
            crop: 0,
        };
        let pictures = Pictures::load(&config, &context).expect("embedded");
        let counts = [&pictures.train, &pictures.validation, &pictures.test].map(ImageSet::len);
        assert_eq!(counts, [1237, 200, 360]);
        // Every training picture is in one of two sets: each class is as frequent as in the file.
        let whole = context
            .data
            .images("uci-digits", Split::Train)
            .expect("embedded")
            .class_counts();
        let sum = std::iter::zip(pictures.train.class_counts(), pictures.validation.class_counts());
        assert_eq!(
            sum.map(|(train, validation)| train + validation).collect::<Vec<_>>(),
            whole
        );
    }

    #[test]
    fn asking_for_more_than_there_is_names_the_setting() {
        let context = Context::new(testing::device(), 0);
        let config = DataConfig {
            set: "uci-digits".to_owned(),
            train: 1400,
            validation: 200,
            test: 360,
            subset_seed: 0,
            crop: 0,
        };
        let error = Pictures::load(&config, &context).expect_err("1,437 in all").to_string();
        assert!(error.contains("data.train + data.validation"), "{error}");
    }
}
