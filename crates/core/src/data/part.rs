use papers_base::images::ImageSet;

use crate::{Error, Result, random::Streams};

/// So many pictures of a set, drawn with the seed; 0 for all. `key` is the setting that asks for them.
///
/// # Errors
///
/// Fewer pictures in the set.
pub fn drawn(set: ImageSet, key: &str, count: usize, seed: u64) -> Result<ImageSet> {
    if count == 0 {
        return Ok(set);
    }
    enough(&set, key, count)?;
    let order = Streams::new(seed).permutation("training subset", 0, set.len());
    Ok(set.subset(set.name.as_str(), &order[..count]))
}

/// The first so many pictures of a set; 0 for all. `key` is the setting that asks for them.
///
/// # Errors
///
/// Fewer pictures in the set.
pub fn first(set: ImageSet, key: &str, count: usize) -> Result<ImageSet> {
    if count == 0 {
        return Ok(set);
    }
    enough(&set, key, count)?;
    Ok(set.subset(set.name.as_str(), &(0..count).collect::<Vec<_>>()))
}

fn enough(set: &ImageSet, key: &str, count: usize) -> Result<()> {
    if count <= set.len() {
        return Ok(());
    }
    let (name, there) = (&set.name, set.len());
    Err(Error::Usage(format!(
        "`{key}`: {count} pictures are asked for, {name} has {there}"
    )))
}
