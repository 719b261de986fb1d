//! Folders of one's own: CelebA's faces, pictures without one such as ImageNet's, and faces with groups such as PPB's.

use std::{collections::BTreeMap, fs, path::Path};

use papers_core::{
    Error, Result,
    base::images::{self, FolderOptions, ImageSet, Listing},
    random::Streams,
};

use super::{Attribute, DataError, DataSet, Grouped};
use crate::config::CelebaConfig;

/// What the partition calls pictures to learn from.
const TRAIN: &str = "0";

pub(super) fn load(config: &CelebaConfig) -> Result<DataSet> {
    let options = FolderOptions {
        side: Some(config.side),
        channels: 3,
        skip: Vec::new(),
        classes: None,
    };
    let read = |folder: &Path| -> Result<(ImageSet, Vec<String>)> {
        // Sub-folders, such as the 1,000 of ImageNet, are no groups.
        let listing = Listing::of_one_class(folder, "pictures")?;
        Ok((listing.images(&options)?, listing.files().to_vec()))
    };
    let mut warnings = Vec::new();
    let (mut faces, mut files) = read(&config.faces)?;
    if let Some(partition) = &config.partition {
        let parts = table(partition)?;
        let part = |file: &String| parts.values.get(name_of(file));
        let lacking: Vec<&String> = files.iter().filter(|file| part(file).is_none()).collect();
        if let Some(first) = lacking.first() {
            warnings.push(format!(
                "{} says nothing of {} of {} faces, such as `{first}`: they are left out",
                partition.display(),
                lacking.len(),
                files.len()
            ));
        }
        let is_train = |file: &String| {
            part(file)
                .and_then(|values| values.first())
                .is_some_and(|part| part == TRAIN)
        };
        let train: Vec<usize> = (0..files.len()).filter(|&index| is_train(&files[index])).collect();
        faces = faces.subset("celeba/train", &train);
        files = train.iter().map(|&index| files[index].clone()).collect();
    }
    let attributes = match &config.attributes {
        Some(path) => attributes(path, &files)?,
        None => Vec::new(),
    };
    let (others, _) = read(&config.non_faces)?;
    let order = Streams::new(config.seed).permutation("held out", 0, others.len());
    let (test, train) = order.split_at(held_out(config.held_out, others.len()));
    let test_faces = images::folder(&config.test_faces, config.test_groups.as_deref(), &options)?;
    let labeled = test_faces.labeled;
    let (groups, names) = (
        labeled.labels.iter().map(|&label| usize::from(label)).collect(),
        labeled.class_names.clone(),
    );
    Ok(DataSet {
        face_groups: vec![0; faces.len()],
        face_group_names: vec!["faces".to_owned()],
        non_faces: others.subset("others/train", train),
        attributes,
        test_faces: Grouped::new(labeled.without_labels(), groups, names)?,
        test_non_faces: Grouped::of_one(others.subset("others/test", test), "others"),
        faces,
        comparable: Vec::new(),
        warnings,
    })
}

/// Pictures of `count` that are measured with: at least one of two, and never all.
fn held_out(share: f64, count: usize) -> usize {
    let wanted = (share * count as f64).round() as usize;
    wanted.max(1).min(count.saturating_sub(1))
}

/// The last part of a path.
fn name_of(file: &str) -> &str {
    file.rsplit('/').next().unwrap_or(file)
}

/// One of CelebA's lists: for some, a line with the number of pictures and one with names of columns; then a line for each picture.
struct Table {
    columns: Vec<String>,
    values: BTreeMap<String, Vec<String>>,
}

fn table(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    let mut table = Table {
        columns: Vec::new(),
        values: BTreeMap::new(),
    };
    for (number, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace().map(str::to_owned);
        let Some(first) = words.next() else { continue };
        let values: Vec<String> = words.collect();
        if first.contains('.') {
            table.values.insert(first, values);
        } else if number > 0 || !values.is_empty() {
            table.columns = [first].into_iter().chain(values).collect();
        }
    }
    if table.values.is_empty() {
        return Err(DataError::File {
            file: path.display().to_string(),
            problem: "there is no line with a picture's name and its values".to_owned(),
        }
        .into());
    }
    Ok(table)
}

fn attributes(path: &Path, files: &[String]) -> Result<Vec<Attribute>> {
    let table = table(path)?;
    let value = |file: &String, column: usize| -> Result<f64> {
        let value = table.values.get(name_of(file)).and_then(|values| values.get(column));
        value.and_then(|value| value.parse().ok()).ok_or_else(|| {
            DataError::File {
                file: path.display().to_string(),
                problem: format!("column {} has no number for `{file}`", column + 1),
            }
            .into()
        })
    };
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(column, name)| {
            Ok(Attribute {
                name: name.clone(),
                values: files.iter().map(|file| value(file, column)).collect::<Result<_>>()?,
            })
        })
        .collect()
}
