use std::path::PathBuf;

use papers_base::{
    catalogue::{Catalogue, DatasetFolder, Search, Split},
    images::{self, ImageSet},
};

use crate::Result;

/// Where data sets are looked for: a folder of the command line, `BURN_PAPERS_DATA`, the cache.
#[derive(Debug, Clone, Default)]
pub struct DataSource {
    folder: Option<PathBuf>,
}

impl DataSource {
    /// Looks in `folder` first, if one is given.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// Whether a data set of the catalogue has such a split.
    ///
    /// # Errors
    ///
    /// A set that is unknown.
    pub fn has(&self, name: &str, split: Split) -> Result<bool> {
        let catalogue = Catalogue::builtin()?;
        let dataset = catalogue.get(name)?;
        Ok(!dataset.embedded && dataset.splits.contains_key(&split))
    }

    /// The predefined folds of a data set: for each, which images of the training split are labeled (STL-10).
    ///
    /// # Errors
    ///
    /// A set that has none, or what [`images`](Self::images) reports.
    pub fn folds(&self, name: &str) -> Result<Vec<Vec<usize>>> {
        let catalogue = Catalogue::builtin()?;
        let dataset = catalogue.get(name)?;
        let folder = Search::new(self.folder.as_deref())?.find(dataset)?;
        Ok(images::stl10_folds(&folder)?)
    }

    /// The folder of a data set of the catalogue whose files a paper reads itself.
    ///
    /// # Errors
    ///
    /// A set that is unknown or not on this machine (with the command that gets it).
    pub fn folder(&self, name: &str) -> Result<DatasetFolder> {
        let catalogue = Catalogue::builtin()?;
        let dataset = catalogue.get(name)?;
        Ok(Search::new(self.folder.as_deref())?.find(dataset)?)
    }

    /// The images of one split of a data set of the catalogue.
    ///
    /// # Errors
    ///
    /// A set that is unknown, not on this machine (with the command that gets it), or not the published one.
    pub fn images(&self, name: &str, split: Split) -> Result<ImageSet> {
        let catalogue = Catalogue::builtin()?;
        let dataset = catalogue.get(name)?;
        if dataset.embedded {
            return Ok(images::digits(split)?);
        }
        let folder = Search::new(self.folder.as_deref())?.find(dataset)?;
        Ok(ImageSet::read(&folder, split)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_digits_need_no_folder() {
        let set = DataSource::default()
            .images("uci-digits", Split::Test)
            .expect("embedded");
        assert_eq!((set.len(), set.classes), (360, 10));
    }

    #[test]
    fn a_missing_set_is_told_from_other_errors() {
        let empty = tempfile::tempdir().expect("a folder");
        let source = DataSource::new(Some(empty.path().join("no-such-folder")));
        let error = source.images("mnist", Split::Train).expect_err("no such folder");
        assert!(error.to_string().contains("no-such-folder"), "{error}");
        let error = source.images("mnits", Split::Train).expect_err("no such set");
        assert!(
            !error.is_missing_data() && error.to_string().contains("did you mean `mnist`"),
            "{error}"
        );
    }
}
