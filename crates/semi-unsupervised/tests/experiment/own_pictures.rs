//! Pictures of one's own, in folders and with a table of a few labels.

use std::{fs, path::Path};

use papers_core::base::{
    catalogue::Split,
    images::{self, Tile},
};
use semi_unsupervised::{
    config::{DataConfig, FolderConfig, Regime},
    model::Likelihood,
};

use crate::{bad_data::refused, data::load};

/// The first embedded digits of five classes as PNG files: every second of the classes 2, 3 and 4 without a label.
fn write(folder: &Path) {
    let set = images::digits(Split::Train).expect("embedded");
    let mut counts = [0; 5];
    for index in 0..set.len() {
        let class = usize::from(set.labels[index]);
        if class >= 5 || counts[class] == 12 {
            continue;
        }
        let labeled = class < 2 || counts[class] % 2 == 0;
        let place = folder.join(if labeled {
            format!("kind {class}")
        } else {
            "unlabeled".to_owned()
        });
        fs::create_dir_all(&place).expect("a folder");
        let tile = Tile {
            pixels: set.image(index).to_vec(),
            ..Tile::default()
        };
        let png = images::sheet(&set, &[tile], 1).expect("a picture");
        fs::write(place.join(format!("{index}.png")), png).expect("a file");
        counts[class] += 1;
    }
}

fn config(folder: &Path) -> DataConfig {
    DataConfig {
        hidden_names: vec!["kind 4".to_owned()],
        folder: Some(FolderConfig {
            path: folder.to_owned(),
            labels: None,
            side: 8,
            channels: 1,
            held_out: 14,
        }),
        ..DataConfig::new("folder", Regime::SemiUnsupervised)
    }
}

#[test]
fn sub_folders_are_classes() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path());
    let data = load(&config(folder.path()));
    assert_eq!(data.class_names, ["kind 0", "kind 1", "kind 2", "kind 3", "kind 4"]);
    // Of 12, 12, 6, 6 and 6 labeled pictures a third is tested on.
    assert_eq!(data.test.class_counts(5).expect("classes"), [4, 4, 2, 2, 2]);
    assert_eq!(data.labels_per_class(), [8, 8, 4, 4, 0]);
    // Three times six without a label, and four of the hidden class.
    assert_eq!((data.counts().unlabeled, data.hidden.as_slice()), (22, &[4][..]));
    assert_eq!(
        (data.picture, data.likelihood, data.binarize),
        (Some([8, 8, 1]), Likelihood::Bernoulli, true)
    );
    assert!(data.train.values.iter().all(|value| (0.0..1.0).contains(value)));
    assert_eq!(data.restored(data.test.row(0)).len(), 64);
}

#[test]
fn a_table_says_which_pictures_have_labels() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path());
    let mut table = "file,label\n".to_owned();
    for class in ["kind 0", "kind 1", "kind 2"] {
        for file in fs::read_dir(folder.path().join(class)).expect("a folder") {
            let name = file.expect("a file").file_name().into_string().expect("a name");
            table += &format!("{class}/{name},{}\n", class.to_uppercase());
        }
    }
    let labels = folder.path().join("labels.csv");
    fs::write(&labels, table).expect("a file");
    let mut config = config(folder.path());
    config.hidden_names = vec!["KIND 2".to_owned()];
    let own = config.folder.as_mut().expect("a folder");
    (own.labels, own.held_out) = (Some(labels), 10);
    let data = load(&config);
    assert_eq!((data.class_names.len(), data.hidden.as_slice()), (3, &[2][..]));
    assert_eq!(data.test.len() + data.train.len(), 60);
}

#[test]
fn folders_that_cannot_be_used_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path());
    let mut many = config(folder.path());
    many.folder.as_mut().expect("a folder").held_out = 50;
    refused(&many, &["`data.folder.held_out`", "42 of them with a class"]);
    let other = DataConfig {
        hidden_names: vec!["kind4".to_owned()],
        ..config(folder.path())
    };
    refused(&other, &["did you mean `kind 4`?"]);
    for class in 0..5 {
        fs::remove_dir_all(folder.path().join(format!("kind {class}"))).expect("a folder");
    }
    refused(
        &config(folder.path()),
        &["no picture of", "has a label", "data.folder.labels"],
    );
}
