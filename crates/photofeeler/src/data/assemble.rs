//! Photos and rows of votes become a set: who counts, which photos are for what.

use std::collections::{BTreeMap, HashMap, HashSet};

use papers_core::random::Streams;

use super::{HeldOut, Inputs, RatedPhotos, Split, split::split_by_person};
use crate::{
    config::{DataConfig, Subjects, VoterRule},
    votes::{Duplicates, Gender, Row, Vote, VotesError, settle},
};

/// A photo of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoRow {
    /// Its name, as votes have it.
    pub name: String,
    /// Who is on it.
    pub person: String,
    /// Gender of who is on it, if it is known.
    pub gender: Option<Gender>,
}

/// What a set is made of.
#[derive(Debug)]
pub struct Parts {
    /// Its name.
    pub name: String,
    /// The photos.
    pub photos: Vec<PhotoRow>,
    /// What a network sees of each.
    pub inputs: Inputs,
    /// The votes; those on other photos are left out.
    pub rows: Vec<Row>,
    /// Least and greatest score that can be given.
    pub range: [f64; 2],
    /// What becomes of several votes of a voter on one photo.
    pub duplicates: Duplicates,
    /// Names of the photos to measure with, where somebody has said so.
    pub test: Option<HashSet<String>>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// Makes a set: photos of the wanted subjects, votes of the voters that count, limits, and a split by person.
///
/// # Errors
///
/// Two votes of a voter on one photo, and photos of a person to learn from and to measure with.
pub fn assemble(parts: Parts, config: &DataConfig, streams: &Streams) -> Result<RatedPhotos, VotesError> {
    let Parts {
        name,
        rows,
        range,
        duplicates,
        ..
    } = parts;
    let mut warnings = parts.warnings;
    let kept = kept_photos(&parts.photos, config, streams);
    let photos: Vec<&PhotoRow> = kept.iter().map(|&photo| &parts.photos[photo]).collect();
    let places: HashMap<&str, usize> = photos
        .iter()
        .enumerate()
        .map(|(place, photo)| (photo.name.as_str(), place))
        .collect();
    let is_anonymous = rows.iter().any(|row| row.voter.is_none());
    let (mut dropped, mut voters) = (0_usize, Voters::default());
    let mut votes = Vec::new();
    for (number, row) in rows.into_iter().enumerate() {
        let Some(&photo) = places.get(row.photo.as_str()) else {
            continue;
        };
        let subject = row.subject_gender.or(photos[photo].gender);
        let counts = config.voters == VoterRule::Any
            || matches!((row.voter_gender, subject), (Some(voter), Some(subject)) if voter != subject);
        if !counts {
            dropped += 1;
            continue;
        }
        let voter = voters.number(row.voter.unwrap_or_else(|| format!("vote {number}")));
        votes.push(Vote {
            photo,
            voter,
            score: row.score,
        });
    }
    if dropped > 0 {
        warnings.push(format!(
            "{dropped} votes are left out: the voter's gender is that of the subject, or one of both is unknown"
        ));
    }
    let votes = settle(votes, duplicates, |vote| {
        [photos[vote.photo].name.clone(), voters.names[vote.voter].clone()]
    })?;
    let (votes, voters) = fewer_voters(votes, voters.names, config.most_voters, streams);
    let persons = numbered(photos.iter().map(|photo| photo.person.as_str()));
    let names: Vec<String> = photos.iter().map(|photo| photo.name.clone()).collect();
    let split = match &parts.test {
        None => split_by_person(&persons, config.test_part(), config.validation_part(), streams),
        Some(test) => listed(test, &names, &persons, config, streams),
    };
    split.check(&persons, |person| photos[first(&persons, person)].person.clone())?;
    let mut set = RatedPhotos {
        name,
        inputs: parts.inputs.only(&kept),
        names,
        persons,
        voters,
        is_anonymous,
        has_means_alone: config.has_means_alone(),
        votes,
        range,
        split,
        simulated: None,
        warnings,
    };
    let least = if set.has_means_alone { 1 } else { config.min_votes_test };
    without_votes(&mut set, least);
    fewer_votes(&mut set, config.votes_per_photo, streams);
    Ok(set)
}

fn kept_photos(photos: &[PhotoRow], config: &DataConfig, streams: &Streams) -> Vec<usize> {
    let is_wanted = |photo: &PhotoRow| match config.subjects {
        Subjects::All => true,
        Subjects::Female => photo.gender == Some(Gender::Female),
        Subjects::Male => photo.gender == Some(Gender::Male),
    };
    let mut kept: Vec<usize> = (0..photos.len()).filter(|&photo| is_wanted(&photos[photo])).collect();
    if config.most_photos > 0 && config.most_photos < kept.len() {
        let order = streams.permutation("photos", 0, kept.len());
        kept = order[..config.most_photos].iter().map(|&place| kept[place]).collect();
        kept.sort_unstable();
    }
    kept
}

#[derive(Default)]
struct Voters {
    names: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Voters {
    fn number(&mut self, name: String) -> usize {
        let next = self.names.len();
        *self.numbers.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            next
        })
    }
}

/// Numbers of names, in the order of the first ones.
fn numbered<'a>(names: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    names
        .map(|name| {
            let next = numbers.len();
            *numbers.entry(name).or_insert(next)
        })
        .collect()
}

fn first(persons: &[usize], person: usize) -> usize {
    persons.iter().position(|&other| other == person).unwrap_or(0)
}

fn fewer_voters(votes: Vec<Vote>, names: Vec<String>, most: usize, streams: &Streams) -> (Vec<Vote>, Vec<String>) {
    if most == 0 || most >= names.len() {
        return (votes, names);
    }
    let mut kept = streams.permutation("voters", 0, names.len())[..most].to_vec();
    kept.sort_unstable();
    let numbers: HashMap<usize, usize> = kept.iter().enumerate().map(|(new, &old)| (old, new)).collect();
    let votes = votes.into_iter().filter_map(|vote| {
        let voter = *numbers.get(&vote.voter)?;
        Some(Vote { voter, ..vote })
    });
    (
        votes.collect(),
        kept.iter().map(|&voter| names[voter].clone()).collect(),
    )
}

/// A split whose photos to measure with somebody has listed.
fn listed(
    test: &HashSet<String>,
    names: &[String],
    persons: &[usize],
    config: &DataConfig,
    streams: &Streams,
) -> Split {
    // Lists may have files' endings where tables have none, or the other way round.
    let listed: HashSet<&str> = test.iter().map(|name| stem(name)).collect();
    let (tested, others): (Vec<usize>, Vec<usize>) =
        (0..names.len()).partition(|&photo| listed.contains(stem(&names[photo])));
    let of_others: Vec<usize> = others.iter().map(|&photo| persons[photo]).collect();
    let dealt = split_by_person(&of_others, HeldOut::Photos(0), config.validation_part(), streams);
    let back = |places: Vec<usize>| places.into_iter().map(|place| others[place]).collect();
    Split {
        train: back(dealt.train),
        validation: back(dealt.validation),
        test: tested,
    }
}

/// A file's name without its ending.
pub(super) fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, ending)) if ["jpg", "jpeg", "png"].contains(&ending.to_lowercase().as_str()) => stem,
        _ => name,
    }
}

/// Takes photos without votes, and those to measure with that have too few, out of their parts.
fn without_votes(set: &mut RatedPhotos, least: usize) {
    let counts: Vec<usize> = set.scores_by_photo().iter().map(Vec::len).collect();
    let none: Vec<&str> = (0..counts.len())
        .filter(|&photo| counts[photo] == 0)
        .map(|photo| set.names[photo].as_str())
        .collect();
    if !none.is_empty() {
        let some = none.iter().take(5).copied().collect::<Vec<_>>().join(", ");
        let warning = format!(
            "{} photos have no votes and are left out of both phases: {some}",
            none.len()
        );
        set.warnings.push(warning);
    }
    set.split.train.retain(|&photo| counts[photo] > 0);
    set.split.validation.retain(|&photo| counts[photo] > 0);
    let before = set.split.test.len();
    set.split.test.retain(|&photo| counts[photo] >= least.max(1));
    let few = before - set.split.test.len();
    if few > 0 {
        set.warnings.push(format!(
            "{few} photos to measure with have fewer than {} votes (`data.min_votes_test`) and are left out",
            least.max(1)
        ));
    }
}

/// Keeps so many votes of each photo that is not measured with, drawn.
fn fewer_votes(set: &mut RatedPhotos, most: usize, streams: &Streams) {
    if most == 0 {
        return;
    }
    let is_tested: HashSet<usize> = set.split.test.iter().copied().collect();
    let order = streams.permutation("votes per photo", 0, set.votes.len());
    let mut left = vec![most; set.names.len()];
    let mut is_kept = vec![false; set.votes.len()];
    for place in order {
        let photo = set.votes[place].photo;
        if is_tested.contains(&photo) {
            is_kept[place] = true;
        } else if left[photo] > 0 {
            left[photo] -= 1;
            is_kept[place] = true;
        }
    }
    let mut kept = is_kept.into_iter();
    set.votes.retain(|_| kept.next().unwrap_or(false));
}
