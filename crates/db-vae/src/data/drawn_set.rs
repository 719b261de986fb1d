//! The drawn set: skewed to learn from, balanced to measure with.

use papers_core::{Result, random::Streams};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::{
    Attribute, Comparable, DataSet, Grouped,
    drawn::{self, Attributes, Drawing, Grouping, Heads, Outline},
    picture_set,
};
use crate::config::DrawnConfig;

/// Names of the kinds of pictures without a face.
fn kinds(grouping: Grouping) -> [&'static str; 3] {
    match grouping {
        Grouping::Hat => ["bare_head", "hat_head", "clutter"],
        Grouping::Shade | Grouping::Sunglasses => ["light_head", "dark_head", "clutter"],
    }
}

pub(super) fn load(config: &DrawnConfig) -> Result<DataSet> {
    let streams = Streams::new(config.seed);
    let shape = [config.side, config.side, drawn::CHANNELS];
    let set = |name: &str, drawings: &[Drawing]| {
        picture_set(
            name,
            drawings
                .iter()
                .flat_map(|drawing| drawing.pixels.iter().copied())
                .collect(),
            shape,
        )
    };
    let face_groups = drawn::groups(&streams, config.faces, config.shares);
    let faces = draw(config.faces, |index| {
        drawn::face(
            &streams,
            "drawn train",
            index as u64,
            config.grouping,
            face_groups[index],
            config.side,
        )
    });
    let non_faces = draw(config.non_faces, |index| {
        let heads = Heads {
            dark: config.dark_heads,
            hats: config.hat_heads,
        };
        drawn::non_face(&streams, "drawn train", index as u64, heads, config.side)
    });
    let names: Vec<String> = config.grouping.names().iter().map(|&name| name.to_owned()).collect();
    let test_groups: Vec<usize> = (0..4 * config.test_per_group).map(|index| index % 4).collect();
    let test_faces = draw(test_groups.len(), |index| {
        drawn::face(
            &streams,
            "drawn test",
            index as u64,
            config.grouping,
            test_groups[index],
            config.side,
        )
    });
    let test_non_faces = draw(config.test_non_faces, |index| {
        let heads = Heads {
            dark: 0.5,
            hats: config.hat_heads.map(|_| 0.5),
        };
        drawn::non_face(&streams, "drawn test", index as u64, heads, config.side)
    });
    let has_trait = |head: &Attributes| match config.grouping {
        Grouping::Hat => head.hat.is_some(),
        Grouping::Shade | Grouping::Sunglasses => head.is_dark_head(),
    };
    let kind = |drawing: &Drawing| {
        drawing
            .attributes
            .as_ref()
            .map_or(2, |head| usize::from(has_trait(head)))
    };
    let kind_of = test_non_faces.iter().map(kind).collect();
    let shown: Vec<&Attributes> = faces.iter().filter_map(|drawing| drawing.attributes.as_ref()).collect();
    Ok(DataSet {
        attributes: attributes(&shown),
        faces: set("drawn/faces", &faces),
        face_groups,
        face_group_names: names.clone(),
        non_faces: set("drawn/others", &non_faces),
        test_faces: Grouped::new(set("drawn/test faces", &test_faces), test_groups, names)?,
        test_non_faces: Grouped::new(
            set("drawn/test others", &test_non_faces),
            kind_of,
            kinds(config.grouping).iter().map(|&kind| kind.to_owned()).collect(),
        )?,
        comparable: comparable(config.grouping),
        warnings: Vec::new(),
    })
}

fn comparable(grouping: Grouping) -> Vec<Comparable> {
    let of = |name: &str, first: usize| Comparable {
        name: name.to_owned(),
        face_groups: vec![2 * first, 2 * first + 1],
        kinds: vec![first],
    };
    match grouping {
        Grouping::Shade => vec![of("light", 0), of("dark", 1)],
        Grouping::Hat => vec![of("bare", 0), of("hat", 1)],
        Grouping::Sunglasses => Vec::new(),
    }
}

fn draw(count: usize, drawing: impl Fn(usize) -> Drawing + Sync + Send) -> Vec<Drawing> {
    (0..count).into_par_iter().map(drawing).collect()
}

/// What is known of drawn faces, as numbers.
fn attributes(faces: &[&Attributes]) -> Vec<Attribute> {
    type Of = fn(&Attributes) -> f64;
    type Is = fn(&Attributes) -> bool;
    let flag = |is: bool| f64::from(u8::from(is));
    let columns: [(&str, Of); 11] = [
        ("shade", |face| face.shade),
        ("outline male", |face| {
            f64::from(u8::from(face.outline == Outline::Male))
        }),
        ("yaw", |face| face.yaw),
        ("roll", |face| face.roll),
        ("scale", |face| face.scale),
        ("left-right", |face| face.center[0]),
        ("up-down", |face| face.center[1]),
        ("gain of light", |face| face.gain),
        ("light from the side", |face| face.gradient * face.light.cos()),
        ("light from below", |face| face.gradient * face.light.sin()),
        ("brightness of hair", |face| face.hair.iter().sum::<f64>() / 3.0),
    ];
    let flags: [(&str, Is); 4] = [
        ("bald", |face| face.bald),
        ("beard", |face| face.beard),
        ("sunglasses", |face| face.sunglasses),
        ("hat", |face| face.hat.is_some()),
    ];
    let numbers = columns.iter().map(|(name, of)| Attribute {
        name: (*name).to_owned(),
        values: faces.iter().map(|face| of(face)).collect(),
    });
    let flags = flags.iter().map(|(name, of)| Attribute {
        name: (*name).to_owned(),
        values: faces.iter().map(|face| flag(of(face))).collect(),
    });
    numbers.chain(flags).collect()
}
