//! The procedural set: photos and votes from the generator.

use papers_core::{Result, base::images::ImageSet, random::Streams};
use rand_distr::{Distribution, StandardNormal};

use super::{
    Inputs, RatedPhotos, Simulated, Split,
    generator::{Attributes, Population, SIDE, Serving, portrait},
    split::{HeldOut, split_by_person},
};
use crate::{
    config::{DataConfig, GeneratorConfig, Seen, Subjects},
    votes::Vote,
};

/// Draws portraits, voters and votes, all fixed by the streams.
pub(super) fn load(data: &DataConfig, streams: &Streams) -> Result<RatedPhotos> {
    let (config, of) = (&data.generator, data.of_trait);
    let photos = config.train + config.test;
    // Portraits have no gender: what differs is who votes.
    let group = match data.subjects {
        Subjects::All => 0,
        Subjects::Female => 1,
        Subjects::Male => 2,
    };
    let population = Population::draw(of, group, config.voters, streams);
    let persons = persons(config);
    let mut attributes: Vec<Attributes> = Vec::with_capacity(photos);
    for photo in 0..photos {
        let drawn = Attributes::draw(&mut streams.at("attributes", 0, photo as u64));
        let first = photo.checked_sub(1).filter(|&last| persons[last] == persons[photo]);
        attributes.push(first.map_or(drawn, |first| attributes[first].of_same_person(drawn)));
    }
    let truth: Vec<f64> = attributes.iter().map(|photo| population.truth(photo)).collect();
    let votes = (0..photos).flat_map(|photo| {
        let random = &mut streams.at("votes", 0, photo as u64);
        // What is measured with is served at random, and by more voters, to see what people are worth.
        let serving = match photo < config.train {
            true => Serving {
                votes: config.votes,
                confounding: config.confounding,
            },
            false => Serving {
                votes: config.test_votes,
                confounding: 0.0,
            },
        };
        let served = population.served(&attributes[photo], serving, random);
        let vote = |voter: usize| Vote {
            photo,
            voter,
            score: population.voters[voter].vote(&attributes[photo], random),
        };
        served.into_iter().map(vote).collect::<Vec<_>>()
    });
    let votes = votes.collect();
    // Photos to measure with come last; validation ones are drawn, by person.
    let dealt = split_by_person(
        &persons[..config.train],
        HeldOut::Photos(0),
        data.validation_part(),
        streams,
    );
    Ok(RatedPhotos {
        name: "procedural".to_owned(),
        inputs: inputs(config, &attributes, streams)?,
        names: (0..photos).map(|photo| format!("photo-{photo:05}")).collect(),
        persons,
        voters: (0..config.voters).map(|voter| format!("voter-{voter:03}")).collect(),
        is_anonymous: false,
        has_means_alone: false,
        votes,
        range: [0.0, 3.0],
        split: Split {
            test: (config.train..photos).collect(),
            ..dealt
        },
        simulated: Some(Simulated {
            truth,
            voters: population.voters,
        }),
        warnings: Vec::new(),
    })
}

/// So many photos of each person, one after the other; nobody is on both sides.
fn persons(config: &GeneratorConfig) -> Vec<usize> {
    let each = config.photos_per_person;
    let train = (0..config.train).map(|photo| photo / each);
    let first = config.train.div_ceil(each);
    train
        .chain((0..config.test).map(|photo| first + photo / each))
        .collect()
}

fn inputs(config: &GeneratorConfig, attributes: &[Attributes], streams: &Streams) -> Result<Inputs> {
    Ok(match config.seen {
        Seen::Pictures => Inputs::Pictures(
            ImageSet {
                name: "portraits".to_owned(),
                images: attributes
                    .iter()
                    .enumerate()
                    .flat_map(|(photo, attributes)| portrait(attributes, &mut streams.at("pixels", 0, photo as u64)))
                    .collect(),
                labels: Vec::new(),
                height: SIDE,
                width: SIDE,
                channels: 1,
                maximum: u8::MAX,
                classes: 0,
                class_names: Vec::new(),
            }
            .mean_pooled(config.pooling)?,
        ),
        Seen::Features => {
            let row = |(photo, attributes): (usize, &Attributes)| {
                let mut random = streams.at("nuisance", 0, photo as u64);
                let nuisance = std::iter::repeat_with(move || -> f32 { StandardNormal.sample(&mut random) });
                let known = attributes.values().map(|value| value as f32);
                known
                    .into_iter()
                    .chain(nuisance.take(config.nuisance))
                    .collect::<Vec<f32>>()
            };
            Inputs::Features {
                width: attributes.first().map_or(0, |one| one.values().len()) + config.nuisance,
                values: attributes.iter().enumerate().flat_map(row).collect(),
            }
        }
    })
}
