//! JPEG pictures of a `.tar.gz`.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use image::ImageFormat;
use papers_core::{
    Error, Result,
    base::{catalogue::DatasetFolder, images::ImageSet},
};

use super::{Inputs, picture};
use crate::config::DataConfig;

/// More bytes than a picture of these archives has.
const MOST_BYTES: u64 = 1 << 20;
/// More pictures than these archives have.
const MOST_PICTURES: usize = 100_000;

/// The pictures of an archive that `name` has a name for, brought to size.
pub(super) fn pictures(
    folder: &DatasetFolder,
    file: &'static str,
    config: &DataConfig,
    name: impl Fn(&str) -> Option<String>,
) -> Result<(Vec<String>, Inputs)> {
    let damaged = |problem: String| Error::usage(format_args!("{}: {problem}", folder.path().join(file).display()));
    let mut archive = tar::Archive::new(MultiGzDecoder::new(folder.open(file)?));
    let entries = archive.entries().map_err(|error| damaged(error.to_string()))?;
    let (mut names, mut images) = (Vec::new(), Vec::new());
    for entry in entries {
        let mut entry = entry.map_err(|error| damaged(error.to_string()))?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if names.len() >= MOST_PICTURES || entry.size() > MOST_BYTES {
            return Err(damaged(format!("`{path}` is more than such an archive holds")));
        }
        let Some(name) = name(&path) else { continue };
        let mut bytes = Vec::new();
        entry
            .read_to_end(&mut bytes)
            .map_err(|error| damaged(error.to_string()))?;
        let read = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg);
        let read = read.map_err(|error| damaged(format!("`{path}`: {error}")))?;
        names.push(name);
        images.extend(picture::fit(&read.into_rgb8(), config.side, config.channels));
    }
    let set = picture_set(file, images, config.side, config.channels);
    Ok((names, Inputs::Pictures(set)))
}

/// Pictures of bytes, one after another.
pub(super) fn picture_set(name: &str, images: Vec<u8>, side: usize, channels: usize) -> ImageSet {
    ImageSet {
        name: name.to_owned(),
        images,
        labels: Vec::new(),
        height: side,
        width: side,
        channels,
        maximum: u8::MAX,
        classes: 0,
        class_names: Vec::new(),
    }
}
