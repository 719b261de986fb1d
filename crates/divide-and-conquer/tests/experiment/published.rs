//! The published data sets in miniature: their lists are read, counted, and their pictures found.

use std::{fs, path::Path};

use divide_and_conquer::{
    config::{MetricConfig, PRESETS},
    data::Pictures,
    train::MetricLearning,
};
use image::RgbImage;
use papers_core::{Context, Experiment as _, base::config, testing};

fn picture(root: &Path, name: &str, color: u8) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    RgbImage::from_pixel(12, 10, [color, 100, 50].into())
        .save(path)
        .expect("a picture");
}

/// The paper's experiment on a folder, small enough for a test.
fn experiment(name: &str, root: &Path, sets: &[&str]) -> MetricConfig {
    let root = format!("data.files.root={:?}", root.display().to_string());
    let small = [
        root.as_str(),
        "data.files.check_counts=false",
        "data.files.side=8",
        "data.files.resize=10",
        "model.kind='conv-net'",
        "model.conv_net.filters=2",
        "divide.learners=2",
        "batch.classes=2",
        "batch.images=2",
    ];
    config::experiment(PRESETS, name, &[&small, sets].concat()).expect("settings that exist")
}

fn load(config: &MetricConfig) -> Result<Pictures, papers_core::Error> {
    Pictures::load(&config.data, &Context::new(testing::device(), 0))
}

fn counts(pictures: &Pictures) -> (usize, usize, Vec<(usize, usize)>) {
    let of = |examples: &divide_and_conquer::data::Examples| (examples.len(), examples.class_names().len());
    let (pictures_of_train, classes) = of(&pictures.train);
    (
        pictures_of_train,
        classes,
        pictures.tests.iter().map(|test| of(&test.queries)).collect(),
    )
}

fn products(root: &Path) {
    let header = "image_id class_id super_class_id path";
    for (file, first) in [("Ebay_train.txt", 1), ("Ebay_test.txt", 10)] {
        let mut text = format!("{header}\n");
        for number in 0..6 {
            let (class, path) = (first + number / 2, format!("chair_final/{first}_{number}.jpg"));
            text += &format!("{number} {class} 3 {path}\n");
            picture(root, &path, number as u8 * 40);
        }
        fs::write(root.join(file), text).expect("a list");
    }
}

#[test]
fn stanford_online_products() {
    let folder = tempfile::tempdir().expect("a folder");
    products(folder.path());
    let config = experiment("sop", folder.path(), &[]);
    assert_eq!(counts(&load(&config).expect("a set")), (6, 3, vec![(6, 3)]));
    let strict = experiment("sop", folder.path(), &["data.files.check_counts=true"]);
    let error = load(&strict).expect_err("far too few").to_string();
    assert!(
        error.contains("6 of 3 classes") && error.contains("59551 of 11318"),
        "{error}"
    );
    // A class in both parts says nothing about new ones.
    let list = folder.path().join("Ebay_test.txt");
    let text = fs::read_to_string(&list).expect("a list").replace(" 10 3 ", " 1 3 ");
    fs::write(&list, text).expect("a list");
    let error = load(&config).expect_err("class 1 is learned").to_string();
    assert!(error.contains("class `1` is in training and in test"), "{error}");
    assert!(load(&experiment("sop", folder.path(), &["data.allow_overlap=true"])).is_ok());
}

#[test]
fn pictures_that_cannot_be_read_are_named_or_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    products(folder.path());
    fs::write(folder.path().join("chair_final/1_0.jpg"), "no picture").expect("a file");
    fs::remove_file(folder.path().join("chair_final/1_3.jpg")).expect("a file");
    let error = load(&experiment("sop", folder.path(), &[]))
        .expect_err("bad pictures")
        .to_string();
    assert!(error.contains("2 of 6 training pictures cannot be read"), "{error}");
    assert!(
        error.contains("1_0.jpg") && error.contains("1_3.jpg") && error.contains("skip_bad"),
        "{error}"
    );
    let pictures = load(&experiment("sop", folder.path(), &["data.files.skip_bad=true"])).expect("four are left");
    assert_eq!(pictures.train.len(), 4);
    assert_eq!(pictures.train.lone_classes(), 2);
}

#[test]
fn birds_and_their_two_lists() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut images, mut classes) = (String::new(), String::new());
    for (number, class) in [1, 1, 100, 100, 101, 101, 200].into_iter().enumerate() {
        let file = format!("{class:03}.Bird/{number}.jpg");
        picture(folder.path(), &format!("images/{file}"), number as u8 * 30);
        images += &format!("{} {file}\n", number + 1);
        classes += &format!("{} {class}\n", number + 1);
    }
    fs::write(folder.path().join("images.txt"), images).expect("a list");
    fs::write(folder.path().join("image_class_labels.txt"), classes).expect("a list");
    let pictures = load(&experiment("cub-200-2011", folder.path(), &[])).expect("a set");
    assert_eq!(counts(&pictures), (4, 2, vec![(3, 2)]));
    fs::write(folder.path().join("image_class_labels.txt"), "1 1\n2 x\n").expect("a list");
    let error = load(&experiment("cub-200-2011", folder.path(), &[]))
        .expect_err("no number")
        .to_string();
    assert!(error.contains("`x` is no number of a class"), "{error}");
}

/// `cars_annos.mat` was written by SciPy (`scipy.io.savemat`, compressed), with other fields and another variable as the
/// published file has them.
#[test]
fn cars_and_their_annotations() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cars_annos.mat");
    fs::copy(list, folder.path().join("cars_annos.mat")).expect("a list");
    (1..=4_u8).for_each(|number| picture(folder.path(), &format!("car_ims/{number:06}.jpg"), number * 50));
    let pictures = load(&experiment("cars196", folder.path(), &[])).expect("a set");
    assert_eq!(counts(&pictures), (2, 2, vec![(2, 2)]));
    assert_eq!(pictures.train.class_names(), ["1", "98"]);
    assert_eq!(pictures.tests[0].queries.class_names(), ["99", "196"]);
    let strict = experiment("cars196", folder.path(), &["data.files.check_counts=true"]);
    let error = load(&strict).expect_err("far too few").to_string();
    assert!(error.contains("8054 of 98"), "{error}");
    fs::write(folder.path().join("cars_annos.mat"), "no annotations").expect("a file");
    let error = load(&experiment("cars196", folder.path(), &[])).expect_err("no list");
    assert!(error.to_string().contains("cars_annos.mat"), "{error}");
}

fn in_shop(root: &Path, rows: &[(&str, &str)]) {
    let mut text = format!("{}\nimage_name item_id evaluation_status\n", rows.len());
    for (number, (item, status)) in rows.iter().enumerate() {
        let path = format!("img/{item}/{number}.jpg");
        picture(&root.join("Img"), &path, number as u8 * 20);
        text += &format!("{path}  {item}  {status}\n");
    }
    fs::create_dir_all(root.join("Eval")).expect("a folder");
    fs::write(root.join("Eval/list_eval_partition.txt"), text).expect("a list");
}

#[test]
fn clothes_are_looked_for_in_a_gallery() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = [
        ("id_1", "train"),
        ("id_1", "train"),
        ("id_2", "train"),
        ("id_2", "train"),
        ("id_7", "query"),
        ("id_8", "query"),
        ("id_7", "gallery"),
        ("id_8", "gallery"),
        ("id_8", "gallery"),
    ];
    in_shop(folder.path(), &rows);
    let config = experiment("in-shop", folder.path(), &[]);
    let pictures = load(&config).expect("a set");
    assert_eq!(counts(&pictures), (4, 2, vec![(2, 2)]));
    let gallery = pictures.tests[0].gallery.as_ref().expect("a gallery");
    assert_eq!(gallery.labels(), [0, 1, 1]);
    let run = MetricLearning::new(&config, &Context::new(testing::device(), 0)).expect("a run");
    let scalars = run.evaluate().expect("numbers");
    // More neighbors than the gallery has: everything is found.
    assert!(
        scalars
            .iter()
            .any(|(name, value)| name == "recall_at_10" && *value == 1.0),
        "{scalars:?}"
    );

    // Two queries of two classes would always agree with two clusters. With the gallery, whose colors are between theirs, they do not.
    let nmi = scalars.iter().find(|(name, _)| name == "nmi").expect("clusters").1;
    assert!((0.0..0.999).contains(&nmi), "{nmi}");

    // The only query of a class cannot be read: the class is left out of the gallery, too, and others keep their numbers.
    fs::write(folder.path().join("Img/img/id_7/4.jpg"), "no picture").expect("a file");
    let pictures = load(&experiment("in-shop", folder.path(), &["data.files.skip_bad=true"])).expect("a set");
    let test = &pictures.tests[0];
    let gallery = test.gallery.as_ref().expect("a gallery");
    assert_eq!(
        (test.queries.class_names(), gallery.class_names()),
        (&["id_8".to_owned()][..], &["id_8".to_owned()][..])
    );
    assert_eq!((test.queries.labels(), gallery.labels()), (&[0][..], &[0, 0][..]));

    in_shop(folder.path(), &rows[..7]);
    let error = load(&config).expect_err("id_8 is not in the gallery").to_string();
    assert!(error.contains("id_8"), "{error}");
    let list = folder.path().join("Eval/list_eval_partition.txt");
    let text = fs::read_to_string(&list).expect("a list");
    fs::write(&list, text.replacen('7', "9", 1)).expect("a list");
    let error = load(&config).expect_err("the first line counts").to_string();
    assert!(error.contains("first line says `9`"), "{error}");
}

#[test]
fn vehicles_have_three_tests() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("train_test_split")).expect("a folder");
    let mut number = 0;
    for (file, vehicles) in [
        ("train_list", [1, 1, 2, 2].as_slice()),
        ("test_list_800", &[10, 10, 11]),
        ("test_list_1600", &[10, 10, 11, 12]),
        ("test_list_2400", &[10, 10, 11, 12, 12]),
    ] {
        let mut text = String::new();
        for vehicle in vehicles {
            number += 1;
            picture(folder.path(), &format!("image/{number:07}.jpg"), number * 10);
            text += &format!("{number:07} {vehicle}\n");
        }
        fs::write(folder.path().join(format!("train_test_split/{file}.txt")), text).expect("a list");
    }
    let config = experiment("vehicle-id", folder.path(), &[]);
    let pictures = load(&config).expect("a set");
    assert_eq!(counts(&pictures), (4, 2, vec![(3, 2), (4, 3), (5, 3)]));
    let run = MetricLearning::new(&config, &Context::new(testing::device(), 0)).expect("a run");
    let scalars = run.evaluate().expect("numbers");
    for name in ["small_recall_at_1", "medium_recall_at_5", "large_map_at_r"] {
        assert!(scalars.iter().any(|(known, _)| known == name), "{scalars:?}");
    }
}

#[test]
fn a_folder_of_ones_own_is_split_by_class_and_learned_from() {
    let folder = tempfile::tempdir().expect("a folder");
    for class in 0..6 {
        (0..4).for_each(|number| {
            picture(
                folder.path(),
                &format!("class {class}/{number}.png"),
                class * 40 + number,
            );
        });
    }
    let config = experiment(
        "folder",
        folder.path(),
        &["training.epoch_steps=2", "divide.warm_up=1", "data.files.flip=true"],
    );
    let pictures = load(&config).expect("a set");
    assert_eq!(counts(&pictures), (12, 3, vec![(12, 3)]));
    testing::assert_resumes_exactly::<MetricLearning>(&config, &Context::new(testing::device(), 0), 3)
        .expect("updates");
    let crop = experiment("folder", folder.path(), &["data.files.crop='random'"]);
    let mut run = MetricLearning::new(&crop, &Context::new(testing::device(), 0)).expect("a run");
    run.step(0).expect("an update");
    let greedy = experiment("folder", folder.path(), &["data.files.test_share=0.9"]);
    assert!(
        load(&greedy)
            .expect_err("too few classes")
            .to_string()
            .contains("test_share")
    );
}
