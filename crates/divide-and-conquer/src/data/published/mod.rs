//! The paper's five data sets as they are published, and folders of one's own. Files are read when they are needed.

mod lists;

use std::{collections::BTreeMap, path::Path};

use papers_core::{Error, Result, base::images::Listing, random::Streams};
use rayon::prelude::*;

use super::{Benchmark, Examples, Split};
use crate::config::{DataConfig, FilesConfig, SetKind};

/// Bad files that an error names.
const NAMED: usize = 10;

/// A part of a data set: files with their classes, and how many the paper has.
pub(super) struct Group {
    pub(super) name: &'static str,
    /// Path in the folder and name of the class.
    pub(super) pictures: Vec<(String, String)>,
    /// Pictures and classes of the published set; none of a folder of one's own.
    pub(super) expected: Option<[usize; 2]>,
}

/// The groups of a set: training, then one benchmark after another, each with a gallery or without.
pub(super) struct Groups {
    pub(super) train: Group,
    pub(super) tests: Vec<(String, Group, Option<Group>)>,
}

pub(super) fn load(config: &DataConfig, streams: &Streams) -> Result<Split> {
    let Some(files) = &config.files else {
        return Err(Error::Usage(
            "`data.files.root` must say where the pictures are".to_owned(),
        ));
    };
    let groups = match config.kind {
        SetKind::Cub => lists::cub(&files.root)?,
        SetKind::Cars => lists::cars(&files.root)?,
        SetKind::Sop => lists::products(&files.root)?,
        SetKind::InShop => lists::in_shop(&files.root)?,
        SetKind::VehicleId => lists::vehicles(&files.root)?,
        _ => folder(files, streams)?,
    };
    let examples = |group: Group| examples(group, files);
    let test = |(name, queries, gallery): (String, Group, Option<Group>)| -> Result<Benchmark> {
        Benchmark::new(name, examples(queries)?, gallery.map(examples).transpose()?)
    };
    Ok(Split {
        train: examples(groups.train)?,
        tests: groups.tests.into_iter().map(test).collect::<Result<_>>()?,
    })
}

/// Checks counts and files of a group.
fn examples(group: Group, files: &FilesConfig) -> Result<Examples> {
    if let Some([pictures, classes]) = group.expected.filter(|_| files.check_counts) {
        let mut names: Vec<&str> = group.pictures.iter().map(|(_, class)| class.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let found = [group.pictures.len(), names.len()];
        if found != [pictures, classes] {
            return Err(Error::Usage(format!(
                "{}: the {} pictures are {} of {} classes, and should be {pictures} of {classes}; to go on with them, \
                 `--set data.files.check_counts=false`",
                files.root.display(),
                group.name,
                found[0],
                found[1]
            )));
        }
    }
    let listing = Listing::of_files(&files.root, group.pictures)?;
    let look = |index: usize| -> Option<(usize, String)> {
        let seen = match files.skip_bad {
            true => listing.read(index).map(drop),
            false => listing.size(index).map(drop),
        };
        seen.err().map(|error| (index, chain(&error)))
    };
    let bad: Vec<(usize, String)> = (0..listing.len()).into_par_iter().filter_map(look).collect();
    if bad.is_empty() {
        return Ok(Examples::on_disk(listing));
    }
    if !files.skip_bad {
        let named = bad.iter().take(NAMED).map(|(_, reason)| format!("\n  {reason}"));
        return Err(Error::Usage(format!(
            "{} of {} {} pictures cannot be read; to leave them out, `--set data.files.skip_bad=true`:{}{}",
            bad.len(),
            listing.len(),
            group.name,
            named.collect::<String>(),
            if bad.len() > NAMED { "\n  and others" } else { "" }
        )));
    }
    for (_, reason) in &bad {
        log::warn!("left out: {reason}");
    }
    let bad: Vec<usize> = bad.into_iter().map(|(index, _)| index).collect();
    let good: Vec<usize> = (0..listing.len())
        .filter(|index| bad.binary_search(index).is_err())
        .collect();
    if good.is_empty() {
        return Err(Error::Usage(format!("none of the {} pictures can be read", group.name)));
    }
    Ok(Examples::on_disk(listing.subset(&good)))
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// A folder of one's own: some drawn classes are tested on, the others trained on.
fn folder(files: &FilesConfig, streams: &Streams) -> Result<Groups> {
    let listing = Listing::new(&files.root, files.labels.as_deref(), None)?;
    let classes = listing.class_names().len();
    let tested = ((classes as f64 * files.test_share).round() as usize).clamp(1, classes.max(1));
    if classes < tested + 2 {
        return Err(Error::Usage(format!(
            "{}: of {classes} classes {tested} are tested on, which leaves less than 2 to learn from; lower \
             `data.files.test_share`, or add classes",
            files.root.display()
        )));
    }
    let order = streams.permutation("test classes", 0, classes);
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for (index, file) in listing.files().iter().enumerate() {
        let class = listing.label(index);
        let part = if order[..tested].contains(&class) {
            &mut test
        } else {
            &mut train
        };
        part.push((file.clone(), listing.class_names()[class].clone()));
    }
    let group = |name, pictures| Group {
        name,
        pictures,
        expected: None,
    };
    Ok(Groups {
        train: group("training", train),
        tests: vec![(String::new(), group("test", test), None)],
    })
}

/// Refuses a gallery of other classes than its queries.
pub(super) fn same_classes(root: &Path, queries: &Group, gallery: &Group) -> Result<()> {
    let classes = |group: &Group| -> BTreeMap<String, ()> {
        group.pictures.iter().map(|(_, class)| (class.clone(), ())).collect()
    };
    let (of_queries, of_gallery) = (classes(queries), classes(gallery));
    let only = |one: &BTreeMap<String, ()>, other: &BTreeMap<String, ()>| {
        one.keys().find(|class| !other.contains_key(*class)).cloned()
    };
    match only(&of_queries, &of_gallery).or_else(|| only(&of_gallery, &of_queries)) {
        Some(class) => Err(Error::Usage(format!(
            "{}: class `{class}` is among queries or gallery only; both must have the same classes",
            root.display()
        ))),
        None => Ok(()),
    }
}
