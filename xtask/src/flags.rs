//! Flags of `train` that only one paper has: `--feedback human` is `--set feedback.mode=human`.

use std::{collections::BTreeMap, ffi::OsString};

use crate::{papers, workspace::Workspace};

/// Replaces the flags of the paper that is to be trained by the settings they stand for. Everything else is left as it is,
/// mistakes too, which the parser tells better.
pub(crate) fn expand(workspace: &Workspace, words: Vec<OsString>) -> anyhow::Result<Vec<OsString>> {
    if words.get(1).is_none_or(|command| command != "train") {
        return Ok(words);
    }
    let papers = papers::discover(workspace)?;
    let named = papers
        .iter()
        .find(|paper| words.iter().any(|word| *word == *paper.name));
    Ok(match named {
        Some(paper) => replace(&paper.citation.flags, words),
        None => words,
    })
}

fn replace(flags: &BTreeMap<String, String>, words: Vec<OsString>) -> Vec<OsString> {
    let mut replaced = Vec::with_capacity(words.len());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let flag = word.to_str().and_then(|text| text.strip_prefix("--"));
        let (name, inline) = match flag.map(|flag| flag.split_once('=').unwrap_or((flag, ""))) {
            Some((name, inline)) => (name, inline),
            None => ("", ""),
        };
        let Some(key) = flags.get(name) else {
            replaced.push(word);
            continue;
        };
        let has_value = flag.is_some_and(|flag| flag.contains('='));
        let value = if has_value {
            Some(OsString::from(inline))
        } else {
            words.next()
        };
        let Some(value) = value else {
            // The parser says that a value is missing.
            replaced.push(word);
            continue;
        };
        let mut setting = OsString::from(format!("{key}="));
        setting.push(value);
        replaced.extend([OsString::from("--set"), setting]);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(line: &str) -> String {
        let flags = BTreeMap::from([("feedback".to_owned(), "feedback.mode".to_owned())]);
        let words = replace(&flags, line.split(' ').map(OsString::from).collect());
        words.join(std::ffi::OsStr::new(" ")).into_string().unwrap()
    }

    #[test]
    fn a_flag_stands_for_a_setting() {
        assert_eq!(
            replaced("train p --feedback human --seed 1"),
            "train p --set feedback.mode=human --seed 1"
        );
        assert_eq!(replaced("train p --feedback=none"), "train p --set feedback.mode=none");
    }

    #[test]
    fn other_words_are_left_alone() {
        for line in ["train p --seed 1", "train p --feedbak human", "train p --feedback"] {
            assert_eq!(replaced(line), line);
        }
    }
}
