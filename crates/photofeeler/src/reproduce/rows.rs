//! The planned rows.

/// Seeds of the longer experiments.
pub(super) const FEW: usize = 3;

/// A row of a table: runs that differ by their seed.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) experiment: &'static str,
    pub(super) sets: &'static [&'static str],
    pub(super) is_quick: bool,
    pub(super) few_seeds: bool,
}

const fn row(name: &'static str, label: &'static str, experiment: &'static str, sets: &'static [&'static str]) -> Row {
    Row {
        name,
        label,
        experiment,
        sets,
        is_quick: false,
        few_seeds: false,
    }
}

const fn quick(row: Row) -> Row {
    Row { is_quick: true, ..row }
}

const fn few(row: Row) -> Row {
    Row { few_seeds: true, ..row }
}

const REGRESSION: &str = "output='regression'";
const RAW: &str = "votes.scale='raw'";
const PLAIN: &str = "votes.weights='none'";
const ONE_PHASE: &str = "schedule.steps=380";
const CONFOUNDED: &str = "data.generator.confounding=1.5";
const JOINT: &str = "phase_2.joint=true";

/// Serving, votes and outputs.
pub(super) const SERVED: [Row; 12] = [
    quick(row(
        "features/random-raw-regression",
        "random, raw, MSE",
        "features",
        &[REGRESSION, RAW, PLAIN, ONE_PHASE],
    )),
    quick(row(
        "features/random-raw-voter",
        "random, raw, voters",
        "features",
        &[RAW, PLAIN],
    )),
    row(
        "features/random-raw-joint",
        "random, raw, joint",
        "features",
        &[RAW, PLAIN, JOINT],
    ),
    row(
        "features/random-normalized-regression",
        "random, normalized, MSE",
        "features",
        &[REGRESSION, ONE_PHASE],
    ),
    quick(row(
        "features/random-normalized-voter",
        "random, normalized, voters",
        "features",
        &[],
    )),
    row(
        "features/random-normalized-joint",
        "random, normalized, joint",
        "features",
        &[JOINT],
    ),
    quick(row(
        "features/confounded-raw-regression",
        "confounded, raw, MSE",
        "features",
        &[REGRESSION, RAW, PLAIN, ONE_PHASE, CONFOUNDED],
    )),
    row(
        "features/confounded-raw-voter",
        "confounded, raw, voters",
        "features",
        &[RAW, PLAIN, CONFOUNDED],
    ),
    row(
        "features/confounded-raw-joint",
        "confounded, raw, joint",
        "features",
        &[RAW, PLAIN, JOINT, CONFOUNDED],
    ),
    row(
        "features/confounded-normalized-regression",
        "confounded, normalized, MSE",
        "features",
        &[REGRESSION, ONE_PHASE, CONFOUNDED],
    ),
    quick(row(
        "features/confounded-normalized-voter",
        "confounded, normalized, voters",
        "features",
        &[CONFOUNDED],
    )),
    row(
        "features/confounded-normalized-joint",
        "confounded, normalized, joint",
        "features",
        &[JOINT, CONFOUNDED],
    ),
];

/// Other outputs, inputs of voters, and traits; random serving, normalized votes.
pub(super) const VARIANTS: [Row; 10] = [
    quick(row(
        "variants/classification",
        "classification",
        "features",
        &["output='classification'", ONE_PHASE],
    )),
    row(
        "variants/emd",
        "earth mover's distance",
        "features",
        &["output='emd'", ONE_PHASE],
    ),
    row(
        "variants/zscore-off",
        "voters, votes on the scale of all (zscore-off)",
        "features",
        &["votes.scale='zscore-off'"],
    ),
    row("variants/unweighted", "voters, votes count alike", "features", &[PLAIN]),
    row(
        "variants/gap",
        "voters see the embedding",
        "features",
        &["phase_2.input='gap'"],
    ),
    row(
        "variants/both",
        "voters see both",
        "features",
        &["phase_2.input='both'"],
    ),
    row(
        "variants/cross-fit",
        "voters, five folds (ours)",
        "features",
        &["phase_2.cross_fit=5", "schedule.steps=2628"],
    ),
    row(
        "variants/last",
        "voters, last weights, not chosen",
        "features",
        &["phase_1.choose='last'"],
    ),
    row(
        "variants/smart",
        "voters, trait smart",
        "features",
        &["data.trait='smart'"],
    ),
    row(
        "variants/trustworthy",
        "voters, trait trustworthy",
        "features",
        &["data.trait='trustworthy'"],
    ),
];

/// Votes per photo, the raw mean against the whole system.
pub(super) const FEW_VOTES: [Row; 8] = [
    quick(row(
        "votes/1-regression",
        "1",
        "features",
        &[REGRESSION, RAW, PLAIN, ONE_PHASE, "data.generator.votes=1"],
    )),
    row(
        "votes/2-regression",
        "2",
        "features",
        &[REGRESSION, RAW, PLAIN, ONE_PHASE, "data.generator.votes=2"],
    ),
    row(
        "votes/5-regression",
        "5",
        "features",
        &[REGRESSION, RAW, PLAIN, ONE_PHASE, "data.generator.votes=5"],
    ),
    row(
        "votes/10-regression",
        "10",
        "features",
        &[REGRESSION, RAW, PLAIN, ONE_PHASE, "data.generator.votes=10"],
    ),
    quick(row(
        "votes/1-voter",
        "1",
        "features",
        &["data.generator.votes=1", "schedule.steps=488"],
    )),
    row(
        "votes/2-voter",
        "2",
        "features",
        &["data.generator.votes=2", "schedule.steps=608"],
    ),
    row(
        "votes/5-voter",
        "5",
        "features",
        &["data.generator.votes=5", "schedule.steps=968"],
    ),
    row(
        "votes/10-voter",
        "10",
        "features",
        &["data.generator.votes=10", "schedule.steps=1568"],
    ),
];

const ONE_PHASE_OF_PORTRAITS: &str = "schedule.steps=390";

/// Drawn portraits.
pub(super) const PORTRAITS: [Row; 5] = [
    few(row(
        "portraits/3-regression",
        "MSE on raw means, 3 votes",
        "portraits",
        &[REGRESSION, RAW, PLAIN, ONE_PHASE_OF_PORTRAITS],
    )),
    quick(few(row(
        "portraits/3-voter",
        "normalized, voters, 3 votes",
        "portraits",
        &[],
    ))),
    few(row(
        "portraits/1-regression",
        "MSE on raw means, 1 vote",
        "portraits",
        &[REGRESSION, RAW, PLAIN, ONE_PHASE_OF_PORTRAITS, "data.generator.votes=1"],
    )),
    few(row(
        "portraits/1-voter",
        "normalized, voters, 1 vote",
        "portraits",
        &["data.generator.votes=1", "schedule.steps=546"],
    )),
    few(row(
        "portraits/10-voter",
        "normalized, voters, 10 votes",
        "portraits",
        &["data.generator.votes=10", "schedule.steps=1950"],
    )),
];

/// The paper's other axes: sizes of pictures and backbones (the paper's table of hyper-parameters).
pub(super) const STUDY: [Row; 5] = [
    few(row(
        "study/size-8",
        "8×8 pixels",
        "portraits",
        &["data.generator.pooling=4"],
    )),
    few(row(
        "study/size-16",
        "16×16 pixels",
        "portraits",
        &["data.generator.pooling=2"],
    )),
    few(row(
        "study/cnn-2",
        "channels 8, 16",
        "portraits",
        &["backbone={kind='cnn',channels=[8,16]}"],
    )),
    few(row(
        "study/cnn-4",
        "channels 16, 32, 64, 128",
        "portraits",
        &["backbone={kind='cnn',channels=[16,32,64,128]}"],
    )),
    few(row(
        "study/cnn-wide",
        "channels 32, 64, 128",
        "portraits",
        &["backbone={kind='cnn',channels=[32,64,128]}"],
    )),
];

const FEMALE: &str = "data.subjects='female'";
const MALE: &str = "data.subjects='male'";
const TRUSTWORTHY: &str = "data.trait='trustworthy'";

/// Rated faces.
pub(super) const FACES: [Row; 13] = [
    few(row(
        "london/female",
        "London, attractive, women by men",
        "london",
        &[FEMALE],
    )),
    few(row(
        "london/male",
        "London, attractive, men by women",
        "london",
        &[MALE],
    )),
    few(row(
        "3dsk/attractive-female",
        "3DSK, attractive, women by men",
        "3dsk",
        &[FEMALE],
    )),
    few(row(
        "3dsk/attractive-male",
        "3DSK, attractive, men by women",
        "3dsk",
        &[MALE],
    )),
    few(row(
        "3dsk/trustworthy-female",
        "3DSK, trustworthy, women by men",
        "3dsk",
        &[TRUSTWORTHY, FEMALE],
    )),
    few(row(
        "3dsk/trustworthy-male",
        "3DSK, trustworthy, men by women",
        "3dsk",
        &[TRUSTWORTHY, MALE],
    )),
    few(row("mebeauty/all", "MEBeauty, attractive, all by all", "mebeauty", &[])),
    few(row(
        "london/female-cross-fit",
        "London, attractive, women by men, five folds (ours)",
        "london",
        &[FEMALE, "phase_2.cross_fit=5", "schedule.steps=2200"],
    )),
    few(row(
        "london/male-cross-fit",
        "London, attractive, men by women, five folds (ours)",
        "london",
        &[MALE, "phase_2.cross_fit=5", "schedule.steps=2200"],
    )),
    few(row(
        "mebeauty/cross-fit",
        "MEBeauty, attractive, five folds (ours)",
        "mebeauty",
        &["phase_2.cross_fit=5", "schedule.steps=7500"],
    )),
    few(row(
        "omi/attractive",
        "OMI, attractive (distribution alone)",
        "omi",
        &[],
    )),
    few(row(
        "omi/smart",
        "OMI, smart (distribution alone)",
        "omi",
        &["data.trait='smart'"],
    )),
    few(row(
        "omi/trustworthy",
        "OMI, trustworthy (distribution alone)",
        "omi",
        &[TRUSTWORTHY],
    )),
];
