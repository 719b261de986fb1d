use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{digest::Digest, error::CatalogueError};

/// A data set, as its `dataset.toml` describes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Name of the folder, used on command lines.
    pub name: String,
    /// Full name.
    pub title: String,
    /// One line on what the items are.
    pub summary: String,
    /// License, as the authors state it.
    pub license: String,
    /// Whom to cite.
    pub citation: String,
    /// Page of the authors.
    pub homepage: String,
    /// Whether the set is compiled into the program.
    #[serde(default)]
    pub embedded: bool,
    /// Shape of the items, for sets of images.
    pub images: Option<ImageFormat>,
    /// The files, in the order in which they are fetched.
    pub files: Vec<DatasetFile>,
    /// Which files make which split.
    #[serde(default)]
    pub splits: BTreeMap<Split, SplitFiles>,
}

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
}

fn full_range() -> u8 {
    u8::MAX
}

/// One file of a data set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetFile {
    /// Official name.
    pub name: String,
    /// Addresses with the same content, tried in order. Empty: import only.
    #[serde(default)]
    pub urls: Vec<String>,
    /// Exact size in bytes, where it is known.
    pub bytes: Option<u64>,
    /// Published SHA-256, `sha256:...`.
    pub sha256: Option<Digest>,
    /// Published MD5, `md5:...`; used only where there is no SHA-256.
    pub md5: Option<Digest>,
}

impl DatasetFile {
    /// The digest to hold the file against, if anything is published.
    pub fn published_digest(&self) -> Option<Digest> {
        self.sha256.or(self.md5)
    }
}

/// Part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Split {
    /// What models learn from.
    Train,
    /// What they are measured on.
    Test,
}

impl Split {
    /// All splits, in the order in which they are shown.
    pub const ALL: [Self; 2] = [Self::Train, Self::Test];

    /// The name used in manifests and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The files of one split.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitFiles {
    /// Number of items.
    pub items: usize,
    /// File with the images.
    pub images: String,
    /// File with the labels; the file of the images, if it holds both.
    pub labels: String,
}

impl Dataset {
    /// Reads a manifest and checks it; `folder` is the name that the set must have.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Manifest`] with what is wrong.
    pub fn parse(folder: &str, toml: &str) -> Result<Self, CatalogueError> {
        let problem = |problem: String| CatalogueError::Manifest {
            name: folder.to_owned(),
            problem,
        };
        let dataset: Self = toml::from_str(toml).map_err(|error| problem(error.to_string()))?;
        dataset.check(folder).map_err(problem)?;
        Ok(dataset)
    }

    /// The description of one file.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::NoSuchFile`].
    pub fn file(&self, name: &str) -> Result<&DatasetFile, CatalogueError> {
        self.files
            .iter()
            .find(|file| file.name == name)
            .ok_or_else(|| CatalogueError::NoSuchFile {
                name: self.name.clone(),
                file: name.to_owned(),
            })
    }

    /// The files of one split.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::NoSuchSplit`].
    pub fn split(&self, split: Split) -> Result<&SplitFiles, CatalogueError> {
        self.splits.get(&split).ok_or(CatalogueError::NoSuchSplit {
            name: self.name.clone(),
            split: split.name(),
        })
    }

    /// The sum of the known sizes of the files, in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().filter_map(|file| file.bytes).sum()
    }

    /// Whether every file can be fetched from a public address.
    pub fn is_fetchable(&self) -> bool {
        !self.embedded && self.files.iter().all(|file| !file.urls.is_empty())
    }

    fn check(&self, folder: &str) -> Result<(), String> {
        if self.name != folder || !is_plain_name(&self.name) {
            return Err(format!("`name` must be the name of the folder, `{folder}`"));
        }
        if self.files.is_empty() {
            return Err("`files` must name at least one file".to_owned());
        }
        for file in &self.files {
            let name = &file.name;
            if !is_plain_name(name) {
                return Err(format!("`{name}` is not a plain file name"));
            }
            if self.files.iter().filter(|other| other.name == *name).count() > 1 {
                return Err(format!("`{name}` stands there twice"));
            }
            if !file.urls.is_empty() && (file.bytes.is_none() || file.published_digest().is_none()) {
                return Err(format!(
                    "`{name}` has `urls`, so it needs `bytes` and a published `sha256` or `md5`; without them it can only be imported"
                ));
            }
            if !matches!(file.sha256, None | Some(Digest::Sha256(_)))
                || !matches!(file.md5, None | Some(Digest::Md5(_)))
            {
                return Err(format!("the digests of `{name}` stand under the wrong key"));
            }
        }
        for (split, files) in &self.splits {
            for name in [&files.images, &files.labels] {
                if !self.files.iter().any(|file| file.name == *name) {
                    return Err(format!("split `{split}` names the unknown file `{name}`"));
                }
            }
        }
        Ok(())
    }
}

/// Whether a name is one component of a path that means the same on every system.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"
name = "toy"
title = "Toy"
summary = "nothing"
license = "none"
citation = "nobody"
homepage = "https://example.org"
"#;

    fn problem(rest: &str) -> String {
        Dataset::parse("toy", &format!("{HEAD}{rest}")).unwrap_err().to_string()
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        for name in ["../up", "/etc/passwd", ".hidden", "a/b", "a\\\\b", ""] {
            let text = problem(&format!("[[files]]\nname = \"{name}\""));
            assert!(text.contains("plain file name"), "{name}: {text}");
        }
    }

    #[test]
    fn an_address_without_a_digest_is_refused() {
        let text = problem("[[files]]\nname = \"a\"\nbytes = 1\nurls = [\"https://example.org/a\"]");
        assert!(text.contains("only be imported"), "{text}");
    }

    #[test]
    fn an_unknown_key_is_named() {
        let text = problem("[[files]]\nname = \"a\"\nsize = 1");
        assert!(text.contains("size"), "{text}");
    }

    #[test]
    fn a_split_of_unknown_files_is_refused() {
        let text = problem("[[files]]\nname = \"a\"\n[splits.test]\nitems = 1\nimages = \"a\"\nlabels = \"b\"");
        assert!(text.contains("unknown file `b`"), "{text}");
    }
}
