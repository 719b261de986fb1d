//! The parsers of the project, each as a function of bytes.

use std::{fs, path::Path};

use anyhow::Context as _;
use image::ImageFormat;
use papers_base::{
    catalogue::{Dataset, DatasetFolder, Digest, Origin, Split},
    config::{self, About, ConfigError, RunConfig, Schedule},
    gzip,
    idx::Idx,
    images::{self, FolderOptions, ImageSet},
    journal::{self, Event, Journal, Position},
    provenance::Provenance,
    report,
};
use serde::{Deserialize, Serialize};

use super::{formats, mutate::mend_tar};

/// A parser, and what it is fed with.
pub(super) struct Parser {
    pub(super) name: &'static str,
    /// Good inputs.
    pub(super) seeds: Vec<Vec<u8>>,
    /// Makes a changed input look good from outside, so that readers look further.
    pub(super) dress: fn(Vec<u8>) -> anyhow::Result<Vec<u8>>,
    /// Reads an input in a folder of its own; whether it was taken for good.
    pub(super) read: fn(&Path, &[u8]) -> anyhow::Result<bool>,
}

/// All parsers; the label JSON of human-preferences belongs to that paper, and `zip` files are read by none.
pub(super) fn all() -> anyhow::Result<Vec<Parser>> {
    let packed = |tar: Vec<u8>| formats::gzip(&tar);
    let with_escapes = |good: Vec<u8>| -> anyhow::Result<Vec<Vec<u8>>> {
        let mut seeds = formats::malicious_tars()?;
        seeds.extend(std::iter::repeat_n(good, 8));
        Ok(seeds)
    };
    let parser = |name, seeds, read| Parser {
        name,
        seeds,
        dress: Ok,
        read,
    };
    let archive = |name, seeds, read| Parser {
        dress: dress_tar,
        ..parser(name, seeds, read)
    };
    Ok(vec![
        parser(
            "IDX",
            vec![
                formats::idx(&[4, 3, 2]),
                formats::idx(&[7]),
                formats::gzip(&formats::idx(&[9, 9]))?,
            ],
            read_idx,
        ),
        parser(
            "gzip",
            vec![packed(formats::cifar()?)?, formats::gzip(&[0; 5000])?],
            read_gzip,
        ),
        archive("CIFAR in tar", with_escapes(formats::cifar()?)?, read_cifar),
        parser(
            "CIFAR in tar.gz, packed bytes",
            vec![packed(formats::cifar()?)?],
            read_cifar,
        ),
        archive("STL-10 in tar", with_escapes(formats::stl()?)?, read_stl),
        archive("JPEG archive", with_escapes(formats::jpegs()?)?, read_jpegs),
        parser("MAT", vec![formats::mat(false)?, formats::mat(true)?], read_mat),
        parser("PNG", vec![formats::picture(ImageFormat::Png)?], |folder, bytes| {
            read_picture(folder, "a.png", bytes)
        }),
        parser("JPEG", vec![formats::picture(ImageFormat::Jpeg)?], |folder, bytes| {
            read_picture(folder, "a.jpg", bytes)
        }),
        parser(
            "CSV of labels",
            texts(&["file,label\na.png,1\nb.png,2\n", "rater,label,file\n1,-1,\"b.png\"\n"]),
            read_labels,
        ),
        parser("configuration", texts(&[CONFIG]), read_config),
        parser("data set manifest", texts(&[&manifest(CIFAR, b"")]), read_manifest),
        parser("import record", texts(&[RECORD]), read_record),
        parser("journal", texts(&[JOURNAL]), read_journal),
        parser("TensorBoard's file", vec![board()?], read_board),
        parser("saved run", texts(&[RUN, RESULTS, INDEX, TABLE]), read_run),
    ])
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn dress_tar(mut bytes: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    mend_tar(&mut bytes);
    formats::gzip(&bytes)
}

const LIMIT: u64 = 1 << 20;

fn read_idx(_: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    Ok(Idx::parse(bytes, LIMIT).is_ok())
}

fn read_gzip(_: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    Ok(gzip::decode(bytes, LIMIT).is_ok())
}

const CIFAR: &str = "encoding = { kind = 'cifar', label_bytes = 1, label = 0 }\n[splits.train]\nitems = 2\n\
                     images = 'file'\nlabels = 'file'\nmembers = ['set/1']\n";
const STL: &str = "encoding = { kind = 'stl', folds = 'set/folds.txt' }\n[splits.train]\nitems = 2\nimages = 'file'\n\
                   labels = 'file'\nmembers = ['set/X.bin', 'set/y.bin']\n";
const JPEGS: &str =
    "encoding = { kind = 'jpeg-archive' }\n[splits.train]\nitems = 2\nimages = 'file'\nlabels = 'file'\n";
const MAT: &str = "encoding = { kind = 'mat', images = 'X', labels = 'y', zero_label = 10 }\n[splits.train]\nitems = 2\n\
                   images = 'file'\nlabels = 'file'\n";

/// A data set of one file, whose digest is right whatever it holds.
fn manifest(rest: &str, file: &[u8]) -> String {
    format!(
        "name = 'toy'\ntitle = ''\nsummary = ''\nlicense = ''\ncitation = ''\nhomepage = ''\n\
         [[files]]\nname = 'file'\nsha256 = '{}'\n\
         [images]\nheight = 2\nwidth = 3\nchannels = 3\nclasses = ['a', 'b']\n{rest}",
        Digest::sha256(file)
    )
}

fn dataset(folder: &Path, rest: &str, bytes: &[u8]) -> anyhow::Result<DatasetFolder> {
    write(folder, "toy/file", bytes)?;
    let dataset = Dataset::parse("toy", &manifest(rest, bytes))?;
    Ok(DatasetFolder::new(&dataset, folder.join("toy"), Origin::CommandLine))
}

fn read_cifar(folder: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    Ok(ImageSet::read(&dataset(folder, CIFAR, bytes)?, Split::Train).is_ok())
}

fn read_stl(folder: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    let dataset = dataset(folder, STL, bytes)?;
    let folds = images::stl10_folds(&dataset);
    Ok(ImageSet::read(&dataset, Split::Train).is_ok() && folds.is_ok())
}

fn read_jpegs(folder: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    Ok(ImageSet::read(&dataset(folder, JPEGS, bytes)?, Split::Train).is_ok())
}

fn read_mat(folder: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    Ok(ImageSet::read(&dataset(folder, MAT, bytes)?, Split::Train).is_ok())
}

fn options() -> FolderOptions {
    FolderOptions {
        side: Some(8),
        channels: 3,
        skip: Vec::new(),
        classes: None,
    }
}

fn read_picture(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<bool> {
    write(folder, &format!("pictures/{name}"), bytes)?;
    Ok(images::folder(&folder.join("pictures"), None, &options()).is_ok())
}

fn read_labels(folder: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    let picture = formats::picture(ImageFormat::Png)?;
    for name in ["pictures/a.png", "pictures/b.png"] {
        if !folder.join(name).exists() {
            write(folder, name, &picture)?;
        }
    }
    write(folder, "labels.csv", bytes)?;
    let labels = folder.join("labels.csv");
    Ok(images::folder(&folder.join("pictures"), Some(&labels), &options()).is_ok())
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Toy {
    rate: f64,
    sizes: Vec<u32>,
    name: Option<String>,
    schedule: Schedule,
}

impl RunConfig for Toy {
    fn validate(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}

const CONFIG: &str = "rate = 0.5\nsizes = [1, 2]\nname = 'a'\n[about]\nsummary = 's'\nreproduces = 'r'\ndata = []\ncost = 'c'\n\
                      [schedule]\nsteps = 10\nevaluate_every = 5\nmedian = { metric = 'loss', last = 3 }\n";

/// The text as a preset, as a file, and a line of it as a setting.
fn read_config(folder: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    write(folder, "settings.toml", bytes)?;
    let text = String::from_utf8_lossy(bytes);
    let path = folder.join("settings.toml");
    let set = text.lines().next().unwrap_or_default().replace(" = ", "=");
    let about = About::parse(&text).is_ok();
    let preset = config::resolve::<Toy>(&text, None, &[]).and_then(|config| config::to_toml(&config));
    let file = config::resolve::<Toy>(CONFIG, Some(&path), &[]);
    let set = config::resolve::<Toy>(CONFIG, None, &[set]);
    Ok(about && preset.is_ok() && file.is_ok() && set.is_ok())
}

fn read_manifest(_: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    Ok(Dataset::parse("toy", &String::from_utf8_lossy(bytes)).is_ok())
}

const RECORD: &str =
    "{\"file\":{\"bytes\":1,\"digest\":\"sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\"}}";

fn read_record(folder: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    write(folder, "toy/file", b"x")?;
    write(folder, "toy/imported.json", bytes)?;
    let text = manifest(CIFAR, b"x");
    let unpublished: String = text
        .lines()
        .filter(|line| !line.starts_with("sha256"))
        .map(|line| format!("{line}\n"))
        .collect();
    let dataset = Dataset::parse("toy", &unpublished)?;
    Ok(DatasetFolder::new(&dataset, folder.join("toy"), Origin::CommandLine)
        .read("file")
        .is_ok())
}

const JOURNAL: &str = "{\"time\":1.5,\"event\":\"progress\",\"step\":1,\"scalars\":{\"loss\":1.0,\"other\":\"NaN\"}}\n\
                       {\"time\":2.5,\"event\":\"evaluation\",\"step\":1,\"scalars\":{\"error\":0.5}}\n\
                       {\"time\":3.5,\"event\":\"checkpoint\",\"step\":1}\n{\"time\":4,\"event\":\"warning\",\"message\":\"m\"}\n\
                       {\"time\":5,\"event\":\"finished\",\"step\":1,\"seconds\":1.0,\"scalars\":{\"error\":0.5}}\n";

/// Reads a journal, draws its page, and goes on with it behind any place.
fn read_journal(folder: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    write(folder, "journal.jsonl", bytes)?;
    let is_good = journal::read(folder).is_ok();
    report::draw(&[folder.to_owned()], Some(&folder.join("report.html")))?;
    resume(folder, bytes.len() / 2)?;
    // What stands before the place may be no journal: it ends in an error or not.
    drop(journal::read(folder));
    Ok(is_good)
}

fn read_board(folder: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    write(folder, "events.out.tfevents.run", bytes)?;
    resume(folder, bytes.len())?;
    Ok(true)
}

fn resume(folder: &Path, end: usize) -> anyhow::Result<()> {
    let position: Position = serde_json::from_value(serde_json::json!({ "journal": end, "board": end }))?;
    let mut journal = Journal::resume(folder, &position)?;
    journal.event(&Event::Resumed { step: 1 })?;
    Ok(())
}

fn board() -> anyhow::Result<Vec<u8>> {
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let mut journal = Journal::create(folder.path())?;
    for step in 0..3 {
        let scalars = vec![("loss".to_owned(), 0.5)];
        journal.event(&Event::Progress { step, scalars })?;
    }
    Ok(fs::read(folder.path().join("events.out.tfevents.run"))?)
}

const RUN: &str = "{\"paper\":\"toy\",\"version\":\"1\",\"experiment\":\"e\",\"seed\":0,\"backend\":\"flex\",\"threads\":2,\"cpu\":\"c\",\
                   \"os\":\"o\",\"git\":{\"commit\":\"abc\",\"dirty\":false},\"started\":\"2026-01-01T00:00:00Z\",\"command\":\"toy\"}";
const RESULTS: &str = "{\"loss\":0.5,\"error\":\"NaN\"}";
const INDEX: &str = "[{\"name\":\"a\",\"title\":\"t\",\"caption\":\"c\",\"kind\":\"table\"}]";
const TABLE: &str = "{\"columns\":[\"a\",\"b\"],\"rows\":[[\"1\",\"2\"],[\"x\",\"y\"]]}";

/// Draws the page of a run one of whose files is the input.
fn read_run(folder: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    for (name, good) in [
        ("run.json", RUN),
        ("results.json", RESULTS),
        ("figures/index.json", INDEX),
        ("figures/a.table.json", TABLE),
        ("config.toml", CONFIG),
    ] {
        write(folder, name, good.as_bytes())?;
    }
    let places = [
        "run.json",
        "results.json",
        "figures/index.json",
        "figures/a.table.json",
        "config.toml",
    ];
    let place = places[bytes.len() % places.len()];
    write(folder, place, bytes)?;
    report::draw(&[folder.to_owned()], Some(&folder.join("report.html")))?;
    Ok(Provenance::load(folder).is_ok())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parser_takes_a_good_input() {
        for parser in all().unwrap() {
            let folder = tempfile::tempdir().unwrap();
            let is_taken = |seed: &Vec<u8>| {
                let input = (parser.dress)(seed.clone()).unwrap();
                (parser.read)(folder.path(), &input).unwrap()
            };
            assert!(parser.seeds.iter().any(is_taken), "{}", parser.name);
        }
    }
}
