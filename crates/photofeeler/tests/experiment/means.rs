//! Sets of means, without single votes.

use std::{fs, path::Path};

use papers_core::{Experiment as _, Result};
use photofeeler::train::Photofeeler;

use crate::{bad_pictures::pictures, made_up::context};

/// Twelve pictures whose means alone are known.
fn of_means(folder: &Path, table: &str, sets: &[&str]) -> Result<Photofeeler> {
    let images = folder.join("photos").display().to_string();
    let source = format!("data.table={{images='{images}',min=1.0,max=5.0,{table}}}");
    let small = [
        source.as_str(),
        "data.side=16",
        "backbone={kind='cnn',channels=[4]}",
        "phase_1.batch=4",
        "phase_1.steps=4",
        "schedule.steps=4",
    ];
    let config =
        papers_core::base::config::experiment(photofeeler::config::PRESETS, "scut-means", &[&small, sets].concat());
    Photofeeler::new(&config.expect("settings"), &context())
}

#[test]
fn means_alone_teach_distributions_and_scores_and_no_voters() {
    let folder = tempfile::tempdir().expect("a folder");
    pictures(folder.path());
    let rows = (0..12).map(|photo| format!("p{photo:02}.png,{},{}", 1.5 + 0.25 * f64::from(photo), 1 + photo % 3));
    let table = std::iter::once("file,mean_score,cv_test_fold".to_owned())
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n");
    fs::write(folder.path().join("means.csv"), &table).expect("written");
    let votes = format!("votes='{}'", folder.path().join("means.csv").display());
    for output in ["distribution", "regression", "classification", "emd"] {
        let output = format!("output='{output}'");
        let mut run = of_means(folder.path(), &format!("{votes},fold=2"), &[&output]).expect("a set");
        let names: Vec<&str> = run
            .data()
            .split
            .test
            .iter()
            .map(|&photo| run.data().names[photo].as_str())
            .collect();
        assert_eq!(names, ["p01.png", "p04.png", "p07.png", "p10.png"], "the fold");
        run.train().expect("phase 1");
        let findings = run.findings().expect("findings");
        assert!((findings.reference[0] - (1.75 - 1.0) / 4.0).abs() < 1e-12);
        assert_eq!(findings.votes.count, 0, "means are no votes");
        assert!(findings.pearson.is_some() && run.figures().is_ok());
        assert!(findings.humans.points.is_empty());
    }
    for sets in [
        &["output='voter'", "phase_1.steps=2"] as &[&str],
        &["votes.scale='normalized'"],
    ] {
        let Err(error) = of_means(folder.path(), &votes, sets) else {
            panic!("accepted");
        };
        assert!(error.to_string().contains("NoPerVoterRows"), "{error}");
    }
    let refused = |text: &str, more: &str| {
        fs::write(folder.path().join("means.csv"), text).expect("written");
        match of_means(folder.path(), &format!("{votes}{more}"), &[]) {
            Ok(_) => panic!("accepted"),
            Err(error) => error.to_string(),
        }
    };
    assert!(refused(&table, ",fold=7").contains("data.table.fold"));
    assert!(refused(&table.replace("1.5,1", "0.5,1"), "").contains("line 2"));
    assert!(refused(&(table.clone() + "\np03.png,2,1"), "").contains("two rows"));
    assert!(refused("file,voter,mean_score\np01.png,a,2", "").contains("data.set='csv'"));
    assert!(refused("file,score,fold\np01.png,2,x", ",fold=1").contains("line 2"));
}

#[test]
fn hot_or_not_has_a_file_for_each_photo() {
    let folder = tempfile::tempdir().expect("a folder");
    pictures(folder.path());
    let photos = folder.path().join("photos");
    for (photo, gender) in (0..12).zip(["female", "male"].into_iter().cycle()) {
        let name = format!("p{photo:02}");
        fs::create_dir_all(photos.join(gender)).expect("a folder");
        fs::create_dir_all(folder.path().join("ratings").join(gender)).expect("a folder");
        fs::rename(
            photos.join(format!("{name}.png")),
            photos.join(gender).join(format!("{name}.png")),
        )
        .expect("moved");
        let text = format!("{}\n{}\n", 1.0 + 0.3 * f64::from(photo), 40 + photo);
        fs::write(
            folder.path().join("ratings").join(gender).join(format!("{name}.txt")),
            text,
        )
        .expect("written");
    }
    let votes = format!("votes='{}',max=10.0", folder.path().join("ratings").display());
    let load = |sets: &[&str]| {
        let source = format!("data.table={{images='{}',{votes}}}", photos.display());
        let small = [
            source.as_str(),
            "data.side=16",
            "backbone={kind='cnn',channels=[4]}",
            "phase_1.batch=4",
            "phase_1.steps=4",
            "schedule.steps=4",
        ];
        let all = [&small, sets].concat();
        let config = papers_core::base::config::experiment(photofeeler::config::PRESETS, "hot-or-not", &all);
        Photofeeler::new(&config.expect("settings"), &context())
    };
    let mut run = load(&[]).expect("a set");
    assert_eq!((run.data().names.len(), run.data().votes.len()), (12, 12));
    run.train().expect("phase 1");
    assert!(run.evaluate().is_ok());
    let women = load(&["data.subjects='female'"]).expect("a set");
    assert_eq!(women.data().names.len(), 6);
    assert!(women.data().names.iter().all(|name| name.starts_with("female/")));
    for (text, named) in [
        ("eleven\n3\n", "line 1"),
        ("11\n3\n", "line 1"),
        ("5\nmany\n", "line 2"),
        ("5\n", "line 2"),
    ] {
        fs::write(folder.path().join("ratings/male/p01.txt"), text).expect("written");
        let Err(error) = load(&[]) else {
            panic!("accepted");
        };
        assert!(
            error.to_string().contains(named) && error.to_string().contains("p01.txt"),
            "{error}"
        );
    }
}
