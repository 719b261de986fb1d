use papers_core::{Error, Result, random::Streams};

use super::{rows::Rows, split::stratified, synthetic::synthetic};
use crate::config::DataConfig;

/// What a source gives: rows with all their values.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) train: Rows,
    pub(super) test: Rows,
    pub(super) class_names: Vec<String>,
    pub(super) picture: Option<[usize; 3]>,
    /// Names of the values of an example that is no picture.
    pub(super) columns: Vec<String>,
    /// Classes that have no label among the training rows by nature.
    pub(super) absent: Vec<usize>,
    pub(super) warnings: Vec<String>,
}

impl Parts {
    pub(super) fn synthetic(config: &DataConfig, streams: &Streams) -> Result<Self> {
        let sizes = config.synthetic.clone().unwrap_or_default();
        let (train, test) = synthetic(&sizes, streams);
        train.check_for(config.likelihood())?;
        test.check_for(config.likelihood())?;
        Ok(Self {
            train: limited(train, "data.train", config.train, Some(streams))?,
            test: limited(test, "data.test", config.test, None)?,
            class_names: (0..sizes.classes).map(|class| class.to_string()).collect(),
            picture: None,
            columns: (0..sizes.values()).map(|column| format!("x{column}")).collect(),
            absent: Vec::new(),
            warnings: Vec::new(),
        })
    }
}

/// All rows but `count` ones with a class, drawn in proportion to the classes, and those.
pub(super) fn held_out(rows: Rows, classes: usize, key: &str, count: usize, streams: &Streams) -> Result<(Rows, Rows)> {
    let out = stratified(&rows.labels, classes, count, streams, key)?;
    if out.len() < count || count >= rows.len() {
        let (with_class, all, name) = (rows.truth().0.len(), rows.len(), &rows.name);
        return Err(Error::Usage(format!(
            "`{key}`: {count} rows are asked for, and {name} has {all} rows, {with_class} of them with a class; ask for fewer, \
             so that some are left to learn from"
        )));
    }
    let rest: Vec<usize> = (0..rows.len()).filter(|row| out.binary_search(row).is_err()).collect();
    let part = key.rsplit('.').next().unwrap_or(key);
    Ok((
        rows.subset(rows.name.as_str(), &rest),
        rows.subset(format!("{}/{part}", rows.name), &out),
    ))
}

/// So many rows, drawn if there are streams to draw from and the first ones otherwise; 0 for all.
pub(super) fn limited(rows: Rows, key: &str, count: usize, streams: Option<&Streams>) -> Result<Rows> {
    if count == 0 {
        return Ok(rows);
    }
    if count > rows.len() {
        let (name, there) = (&rows.name, rows.len());
        return Err(Error::Usage(format!(
            "`{key}`: {count} rows are asked for, {name} has {there}"
        )));
    }
    let order = match streams {
        Some(streams) => streams.permutation("training subset", 0, rows.len()),
        None => (0..count).collect(),
    };
    Ok(rows.subset(rows.name.as_str(), &order[..count]))
}
