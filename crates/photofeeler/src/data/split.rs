use std::collections::BTreeMap;

use papers_core::random::Streams;

use crate::votes::VotesError;

/// Which photos are for what. A photo's votes go with it: splits are never by vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// To learn from.
    pub train: Vec<usize>,
    /// To choose the epoch by.
    pub validation: Vec<usize>,
    /// To measure with.
    pub test: Vec<usize>,
}

impl Split {
    /// Refuses a person of whom photos are in two parts; `persons` and `names` are by number of the photo and the person.
    ///
    /// # Errors
    ///
    /// [`VotesError::Leak`].
    pub fn check(&self, persons: &[usize], name: impl Fn(usize) -> String) -> Result<(), VotesError> {
        let mut place: BTreeMap<usize, &'static str> = BTreeMap::new();
        for (part, photos) in [
            ("train", &self.train),
            ("validation", &self.validation),
            ("test", &self.test),
        ] {
            for &photo in photos {
                let first = *place.entry(persons[photo]).or_insert(part);
                if first != part {
                    return Err(VotesError::Leak {
                        person: name(persons[photo]),
                        one: first,
                        other: part,
                    });
                }
            }
        }
        Ok(())
    }
}

/// How many photos are held out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HeldOut {
    /// A share of them.
    Share(f64),
    /// So many.
    Photos(usize),
}

impl HeldOut {
    /// So many photos, or a share where that is 0.
    pub fn of(share: f64, photos: usize) -> Self {
        match photos {
            0 => Self::Share(share),
            photos => Self::Photos(photos),
        }
    }

    fn among(self, photos: usize) -> usize {
        match self {
            Self::Share(share) => (share * photos as f64).round() as usize,
            Self::Photos(wanted) => wanted.min(photos),
        }
    }
}

/// Deals persons out, each with all photos: about as many photos to measure with as `test` says, and of the others about as many to
/// choose by as `validation` says.
pub fn split_by_person(persons: &[usize], test: HeldOut, validation: HeldOut, streams: &Streams) -> Split {
    let mut of_person: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (photo, &person) in persons.iter().enumerate() {
        of_person.entry(person).or_default().push(photo);
    }
    let groups: Vec<Vec<usize>> = of_person.into_values().collect();
    let mut order = streams.permutation("split", 0, groups.len()).into_iter();
    let mut take = |wanted: usize| {
        let mut photos = Vec::new();
        while photos.len() < wanted {
            let Some(group) = order.next() else { break };
            photos.extend(&groups[group]);
        }
        photos.sort_unstable();
        photos
    };
    let test = take(test.among(persons.len()));
    let validation = take(validation.among(persons.len() - test.len()));
    Split {
        test,
        validation,
        train: take(persons.len()),
    }
}
