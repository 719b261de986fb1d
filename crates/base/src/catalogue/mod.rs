//! The data sets that papers use: what they are, where they may be, and how they get there.
//!
//! Every set is described by `datasets/<name>/dataset.toml`: files with official addresses, sizes and
//! digests, license, citation and splits. On disk a set is a folder `<name>` with the files under their
//! official names; such folders are looked for, in this order, in the folder given on the command line
//! (`--data`), in the one named by the environment variable [`DATA_VARIABLE`], and in the
//! [cache](cache_folder) that [`fetch`] and [`import`] fill.
//!
//! No byte of a data set is used before its digest was compared with the published one.

mod digest;
mod error;
mod fetch;
mod folder;
mod images;
mod import;
mod locate;
mod manifest;
mod transfer;

pub use digest::{Digest, DigestParseError, Hasher};
pub use error::{CatalogueError, MirrorFailure};
pub use fetch::{FetchEvent, FetchOptions, fetch};
pub use folder::{DatasetFolder, FileState};
pub use images::{Encoding, ImageFormat};
pub use import::import;
pub use locate::{DATA_VARIABLE, Origin, Root, Search, cache_folder, locate};
pub use manifest::{Dataset, DatasetFile, Split, SplitFiles};

use crate::suggest::nearest;

/// The manifests that this crate was built with; a folder of `datasets/` that is missing here fails a test.
const MANIFESTS: &[(&str, &str)] = &[
    (
        "3dsk-faces",
        include_str!("../../../../datasets/3dsk-faces/dataset.toml"),
    ),
    (
        "cars196-80",
        include_str!("../../../../datasets/cars196-80/dataset.toml"),
    ),
    (
        "cbcl-faces",
        include_str!("../../../../datasets/cbcl-faces/dataset.toml"),
    ),
    ("cifar-10", include_str!("../../../../datasets/cifar-10/dataset.toml")),
    (
        "cifar-10-jpeg",
        include_str!("../../../../datasets/cifar-10-jpeg/dataset.toml"),
    ),
    ("cifar-100", include_str!("../../../../datasets/cifar-100/dataset.toml")),
    (
        "cub200-sample-96",
        include_str!("../../../../datasets/cub200-sample-96/dataset.toml"),
    ),
    (
        "fairface-64",
        include_str!("../../../../datasets/fairface-64/dataset.toml"),
    ),
    (
        "fashion-mnist",
        include_str!("../../../../datasets/fashion-mnist/dataset.toml"),
    ),
    (
        "imagenet-sample-128",
        include_str!("../../../../datasets/imagenet-sample-128/dataset.toml"),
    ),
    (
        "london-faces",
        include_str!("../../../../datasets/london-faces/dataset.toml"),
    ),
    (
        "mebeauty-112",
        include_str!("../../../../datasets/mebeauty-112/dataset.toml"),
    ),
    ("mnist", include_str!("../../../../datasets/mnist/dataset.toml")),
    ("omi-faces", include_str!("../../../../datasets/omi-faces/dataset.toml")),
    (
        "scut-fbp5500-scores",
        include_str!("../../../../datasets/scut-fbp5500-scores/dataset.toml"),
    ),
    ("stl-10", include_str!("../../../../datasets/stl-10/dataset.toml")),
    ("svhn", include_str!("../../../../datasets/svhn/dataset.toml")),
    (
        "uci-digits",
        include_str!("../../../../datasets/uci-digits/dataset.toml"),
    ),
];

/// All known data sets, in alphabetical order.
#[derive(Debug, Clone)]
pub struct Catalogue {
    datasets: Vec<Dataset>,
}

impl Catalogue {
    /// The data sets of this project.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Manifest`] if a `dataset.toml` of the source tree is wrong; a test keeps that
    /// from happening.
    pub fn builtin() -> Result<Self, CatalogueError> {
        let datasets = MANIFESTS
            .iter()
            .map(|(name, toml)| Dataset::parse(name, toml))
            .collect::<Result<_, _>>()?;
        Ok(Self { datasets })
    }

    /// A catalogue of the caller's own data sets.
    pub fn new(datasets: Vec<Dataset>) -> Self {
        Self { datasets }
    }

    /// The data sets, in alphabetical order.
    pub fn datasets(&self) -> &[Dataset] {
        &self.datasets
    }

    /// The data set of this name.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::UnknownDataset`] with the nearest name and all others.
    pub fn get(&self, name: &str) -> Result<&Dataset, CatalogueError> {
        self.datasets
            .iter()
            .find(|dataset| dataset.name == name)
            .ok_or_else(|| {
                let known = || self.datasets.iter().map(|dataset| dataset.name.as_str());
                CatalogueError::UnknownDataset {
                    name: name.to_owned(),
                    nearest: nearest(name, known()).map(str::to_owned),
                    known: known().map(str::to_owned).collect(),
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn every_folder_of_the_source_tree_is_in_the_catalogue() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let catalogue = Catalogue::builtin().unwrap();
        let known: Vec<_> = catalogue.datasets().iter().map(|dataset| &dataset.name).collect();
        assert_eq!(known, names.iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_typing_error_gets_the_nearest_name() {
        let error = Catalogue::builtin().unwrap().get("fashon-mnist").unwrap_err();
        assert!(error.to_string().contains("did you mean `fashion-mnist`?"), "{error}");
    }

    #[test]
    fn what_can_be_fetched_has_a_published_digest() {
        for dataset in Catalogue::builtin().unwrap().datasets() {
            for file in dataset.files.iter().filter(|file| !file.urls.is_empty()) {
                assert!(file.published_digest().is_some(), "{}/{}", dataset.name, file.name);
            }
        }
    }
}
