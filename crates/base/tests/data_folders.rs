//! Finding, importing and reading data sets in folders.

use std::{fs, path::Path};

use papers_base::{
    catalogue::{
        CatalogueError, Dataset, DatasetFile, DatasetFolder, Digest, Encoding, FileState, ImageFormat, Origin, Root,
        Search, Split, SplitFiles, import,
    },
    images::{ImageSet, ImagesError},
};

/// Two images of 1x2 pixels.
const IMAGES: &[u8] = &[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40];
const LABELS: &[u8] = &[0, 0, 8, 1, 0, 0, 0, 2, 1, 0];

fn file(name: &str, content: &[u8]) -> DatasetFile {
    DatasetFile {
        name: name.to_owned(),
        urls: Vec::new(),
        bytes: Some(content.len() as u64),
        sha256: Some(Digest::sha256(content)),
        md5: None,
        optional: false,
    }
}

fn toy() -> Dataset {
    Dataset {
        name: "toy".to_owned(),
        title: "Toy".to_owned(),
        summary: String::new(),
        license: "none".to_owned(),
        citation: "nobody".to_owned(),
        homepage: "http://example.org".to_owned(),
        also_in: Vec::new(),
        embedded: false,
        images: Some(ImageFormat {
            height: 1,
            width: 2,
            channels: 1,
            maximum: 255,
            classes: vec!["a".to_owned(), "b".to_owned()],
            encoding: Encoding::Idx,
        }),
        files: vec![file("images", IMAGES), file("labels", LABELS)],
        splits: [(
            Split::Test,
            SplitFiles {
                items: 2,
                images: "images".to_owned(),
                labels: Some("labels".to_owned()),
                members: Vec::new(),
            },
        )]
        .into(),
    }
}

fn write(folder: &Path, files: &[(&str, &[u8])]) {
    fs::create_dir_all(folder).unwrap();
    for (name, content) in files {
        fs::write(folder.join(name), content).unwrap();
    }
}

fn root(origin: Origin, folder: &Path) -> Root {
    Root {
        origin,
        path: folder.to_owned(),
    }
}

#[test]
fn the_first_complete_folder_wins() {
    let temporary = tempfile::tempdir().unwrap();
    let [first, second, third] = ["first", "second", "third"].map(|name| temporary.path().join(name));
    write(&second.join("toy"), &[("images", IMAGES)]);
    write(&third.join("toy"), &[("images", IMAGES), ("labels", LABELS)]);
    let roots = [
        root(Origin::CommandLine, &first),
        root(Origin::Environment, &second),
        root(Origin::Cache, &third),
    ];
    let found = Search::of(roots.clone()).find(&toy()).unwrap();
    assert_eq!(found.path(), third.join("toy"));
    assert_eq!(found.origin(), Origin::Cache);

    let error = Search::of(roots[..2].to_vec()).find(&toy()).unwrap_err().to_string();
    assert!(error.contains("lacks labels"), "{error}");
    assert!(error.contains("data import toy"), "{error}");
}

#[test]
fn a_folder_of_the_command_line_has_to_exist() {
    let error = Search::new(Some(Path::new("/no/such/folder"))).unwrap_err();
    assert!(matches!(error, CatalogueError::FolderMissing { .. }), "{error}");
}

#[test]
fn images_are_read_with_their_labels() {
    let temporary = tempfile::tempdir().unwrap();
    write(temporary.path(), &[("images", IMAGES), ("labels", LABELS)]);
    let folder = DatasetFolder::new(&toy(), temporary.path(), Origin::CommandLine);
    let set = ImageSet::read(&folder, Split::Test).unwrap();
    assert_eq!(set.name, "toy/test");
    assert_eq!(set.image(1), [30, 40]);
    assert_eq!(set.labels, [1, 0]);
    assert_eq!(set.class_counts(), [1, 1]);
    assert_eq!(set.subset("swapped", &[1, 0]).images, [30, 40, 10, 20]);
}

#[test]
fn a_file_with_another_digest_is_never_used() {
    let temporary = tempfile::tempdir().unwrap();
    let mut other = IMAGES.to_vec();
    other[19] ^= 1;
    write(temporary.path(), &[("images", &other), ("labels", LABELS)]);
    let folder = DatasetFolder::new(&toy(), temporary.path(), Origin::CommandLine);
    let error = ImageSet::read(&folder, Split::Test).unwrap_err();
    assert!(
        matches!(error, ImagesError::Catalogue(CatalogueError::WrongDigest { .. })),
        "{error}"
    );
    let states: Vec<_> = folder.verify().unwrap().into_iter().map(|(_, state)| state).collect();
    assert!(matches!(
        states[..],
        [FileState::WrongDigest { .. }, FileState::Good { .. }]
    ));
}

#[test]
fn a_label_that_is_no_class_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let mut labels = LABELS.to_vec();
    labels[9] = 2;
    write(temporary.path(), &[("images", IMAGES), ("labels", &labels)]);
    let mut dataset = toy();
    dataset.files[1] = file("labels", &labels);
    let folder = DatasetFolder::new(&dataset, temporary.path(), Origin::CommandLine);
    let error = ImageSet::read(&folder, Split::Test).unwrap_err();
    assert!(error.to_string().contains("label 2"), "{error}");
}

#[test]
fn an_import_copies_what_is_right() {
    let temporary = tempfile::tempdir().unwrap();
    let (from, cache) = (temporary.path().join("from"), temporary.path().join("cache"));
    write(&from.join("toy"), &[("images", IMAGES), ("labels", LABELS)]);
    let folder = import(&toy(), &from, &cache, &mut |_| {}).unwrap();
    assert_eq!(fs::read(cache.join("toy/images")).unwrap(), IMAGES);
    assert!(
        folder
            .verify()
            .unwrap()
            .iter()
            .all(|(_, state)| matches!(state, FileState::Good { .. }))
    );
    assert!(!cache.join("toy/imported.json").exists());
}

#[test]
fn an_import_of_a_wrong_file_leaves_the_cache_as_it_was() {
    let temporary = tempfile::tempdir().unwrap();
    let (from, cache) = (temporary.path().join("from"), temporary.path().join("cache"));
    write(&from, &[("images", &[7; 20]), ("labels", LABELS)]);
    let error = import(&toy(), &from, &cache, &mut |_| {}).unwrap_err();
    assert!(matches!(error, CatalogueError::WrongDigest { .. }), "{error}");
    assert!(!cache.join("toy/images").exists());
    write(&from, &[("images", &[7; 21])]);
    let error = import(&toy(), &from, &cache, &mut |_| {}).unwrap_err();
    assert!(matches!(error, CatalogueError::WrongSize { .. }), "{error}");
}

#[test]
fn an_import_names_all_missing_files() {
    let temporary = tempfile::tempdir().unwrap();
    let error = import(&toy(), temporary.path(), temporary.path(), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("lacks images, labels"), "{error}");
}

#[test]
fn an_import_takes_optional_files_only_if_they_are_there() {
    let temporary = tempfile::tempdir().unwrap();
    let (from, cache) = (temporary.path().join("from"), temporary.path().join("cache"));
    write(&from, &[("labels", LABELS)]);
    let mut dataset = toy();
    dataset.files[0].optional = true;
    let folder = import(&dataset, &from, &cache, &mut |_| {}).unwrap();
    assert!(folder.lacking().is_empty() && !cache.join("toy/images").exists());
    assert!(matches!(
        folder.open("images"),
        Err(CatalogueError::OptionalMissing { .. })
    ));
    write(&from, &[("images", IMAGES)]);
    import(&dataset, &from, &cache, &mut |_| {}).unwrap();
    assert_eq!(fs::read(cache.join("toy/images")).unwrap(), IMAGES);
}

#[test]
fn only_the_right_file_is_opened() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = DatasetFolder::new(&toy(), temporary.path(), Origin::CommandLine);
    let kind = |content: &[u8]| {
        write(temporary.path(), &[("labels", content)]);
        folder.open("labels").map(drop)
    };
    assert!(kind(LABELS).is_ok());
    assert!(matches!(kind(&LABELS[1..]), Err(CatalogueError::WrongSize { .. })));
    assert!(matches!(kind(&[7; 10]), Err(CatalogueError::WrongDigest { .. })));
    assert!(matches!(folder.open("images"), Err(CatalogueError::Io { .. })));
}

#[test]
fn without_a_published_digest_the_import_records_one() {
    let temporary = tempfile::tempdir().unwrap();
    let (from, cache) = (temporary.path().join("from"), temporary.path().join("cache"));
    write(&from, &[("images", IMAGES), ("labels", LABELS)]);
    let mut dataset = toy();
    for file in &mut dataset.files {
        file.sha256 = None;
    }

    // Outside the cache nothing says what the file has to be.
    let outside = DatasetFolder::new(&dataset, &from, Origin::Environment);
    assert!(matches!(outside.read("images"), Err(CatalogueError::Unrecorded { .. })));

    let folder = import(&dataset, &from, &cache, &mut |_| {}).unwrap();
    assert_eq!(folder.read("images").unwrap(), IMAGES);
    assert_eq!(
        folder.digests().unwrap()[0],
        ("images".to_owned(), Digest::sha256(IMAGES))
    );
    let mut other = IMAGES.to_vec();
    other[19] ^= 1;
    fs::write(cache.join("toy/images"), other).unwrap();
    assert!(matches!(folder.read("images"), Err(CatalogueError::WrongDigest { .. })));
}
