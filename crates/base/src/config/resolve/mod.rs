use std::{fs::File, io::Read, path::Path};

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml::{Table, Value};

use super::{ConfigError, RunConfig};
use crate::{Error, Result, suggest::nearest};

/// How messages call the text of an experiment.
pub(super) const PRESET: &str = "the experiment";

/// The table of an experiment that is no setting.
pub(super) const ABOUT: &str = "about";

/// Bytes of the largest file that is read.
const FILE_LIMIT: u64 = 1 << 20;

/// Tables around a setting of `--set`; the parser of files has the same limit.
const DEPTH_LIMIT: usize = 80;

/// The configuration of an experiment: `preset`, then `file` merged over it, then each of `sets` (`a.b=value`).
///
/// Tables are merged, anything else is replaced. The value of a set is read as TOML, and as text if it is a bare word;
/// an inline table replaces the whole table of its name. A table `[about]` of the preset and the file is passed over.
///
/// # Errors
///
/// [`ConfigError`], saying in which of the three the trouble stands; [`Error::Io`] if the file cannot be read.
pub fn resolve<C: RunConfig>(preset: &str, file: Option<&Path>, sets: &[String]) -> Result<C> {
    resolve_text(PRESET, preset, file, sets)
}

/// The same; messages call the first text `origin`.
pub(super) fn resolve_text<C: RunConfig>(origin: &str, text: &str, file: Option<&Path>, sets: &[String]) -> Result<C> {
    let mut layers = vec![Layer {
        origin: origin.to_owned(),
        table: settings(origin, text)?,
    }];
    let mut merged = layers[0].table.clone();
    if let Some(path) = file {
        let origin = path.display().to_string();
        let table = settings(&origin, &read_text(path)?)?;
        merge(&mut merged, table.clone());
        layers.push(Layer { origin, table });
    }
    for set in sets {
        let (keys, value) = split(set)?;
        insert(&mut merged, set, &keys, value.clone())?;
        let mut table = Table::new();
        insert(&mut table, set, &keys, value)?;
        layers.push(Layer {
            origin: format!("`--set {set}`"),
            table,
        });
    }
    let config: C = read(Value::Table(merged.clone()), &[], &layers)?;
    refuse_ignored(&merged, &config, &layers)?;
    config.schedule().validate()?;
    config.validate()?;
    Ok(config)
}

/// The text from which [`resolve`] makes the same configuration again, every number exact.
///
/// # Errors
///
/// [`ConfigError::Unwritable`] for what TOML cannot hold, such as an integer above 2^63 - 1.
pub fn to_toml<C: RunConfig>(config: &C) -> Result<String> {
    let text = toml::to_string(config).map_err(|error| unwritable(&error))?;
    Ok(text)
}

/// Settings from one place.
pub(super) struct Layer {
    /// How messages call it.
    pub(super) origin: String,
    pub(super) table: Table,
}

impl Layer {
    /// Whether it says anything about the setting at `path`.
    fn has(&self, path: &[String]) -> bool {
        lookup(&self.table, path).is_some() || path.is_empty()
    }
}

/// Parses a document.
pub(super) fn parse(origin: &str, text: &str) -> Result<Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| {
        // The message of the parser shows the line as well, which may be a megabyte long.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        ConfigError::Syntax {
            origin: origin.to_owned(),
            problem: format!("line {line}, column {column}: {}", error.message()),
        }
    })
}

/// Reads `value`, which stands at `parents`, and translates what serde says into the words of a user of `layers`.
pub(super) fn read<T: DeserializeOwned>(value: Value, parents: &[&str], layers: &[Layer]) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let mut path: Vec<String> = parents.iter().map(|&parent| parent.to_owned()).collect();
        for segment in error.path() {
            match segment {
                Segment::Map { key } => path.push(key.clone()),
                Segment::Enum { variant } => path.push(variant.clone()),
                Segment::Seq { index } => path.push(index.to_string()),
                Segment::Unknown => {}
            }
        }
        translate(error.inner().message(), path, layers)
    })
}

fn translate(message: &str, mut path: Vec<String>, layers: &[Layer]) -> ConfigError {
    let mut names = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field")
        && let Some(unknown) = names.next()
    {
        // Inside of some enums serde knows only the place of the enum.
        if path.last().is_none_or(|last| last != unknown) {
            path.push(unknown.to_owned());
        }
        return unknown_key(&path, names.map(str::to_owned).collect(), layers);
    }
    let mut problem = message.to_owned();
    if message.starts_with("unknown variant")
        && let Some(unknown) = names.next()
        && let Some(nearest) = nearest(unknown, names)
    {
        problem += &format!("; did you mean `{nearest}`?");
    }
    let (last, earlier) = last_layer(layers, &path);
    let is_table = |layer: &Layer| matches!(lookup(&layer.table, &path), Some(Value::Table(_)));
    if message.starts_with("invalid type") && !is_table(last) && earlier.iter().any(is_table) {
        problem += &format!(
            "; it is a table, whose settings are named as in `{}.NAME`",
            path.join(".")
        );
    }
    ConfigError::Value {
        origin: last.origin.clone(),
        key: if path.is_empty() {
            "the configuration".to_owned()
        } else {
            path.join(".")
        },
        problem,
    }
}

fn unknown_key(path: &[String], known: Vec<String>, layers: &[Layer]) -> ConfigError {
    let (name, tables) = path
        .split_last()
        .map_or(("", path), |(name, tables)| (name.as_str(), tables));
    let full = |name: &str| {
        let names = tables.iter().map(String::as_str).chain([name]);
        names.collect::<Vec<_>>().join(".")
    };
    ConfigError::UnknownKey {
        origin: last_layer(layers, path).0.origin.clone(),
        key: full(name),
        nearest: nearest(name, known.iter().map(String::as_str)).map(full),
        known,
    }
}

/// The last layer that says something about the setting at `path`, which is to blame for it, and those before it.
fn last_layer<'a>(layers: &'a [Layer], path: &[String]) -> (&'a Layer, &'a [Layer]) {
    let position = layers.iter().rposition(|layer| layer.has(path)).unwrap_or(0);
    (&layers[position], &layers[..position])
}

/// Refuses settings that the configuration does not hold afterwards: those that serde passes over, where a struct
/// forgot to refuse unknown fields.
fn refuse_ignored<C: RunConfig>(asked: &Table, config: &C, layers: &[Layer]) -> Result<(), ConfigError> {
    let held = Table::try_from(config).map_err(|error| unwritable(&error))?;
    match ignored(asked, &held) {
        Some((path, known)) => Err(unknown_key(&path, known, layers)),
        None => Ok(()),
    }
}

/// Path of the first key that only `asked` has, and the keys of `held` beside it.
fn ignored(asked: &Table, held: &Table) -> Option<(Vec<String>, Vec<String>)> {
    for (key, value) in asked {
        let found = match held.get(key) {
            None => Some((Vec::new(), held.keys().cloned().collect())),
            Some(kept) => ignored_inside(value, kept),
        };
        if let Some((mut path, known)) = found {
            path.insert(0, key.clone());
            return Some((path, known));
        }
    }
    None
}

fn ignored_inside(asked: &Value, held: &Value) -> Option<(Vec<String>, Vec<String>)> {
    match (asked, held) {
        (Value::Table(asked), Value::Table(held)) => ignored(asked, held),
        (Value::Array(asked), Value::Array(held)) => {
            asked.iter().zip(held).enumerate().find_map(|(index, (asked, held))| {
                let (mut path, known) = ignored_inside(asked, held)?;
                path.insert(0, index.to_string());
                Some((path, known))
            })
        }
        _ => None,
    }
}

/// The settings of a document.
fn settings(origin: &str, text: &str) -> Result<Table, ConfigError> {
    let mut table = parse(origin, text)?;
    table.remove(ABOUT);
    Ok(table)
}

pub(super) fn read_text(path: &Path) -> Result<String> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(ConfigError::TooLarge {
            path: path.to_owned(),
            limit: FILE_LIMIT,
        }
        .into());
    }
    String::from_utf8(bytes).map_err(|_| ConfigError::NotText { path: path.to_owned() }.into())
}

fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => merge(base, over),
            (_, value) => drop(base.insert(key, value)),
        }
    }
}

/// Keys and value of `a.b=value`.
fn split(set: &str) -> Result<(Vec<&str>, Value), ConfigError> {
    let error = |problem: &str| ConfigError::Set {
        set: set.to_owned(),
        problem: problem.to_owned(),
    };
    let (path, text) = set.split_once('=').ok_or_else(|| error("there is no `=`"))?;
    let keys: Vec<&str> = path.split('.').map(str::trim).collect();
    if keys.contains(&"") {
        return Err(error("the key has an empty part"));
    }
    if keys.len() > DEPTH_LIMIT {
        return Err(error("the key has too many parts"));
    }
    let text = text.trim();
    let value = match text.parse::<Value>() {
        Ok(value) => value,
        Err(_) if text.is_empty() => return Err(error("there is no value (an empty text is `\"\"`)")),
        // What begins as TOML was meant as TOML.
        Err(problem) if text.starts_with(['"', '\'', '[', '{']) => {
            return Err(error(&format!("the value is not TOML: {}", problem.message())));
        }
        Err(_) => Value::String(text.to_owned()),
    };
    Ok((keys, value))
}

/// Puts the value of a set into `table`, with the tables around it.
fn insert(table: &mut Table, set: &str, keys: &[&str], value: Value) -> Result<(), ConfigError> {
    let Some((&key, parents)) = keys.split_last() else {
        return Ok(());
    };
    let mut table = table;
    for (depth, &parent) in parents.iter().enumerate() {
        let entry = table.entry(parent).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(inner) = entry else {
            return Err(ConfigError::Set {
                set: set.to_owned(),
                problem: format!("`{}` is a value, not a table", keys[..=depth].join(".")),
            });
        };
        table = inner;
    }
    table.insert(key.to_owned(), value);
    Ok(())
}

/// What stands at `path`; elements of arrays are counted from 0.
fn lookup<'a>(table: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get(first)?, |value, key| match value {
        Value::Table(table) => table.get(key),
        Value::Array(array) => array.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

fn unwritable(error: &toml::ser::Error) -> ConfigError {
    ConfigError::Unwritable {
        problem: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
