use papers_core::Error;

/// Why votes cannot be learned from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VotesError {
    /// A table that cannot be read.
    #[error("{file}: {problem}")]
    File {
        /// The table.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A table without a column that is needed.
    #[error("{file} has no column `{column}`; it has {found}")]
    Column {
        /// The table.
        file: String,
        /// The column.
        column: &'static str,
        /// Those that are there.
        found: String,
    },
    /// A score that is none.
    #[error("{file}, line {line}: the score `{text}` is no number from {least} to {most}")]
    Score {
        /// The table.
        file: String,
        /// From 1, the header included.
        line: u64,
        /// What stands there.
        text: String,
        /// Least score that can be given.
        least: f64,
        /// Greatest score that can be given.
        most: f64,
    },
    /// A photo or a voter without a name.
    #[error("{file}, line {line}: `{column}` is empty")]
    Empty {
        /// The table.
        file: String,
        /// From 1, the header included.
        line: u64,
        /// The column.
        column: &'static str,
    },
    /// Two votes of a voter on one photo.
    #[error(
        "voter `{voter}` voted on photo `{photo}` more than once; say what counts with `data.table.duplicates='mean'` or `'last'` (in code: `votes::settle`)"
    )]
    Duplicate {
        /// The photo.
        photo: String,
        /// The voter.
        voter: String,
    },
    /// Votes and pictures that do not belong together.
    #[error(
        "{} photos have votes and no picture ({}), {} pictures have no votes ({}); leave both out with `data.table.skip_missing=true`",
        without_picture.len(), few(without_picture), without_votes.len(), few(without_votes)
    )]
    Missing {
        /// Photos of the table that have no picture.
        without_picture: Vec<String>,
        /// Pictures that the table does not name.
        without_votes: Vec<String>,
    },
    /// A list of photos to measure with that names some that are not there.
    #[error(
        "{} names of the photos to measure with are no photo of the set ({}); pass over them with `data.table.skip_missing=true`",
        names.len(), few(names)
    )]
    Unlisted {
        /// The names.
        names: Vec<String>,
    },
    /// A fold that no photo to learn from is in.
    #[error(
        "fold {fold} of {folds} (`phase_2.cross_fit`) has no photo to learn from: {persons} persons are dealt out; take fewer folds, or another seed"
    )]
    EmptyFold {
        /// From 0.
        fold: u64,
        /// How many there are.
        folds: u64,
        /// Persons on the photos to learn from.
        persons: usize,
    },
    /// Two pictures that votes could mean.
    #[error("pictures `{one}` and `{other}` are both called `{name}` in the table of votes; keep one of them")]
    SameName {
        /// A picture.
        one: String,
        /// Another one.
        other: String,
        /// What the votes call them.
        name: String,
    },
    /// Rows that say different things of a photo.
    #[error("photo `{photo}` has the {column} `{one}` in a row and `{other}` in another")]
    Conflict {
        /// The photo.
        photo: String,
        /// The column.
        column: &'static str,
        /// What a row says.
        one: String,
        /// What another one says.
        other: String,
    },
    /// Files that are no pictures.
    #[error("{} pictures cannot be read: {}; leave them out with `data.table.skip_missing=true`", files.len(), few(files))]
    Unreadable {
        /// With what is wrong.
        files: Vec<String>,
    },
    /// Too little to learn from.
    #[error("there are {found} {what} and {least} are needed; {hint}")]
    TooFew {
        /// Photos or voters.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        least: usize,
        /// Settings that it depends on.
        hint: &'static str,
    },
    /// Scores of which nobody knows who gave them.
    #[error(
        "{name} does not say who gave a score, which models of voters and the normalization of votes need (`NoPerVoterRows`); set `output` to regression, \
         classification, distribution or emd, and `votes.scale` to raw or zscore-off"
    )]
    NoPerVoterRows {
        /// The set.
        name: String,
    },
    /// A person of whom there are photos to learn from and photos to measure with.
    #[error(
        "photos of `{person}` are in {one} and in {other}: what is learned by heart would be measured; see `person` in the table and \
         `data.table.test_list`"
    )]
    Leak {
        /// The person.
        person: String,
        /// A part.
        one: &'static str,
        /// Another one.
        other: &'static str,
    },
    /// A set that has no such trait.
    #[error("{name} has no scores of `{asked}`; set `data.trait` to one that it has: {known}")]
    Trait {
        /// The set.
        name: String,
        /// The trait.
        asked: &'static str,
        /// Those that it has.
        known: String,
    },
}

fn few(names: &[String]) -> String {
    const MOST: usize = 5;
    let mut text = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        "none".clone_into(&mut text);
    } else if names.len() > MOST {
        text += ", ..";
    }
    text
}

impl From<VotesError> for Error {
    fn from(error: VotesError) -> Self {
        Self::usage(error)
    }
}
