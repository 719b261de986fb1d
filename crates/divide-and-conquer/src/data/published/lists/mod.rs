//! The lists of the published data sets, and how many pictures the papers count in them.

mod annotations;
mod text;

use std::{collections::HashMap, path::Path};

use papers_core::{Error, Result};

use super::{Group, Groups, same_classes};
use text::{fields, lines};

/// CUB-200-2011: the first 100 classes, and the others. `images.txt` and `image_class_labels.txt` number the pictures.
pub(super) fn cub(root: &Path) -> Result<Groups> {
    let classes: HashMap<String, usize> = fields::<2>(root, "image_class_labels.txt", 0)?
        .into_iter()
        .map(|[picture, class]| number(root, "image_class_labels.txt", &class).map(|class| (picture, class)))
        .collect::<Result<_>>()?;
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for [picture, file] in fields::<2>(root, "images.txt", 0)? {
        let class = *classes.get(&picture).ok_or_else(|| {
            damaged(
                root,
                "image_class_labels.txt",
                format!("picture {picture} has no class"),
            )
        })?;
        let part = if class <= 100 { &mut train } else { &mut test };
        part.push((format!("images/{file}"), class.to_string()));
    }
    Ok(halves(train, [5864, 100], test, [5924, 100]))
}

/// CARS196: the first 98 classes, and the others. `cars_annos.mat` has a record for each picture.
pub(super) fn cars(root: &Path) -> Result<Groups> {
    const FILE: &str = "cars_annos.mat";
    let records = annotations::read(&root.join(FILE)).map_err(|problem| damaged(root, FILE, problem))?;
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for (file, class) in records {
        let part = if class <= 98 { &mut train } else { &mut test };
        part.push((file, class.to_string()));
    }
    Ok(halves(train, [8054, 98], test, [8131, 98]))
}

/// Stanford Online Products: `Ebay_train.txt` and `Ebay_test.txt` with columns for picture, class, group and path.
pub(super) fn products(root: &Path) -> Result<Groups> {
    let part = |file: &'static str| -> Result<Vec<(String, String)>> {
        let lines = fields::<4>(root, file, 1)?;
        Ok(lines.into_iter().map(|[_, class, _, path]| (path, class)).collect())
    };
    Ok(halves(
        part("Ebay_train.txt")?,
        [59_551, 11_318],
        part("Ebay_test.txt")?,
        [60_502, 11_316],
    ))
}

/// In-shop Clothes Retrieval: `list_eval_partition.txt` says what is trained on, asked for and looked through.
pub(super) fn in_shop(root: &Path) -> Result<Groups> {
    const FILES: [&str; 2] = ["Eval/list_eval_partition.txt", "list_eval_partition.txt"];
    let file = if root.join(FILES[0]).is_file() {
        FILES[0]
    } else {
        FILES[1]
    };
    let all = lines(root, file)?;
    let counted = all.first().and_then(|line| line.trim().parse::<usize>().ok());
    let rows = fields::<3>(root, file, 2)?;
    if counted != Some(rows.len()) {
        let first = all.first().map_or("", String::as_str);
        let problem = format!("the first line says `{first}`, and {} pictures follow", rows.len());
        return Err(damaged(root, file, problem));
    }
    let (mut train, mut query, mut gallery) = (Vec::new(), Vec::new(), Vec::new());
    for [path, class, status] in rows {
        let part = match status.as_str() {
            "train" => &mut train,
            "query" => &mut query,
            "gallery" => &mut gallery,
            other => return Err(damaged(root, file, format!("`{path}` has the status `{other}`"))),
        };
        // The pictures may lie beside the list or in the folder that their archive makes.
        let is_beside = root.join(&path).is_file() || !root.join("Img").join(&path).is_file();
        part.push((if is_beside { path } else { format!("Img/{path}") }, class));
    }
    let query = group("query", query, [14_218, 3985]);
    let gallery = group("gallery", gallery, [12_612, 3985]);
    same_classes(root, &query, &gallery)?;
    Ok(Groups {
        train: group("training", train, [25_882, 3997]),
        tests: vec![(String::new(), query, Some(gallery))],
    })
}

/// PKU VehicleID: `train_test_split` has a list to train on and three to test on, each its own gallery as in the released
/// program.
pub(super) fn vehicles(root: &Path) -> Result<Groups> {
    let list = |file: &str| -> Result<Vec<(String, String)>> {
        let lines = fields::<2>(root, &format!("train_test_split/{file}"), 0)?;
        let picture = |[picture, vehicle]: [String; 2]| (format!("image/{picture}.jpg"), vehicle);
        Ok(lines.into_iter().map(picture).collect())
    };
    let test = |name: &str, vehicles: usize| -> Result<(String, Group, Option<Group>)> {
        let pictures = list(&format!("test_list_{vehicles}.txt"))?;
        // The paper counts vehicles only.
        let expected = [pictures.len(), vehicles];
        Ok((name.to_owned(), group("test", pictures, expected), None))
    };
    let train = list("train_list.txt")?;
    let expected = [train.len(), 13_164];
    Ok(Groups {
        train: group("training", train, expected),
        tests: vec![test("small", 800)?, test("medium", 1600)?, test("large", 2400)?],
    })
}

fn group(name: &'static str, pictures: Vec<(String, String)>, expected: [usize; 2]) -> Group {
    Group {
        name,
        pictures,
        expected: Some(expected),
    }
}

fn halves(
    train: Vec<(String, String)>,
    of_train: [usize; 2],
    test: Vec<(String, String)>,
    of_test: [usize; 2],
) -> Groups {
    Groups {
        train: group("training", train, of_train),
        tests: vec![(String::new(), group("test", test, of_test), None)],
    }
}

fn number(root: &Path, file: &str, text: &str) -> Result<usize> {
    text.parse()
        .map_err(|_| damaged(root, file, format!("`{text}` is no number of a class")))
}

fn damaged(root: &Path, file: &str, problem: impl std::fmt::Display) -> Error {
    Error::Usage(format!("{}: {problem}", root.join(file).display()))
}
