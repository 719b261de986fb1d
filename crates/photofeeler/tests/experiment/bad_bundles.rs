//! Bundles whose digest is right and whose models are not.

use std::path::Path;

use papers_core::{
    Context,
    base::{progress::Mode, provenance::Provenance},
    testing, training,
};
use photofeeler::{
    bundle::Bundle,
    model::{BackboneConfig, VoterInput},
    rater::{About, Rater},
    train::Photofeeler,
};
use serde_json::Value;

use crate::common::{features, portraits};

fn rater(config: &photofeeler::config::PhotofeelerConfig) -> Rater {
    let folder = tempfile::tempdir().expect("a folder");
    let options = training::Options {
        out: folder.path().to_owned(),
        resume: false,
        overwrite: false,
        mode: Mode::Quiet,
        provenance: Provenance::collect("photofeeler", "0", "test", 6, "flex"),
    };
    training::run::<Photofeeler>(config, &Context::new(testing::device(), 6), &options).expect("a run");
    Rater::of_run(folder.path(), &testing::device()).expect("a model")
}

fn load(path: &Path) -> Result<Bundle, String> {
    Bundle::load(path, &testing::device()).map_err(|error| error.to_string())
}

type Change = fn(&mut About);

#[test]
fn models_that_do_not_fit_together_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("one.bundle");
    let good = rater(&features(&[]));
    let written = |change: Change| {
        let mut bad = good.clone();
        change(&mut bad.about);
        Bundle::new(vec![bad]).expect("one").save(&path).expect("saved");
        load(&path)
    };
    written(|_| ()).expect("as it was");
    let changes: [(&str, Change); 11] = [
        ("phase_2.hidden", |about| about.config.phase_2.hidden.clear()),
        ("phase_2.embedding", |about| about.config.phase_2.embedding = 0),
        ("evaluation.voters", |about| about.config.evaluation.voters = 0),
        ("tables of 19", |about| about.tables.voters.truncate(19)),
        ("21 voters and tables of 20", |about| {
            about.voters.push("one more".to_owned());
        }),
        ("does not have", |about| about.seen.push(500)),
        ("one twice", |about| about.seen.push(about.seen[0])),
        ("no voter", |about| about.seen.clear()),
        ("sees 0 numbers", |about| about.inputs = 0),
        ("weights `voters`", |about| about.config.phase_2.embedding -= 1),
        ("are fewer", |about| {
            about.config.phase_2.hidden = vec![1 << 40, 1 << 40];
        }),
    ];
    for (named, change) in changes {
        let error = written(change).expect_err(named);
        assert!(error.contains("model 1") && error.contains(named), "{named}: {error}");
    }
    let larger: [Change; 3] = [
        |about| about.config.backbone = BackboneConfig::Mlp { hidden: vec![1 << 50] },
        |about| about.config.phase_2.input = VoterInput::Both,
        |about| about.inputs += 1,
    ];
    for change in larger {
        let error = written(change).expect_err("other sizes");
        assert!(error.contains("model 1") && error.contains("weights"), "{error}");
    }
    let mut gray = rater(&portraits(&[]));
    gray.about.inputs = 3;
    Bundle::new(vec![gray]).expect("one").save(&path).expect("saved");
    let error = load(&path).expect_err("portraits have one channel");
    assert!(error.contains("sees 3 numbers"), "{error}");
}

/// A bundle with another table and what follows it, and its digest.
fn rewritten(bytes: &[u8], change: impl Fn(&mut Value, &mut Vec<u8>)) -> Vec<u8> {
    let start = b"photofeeler bundle 1\n".len();
    let length = u64::from_le_bytes(bytes[start..start + 8].try_into().expect("eight")) as usize;
    let mut table: Value = serde_json::from_slice(&bytes[start + 8..start + 8 + length]).expect("a table");
    let mut weights = bytes[start + 8 + length..bytes.len() - blake3::OUT_LEN].to_vec();
    change(&mut table, &mut weights);
    let table = table.to_string().into_bytes();
    let mut all = bytes[..start].to_vec();
    all.extend((table.len() as u64).to_le_bytes());
    all.extend(table);
    all.extend(weights);
    let digest = blake3::hash(&all);
    all.extend(digest.as_bytes());
    all
}

#[test]
fn tables_that_do_not_fit_their_weights_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("one.bundle");
    Bundle::new(vec![rater(&features(&[]))])
        .expect("one")
        .save(&path)
        .expect("saved");
    let bytes = std::fs::read(&path).expect("there");
    let written = |change: &dyn Fn(&mut Value, &mut Vec<u8>)| {
        std::fs::write(&path, rewritten(&bytes, change)).expect("written");
        load(&path)
    };
    written(&|_, _| ()).expect("as it was");
    let refused = |named: &str, change: &dyn Fn(&mut Value, &mut Vec<u8>)| {
        let error = written(change).expect_err(named);
        assert!(
            error.contains("one.bundle") && error.contains(named),
            "{named}: {error}"
        );
    };
    refused("belong to no model", &|_, weights| weights.push(0));
    refused("cut short", &|_, weights| weights.truncate(weights.len() - 1));
    refused("cut short", &|table, _| table[0]["records"][1] = u64::MAX.into());
    refused("are fewer", &|table, _| {
        table[0]["records"] = serde_json::json!([10, 10]);
    });
    refused("needs a model", &|table, weights| {
        *table = serde_json::json!([]);
        weights.clear();
    });
    refused("missing field", &|table, _| {
        drop(table[0]["about"].as_object_mut().expect("about").remove("seed"));
    });
    refused("unknown", &|table, _| {
        table[0]["about"]["config"]["output"] = "certainty".into();
    });
    // Bytes that are no record.
    refused("model 1", &|_, weights| weights.fill(0));
}
