use burn::prelude::*;
use papers_core::base::images::ImageSet;

use super::DataError;

/// A hidden attribute of each training face. It is for looking at a trained model alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// A number for each training face.
    pub values: Vec<f64>,
}

/// Pictures to measure with, each in a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Grouped {
    /// The pictures.
    pub pictures: ImageSet,
    /// The group of each.
    pub groups: Vec<usize>,
    /// Names of the groups.
    pub names: Vec<String>,
}

impl Grouped {
    /// Pictures with a group each.
    ///
    /// # Errors
    ///
    /// [`DataError::Count`] if there are not as many groups as pictures.
    ///
    /// # Panics
    ///
    /// If a group has no name.
    pub fn new(pictures: ImageSet, groups: Vec<usize>, names: Vec<String>) -> Result<Self, DataError> {
        if pictures.len() != groups.len() {
            return Err(DataError::Count {
                what: "groups",
                labels: groups.len(),
                pictures: pictures.len(),
            });
        }
        assert!(
            groups.iter().all(|&group| group < names.len()),
            "every group has a name"
        );
        Ok(Self {
            pictures,
            groups,
            names,
        })
    }

    /// Pictures all in one group.
    pub fn of_one(pictures: ImageSet, name: &str) -> Self {
        Self {
            groups: vec![0; pictures.len()],
            names: vec![name.to_owned()],
            pictures,
        }
    }

    /// Number of pictures of each group.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.names.len()];
        self.groups.iter().for_each(|&group| counts[group] += 1);
        counts
    }
}

/// Faces and other pictures that share a trait, for metrics that need both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparable {
    /// The trait.
    pub name: String,
    /// Groups of faces to measure with that have it.
    pub face_groups: Vec<usize>,
    /// Kinds of other pictures that have it.
    pub kinds: Vec<usize>,
}

/// What a detector learns from and what it is measured with. Groups and attributes are used for measuring alone; the one exception
/// is the strategy `oracle`, which says so.
#[derive(Debug, Clone)]
pub struct DataSet {
    /// Faces to learn from.
    pub faces: ImageSet,
    /// The true group of each of them.
    pub face_groups: Vec<usize>,
    /// Names of these groups.
    pub face_group_names: Vec<String>,
    /// Other pictures to learn from.
    pub non_faces: ImageSet,
    /// More that is known of the faces.
    pub attributes: Vec<Attribute>,
    /// Faces to measure with.
    pub test_faces: Grouped,
    /// Other pictures to measure with.
    pub test_non_faces: Grouped,
    /// Groups of faces beside the kinds of other pictures that look like them, if there are such.
    pub comparable: Vec<Comparable>,
    /// What a user should know.
    pub warnings: Vec<String>,
}

impl DataSet {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    ///
    /// No faces or no others to learn from, pictures of different shapes, or groups that are not as many as faces. A group without
    /// a picture to measure with is a warning.
    pub fn checked(mut self) -> Result<Self, DataError> {
        for (what, set) in [("faces", &self.faces), ("pictures without a face", &self.non_faces)] {
            if set.is_empty() {
                return Err(DataError::Missing { what });
            }
        }
        let shape = |set: &ImageSet| [set.height, set.width, set.channels];
        for set in [
            &self.non_faces,
            &self.test_faces.pictures,
            &self.test_non_faces.pictures,
        ] {
            if shape(set) != shape(&self.faces) && !set.is_empty() {
                return Err(DataError::Shape {
                    name: set.name.clone(),
                    expected: shape(&self.faces),
                    found: shape(set),
                });
            }
        }
        let counts = self.attributes.iter().map(|attribute| attribute.values.len());
        if let Some(labels) = counts
            .chain([self.face_groups.len()])
            .find(|&count| count != self.faces.len())
        {
            return Err(DataError::Count {
                what: "groups or attributes",
                labels,
                pictures: self.faces.len(),
            });
        }
        for (what, numbers, set) in [
            ("faces", "recalls", &self.test_faces.pictures),
            (
                "pictures without a face",
                "the false positive rate and all numbers at it",
                &self.test_non_faces.pictures,
            ),
        ] {
            if set.is_empty() {
                self.warnings
                    .push(format!("no {what} to measure with: {numbers} are undefined"));
            }
        }
        for (name, count) in self.test_faces.names.iter().zip(self.test_faces.counts()) {
            if count == 0 {
                self.warnings.push(format!(
                    "no picture of the group `{name}` to measure with: its numbers are undefined and left out of means and extremes"
                ));
            }
        }
        Ok(self)
    }

    /// Rows, columns and channels of every picture.
    pub fn shape(&self) -> [usize; 3] {
        [self.faces.height, self.faces.width, self.faces.channels]
    }
}

/// A set of pictures without classes.
pub(crate) fn picture_set(name: impl Into<String>, images: Vec<u8>, [height, width, channels]: [usize; 3]) -> ImageSet {
    ImageSet {
        name: name.into(),
        images,
        labels: Vec::new(),
        height,
        width,
        channels,
        maximum: u8::MAX,
        classes: 0,
        class_names: Vec::new(),
    }
}

/// Pictures of one's own, from values in `[0, 1]`, `[pictures, rows, columns, channels]`, as the nearest of 256 steps.
///
/// # Errors
///
/// [`DataError::Ragged`]; [`DataError::Value`] with the picture of a value that is NaN or out of range.
pub fn from_values(name: &str, values: &[f32], shape: [usize; 3]) -> Result<ImageSet, DataError> {
    let size: usize = shape.iter().product();
    if size == 0 || !values.len().is_multiple_of(size) {
        return Err(DataError::Ragged {
            values: values.len(),
            shape,
        });
    }
    if let Some(place) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
        return Err(DataError::Value {
            index: place / size,
            shape,
            value: values[place],
        });
    }
    let bytes = values.iter().map(|value| (value * 255.0).round() as u8).collect();
    Ok(picture_set(name, bytes, shape))
}

/// Pictures of one's own by their labels: faces, labeled 1, and others, labeled 0.
///
/// # Errors
///
/// [`DataError::Count`] and [`DataError::Label`].
pub fn by_label(pictures: &ImageSet, labels: &[u8]) -> Result<[ImageSet; 2], DataError> {
    if labels.len() != pictures.len() {
        return Err(DataError::Count {
            what: "labels",
            labels: labels.len(),
            pictures: pictures.len(),
        });
    }
    if let Some(index) = labels.iter().position(|&label| label > 1) {
        let label = labels[index];
        return Err(DataError::Label { index, label });
    }
    let of = |wanted: u8, what: &str| {
        let rows: Vec<usize> = (0..labels.len()).filter(|&row| labels[row] == wanted).collect();
        pictures
            .subset(format!("{}/{what}", pictures.name), &rows)
            .without_labels()
    };
    Ok([of(1, "faces"), of(0, "others")])
}

/// Pictures as numbers in `[0, 1]`, channels last.
///
/// # Shapes
///
/// - output: `[indices, rows, columns, channels]`
///
/// # Panics
///
/// If an index is outside the set.
pub fn pictures(set: &ImageSet, indices: &[usize], device: &Device) -> Tensor<4> {
    let mut values = Vec::with_capacity(indices.len() * set.pixels());
    append(set, indices, &mut values);
    Tensor::from_data(
        TensorData::new(values, [indices.len(), set.height, set.width, set.channels]),
        device,
    )
}

/// Appends pictures as numbers in `[0, 1]`.
pub(crate) fn append(set: &ImageSet, indices: &[usize], values: &mut Vec<f32>) {
    let scale = 1.0 / f32::from(set.maximum);
    for &index in indices {
        values.extend(set.image(index).iter().map(|&value| f32::from(value) * scale));
    }
}
