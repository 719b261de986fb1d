use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{digest::Digest, error::CatalogueError, images::ImageFormat};

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
    /// Names of other folders that may hold the files, tried after `name`.
    #[serde(default)]
    pub also_in: Vec<String>,
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
    /// Whether most work needs no such file: the set is complete without it, and it is fetched on request only.
    #[serde(default)]
    pub optional: bool,
}

impl DatasetFile {
    /// The digest to hold the file against, if anything is published.
    pub(crate) fn published_digest(&self) -> Option<Digest> {
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
    /// More labeled items to learn from, easier than those of [`Train`](Self::Train).
    Extra,
    /// Items without labels to learn from.
    Unlabeled,
}

impl Split {
    /// All splits, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Train, Self::Test, Self::Extra, Self::Unlabeled];

    /// The name used in manifests and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
            Self::Extra => "extra",
            Self::Unlabeled => "unlabeled",
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
    /// File with the labels; the file of the images, if it holds both. None: the items have no labels.
    pub labels: Option<String>,
    /// For archives: the members that hold the split, in the order of its items; labels after images.
    #[serde(default)]
    pub members: Vec<String>,
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

    /// Checks a description that did not come from [`Dataset::parse`].
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Manifest`] with what is wrong.
    pub fn validate(&self) -> Result<(), CatalogueError> {
        self.check(&self.name).map_err(|problem| CatalogueError::Manifest {
            name: self.name.clone(),
            problem,
        })
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

    /// Names of the folders that may hold the set, the best first.
    pub(crate) fn folder_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.name).chain(&self.also_in).map(String::as_str)
    }

    /// The sum of the known sizes of the files that are optional, or of those that are not, in bytes.
    pub fn bytes(&self, optional: bool) -> u64 {
        let files = self.files.iter().filter(|file| file.optional == optional);
        files.filter_map(|file| file.bytes).sum()
    }

    /// Whether every file can be fetched from a public address.
    pub fn is_fetchable(&self) -> bool {
        !self.embedded && self.files.iter().all(|file| !file.urls.is_empty())
    }

    fn check(&self, folder: &str) -> Result<(), String> {
        if self.name != folder || !is_plain_name(&self.name) {
            return Err(format!("`name` must be the name of the folder, `{folder}`"));
        }
        if let Some(other) = self.also_in.iter().find(|other| !is_plain_name(other)) {
            return Err(format!("`also_in` must have plain folder names, and `{other}` is none"));
        }
        if self.files.iter().all(|file| file.optional) {
            return Err("`files` must name at least one file that is not optional".to_owned());
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
        if let Some(images) = &self.images {
            images.check()?;
        }
        for (split, files) in &self.splits {
            for name in std::iter::once(&files.images).chain(&files.labels) {
                if !self.files.iter().any(|file| file.name == *name) {
                    return Err(format!("split `{split}` names the unknown file `{name}`"));
                }
            }
            if let Some(images) = &self.images {
                images
                    .check_split(files)
                    .map_err(|problem| format!("split `{split}` {problem}"))?;
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

    #[test]
    fn a_folder_of_another_name_must_be_beside_the_own_one() {
        let text = problem("also_in = [\"../up\"]\n[[files]]\nname = \"a\"");
        assert!(text.contains("plain folder names"), "{text}");
    }

    #[test]
    fn a_set_of_nothing_but_optional_files_is_refused() {
        let text = problem("[[files]]\nname = \"a\"\noptional = true");
        assert!(text.contains("not optional"), "{text}");
    }
}
