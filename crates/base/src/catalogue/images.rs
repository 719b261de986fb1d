//! What a manifest says about images.

use serde::Deserialize;

use super::manifest::SplitFiles;

/// Labels are bytes.
const MOST_CLASSES: usize = 256;

/// More rows or columns than any set of small images has.
const MOST_PIXELS_PER_SIDE: usize = 4096;

/// More label bytes than any set has.
const MOST_LABEL_BYTES: usize = 16;

/// Shape of the images of a set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageFormat {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// Values per pixel.
    pub channels: usize,
    /// Largest value that a pixel can have; 255 unless said otherwise.
    #[serde(default = "full_range")]
    pub maximum: u8,
    /// Names of the classes, in the order of their labels.
    pub classes: Vec<String>,
    /// How the files hold pictures and labels; IDX unless said otherwise.
    #[serde(default)]
    pub encoding: Encoding,
}

/// How files hold pictures and labels.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Encoding {
    /// One IDX array of pictures and one of labels, as MNIST has them.
    #[default]
    Idx,
    /// Binary records in a `.tar.gz`, as CIFAR has them: label bytes, then the red, green and blue planes.
    Cifar {
        /// Label bytes before the pixels of each record.
        label_bytes: usize,
        /// Which of them is the class, from 0.
        label: usize,
    },
    /// Arrays in a MATLAB file of version 5, as SVHN has them: `[height, width, channels, items]` and labels.
    Mat {
        /// Name of the array of pixels.
        images: String,
        /// Name of the array of labels.
        labels: String,
        /// Label that stands for class 0; every other label is the number of its class.
        zero_label: u8,
    },
    /// Binary planes, column by column, in a `.tar.gz`, as STL-10 has them: a member of pictures, and a member
    /// of labels from 1 where a split has labels.
    Stl {
        /// Member that lists the pictures of each predefined training fold.
        folds: String,
    },
    /// A `.tar.gz` of JPEG pictures in the order of their numbers, `<split>/<five digits>_<class>.jpg`.
    JpegArchive,
}

impl ImageFormat {
    /// Values in one image: height times width times channels.
    pub fn pixels(&self) -> usize {
        self.height * self.width * self.channels
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let is_size = |size: usize| (1..=MOST_PIXELS_PER_SIDE).contains(&size);
        if !is_size(self.height) || !is_size(self.width) {
            return Err(format!("`height` and `width` must be 1 to {MOST_PIXELS_PER_SIDE}"));
        }
        if ![1, 3].contains(&self.channels) {
            return Err("`channels` must be 1 or 3".to_owned());
        }
        if !(1..=MOST_CLASSES).contains(&self.classes.len()) {
            return Err(format!("`classes` must name 1 to {MOST_CLASSES} classes"));
        }
        match self.encoding {
            Encoding::Cifar { label_bytes, label } if label >= label_bytes || label_bytes > MOST_LABEL_BYTES => Err(
                format!("`label` must be below `label_bytes`, and that at most {MOST_LABEL_BYTES}"),
            ),
            _ => Ok(()),
        }
    }

    /// Checks the files of one split against the encoding.
    pub(super) fn check_split(&self, files: &SplitFiles) -> Result<(), String> {
        let (members, needed) = (
            files.members.len(),
            match self.encoding {
                Encoding::Cifar { .. } => files.members.len().max(1),
                Encoding::Stl { .. } if files.labels.is_some() => 2,
                Encoding::Stl { .. } => 1,
                _ => 0,
            },
        );
        if members != needed {
            return Err(format!("needs {needed} `members` and names {members}"));
        }
        if matches!(self.encoding, Encoding::Cifar { .. }) && !files.items.is_multiple_of(members) {
            return Err(format!(
                "its {} items are no equal parts in {members} members",
                files.items
            ));
        }
        match &files.labels {
            Some(labels) if self.encoding != Encoding::Idx && *labels != files.images => {
                Err("has its labels in the file of its images".to_owned())
            }
            None if !matches!(self.encoding, Encoding::Idx | Encoding::Stl { .. }) => {
                Err("must name the file of its `labels`".to_owned())
            }
            _ => Ok(()),
        }
    }
}

fn full_range() -> u8 {
    u8::MAX
}

#[cfg(test)]
mod tests {
    use crate::catalogue::Dataset;

    fn problem(rest: &str) -> String {
        let head = "name = \"toy\"\ntitle = \"\"\nsummary = \"\"\nlicense = \"\"\ncitation = \"\"\nhomepage = \"\"";
        Dataset::parse("toy", &format!("{head}\n{rest}"))
            .unwrap_err()
            .to_string()
    }

    /// What is wrong with a split of `split` in a set of 2x2 colored images with the encoding `encoding`.
    fn split_problem(encoding: &str, split: &str) -> String {
        problem(&format!(
            "[images]\nheight = 2\nwidth = 2\nchannels = 3\nclasses = [\"x\"]\nencoding = {{ {encoding} }}\n\
             [[files]]\nname = \"a\"\n[splits.test]\nitems = 3\nimages = \"a\"\n{split}"
        ))
    }

    #[test]
    fn a_split_has_to_fit_the_encoding() {
        let cases = [
            (
                "kind = \"cifar\", label_bytes = 1, label = 1",
                "",
                "`label` must be below",
            ),
            (
                "kind = \"cifar\", label_bytes = 1, label = 0",
                "labels = \"a\"",
                "needs 1 `members`",
            ),
            (
                "kind = \"cifar\", label_bytes = 1, label = 0",
                "labels = \"a\"\nmembers = [\"m\", \"n\"]",
                "no equal parts",
            ),
            (
                "kind = \"stl\", folds = \"f\"",
                "labels = \"a\"\nmembers = [\"m\"]",
                "needs 2 `members`",
            ),
            ("kind = \"jpeg-archive\"", "", "must name the file of its `labels`"),
            ("kind = \"zip\"", "", "zip"),
        ];
        for (encoding, split, expected) in cases {
            let text = split_problem(encoding, split);
            assert!(text.contains(expected), "{encoding} {split}: {text}");
        }
    }

    #[test]
    fn sizes_that_no_image_has_are_refused() {
        let text = problem("[images]\nheight = 0\nwidth = 2\nchannels = 3\nclasses = [\"x\"]\n[[files]]\nname = \"a\"");
        assert!(text.contains("`height`"), "{text}");
    }
}
