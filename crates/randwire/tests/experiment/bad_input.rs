//! What a run refuses, and what it says.

use papers_core::{Context, Experiment as _, testing};
use randwire::{config::RandWireConfig, train::Classify};

use crate::{
    common::{digits, try_digits},
    train,
};

fn refused(sets: &[&str]) -> String {
    let config: RandWireConfig = match try_digits(sets) {
        Ok(config) => config,
        Err(error) => return format!("{:#}", anyhow::Error::from(error)),
    };
    Classify::new(&config, &Context::new(testing::device(), 0))
        .expect_err("no such run")
        .to_string()
}

#[test]
fn settings_out_of_their_range() {
    for (set, expected) in [
        ("network.channels=1", "at least 2"),
        ("network.stages=[]", "at least one stage"),
        ("network.stages=[{nodes=4,width=0}]", "at least 1"),
        ("network.stages=[{nodes=5000,width=1}]", "more than the 4096"),
        ("network.channels=100000", "at most 65536"),
        ("network.stem_stride=3", "1 or 2"),
        ("network.head=0", "at least 1"),
        ("network.head=100000", "at most 65536"),
        ("network.stages=[{nodes=4,width=2000}]", "more than 1024 times"),
        ("network.graph={generator='ws',k=3,p=0.5}", "K is 3, N is 5"),
        ("network.graph={generator='ba',m=5}", "M is 5, N is 5"),
        ("network.graph={generator='er',p=1.5}", "between 0 and 1, not 1.5"),
        ("network.graph={generator='er',p=nan}", "between 0 and 1, not NaN"),
        ("network.graph={generator='tree'}", "unknown variant `tree`"),
        (
            "network.files=['a.json','b.json','c.json']",
            "3 graphs are given for 2 wired stages",
        ),
        ("network.files=['missing.json']", "missing.json"),
        ("network.files=['missing.png']", ".json, .dot"),
        ("resnet.blocks=[]", "every stage needs a block"),
        ("resnet.blocks=[1,1,1,1,1,1,1,1,1]", "at most 8 stages"),
        ("resnet.blocks=[2000]", "at most 1000 blocks"),
        ("resnet.channels=5000", "at most 4096"),
        ("training.batch=0", "at least 1"),
        ("training.rate=0.0", "training.rate"),
        ("training.smoothing=1.0", "less than 1"),
        ("training.edge_drop=1.5", "from 0 to 1"),
        ("training.sgd.momentum=1.0", "less than 1"),
        ("data.train=5000", "5000 pictures are asked for"),
        ("data.side=5000", "at most 4096, not 5000"),
        (
            "data={set='uci-digits',canvas={side=5000,least=16,most=28,objects=1}}",
            "at most 4096, not 5000",
        ),
        (
            "data={set='uci-digits',canvas={side=4096,least=16,most=28,objects=1}}",
            "let `data.test` be less",
        ),
        (
            "data={set='files',files={train='x',held_out=1,side=5000,resize=5000}}",
            "`data.files.side` must be at most 4096",
        ),
        (
            "data={set='uci-digits',side=16,canvas={side=48,least=16,most=28,objects=1}}",
            "a `side` of its own",
        ),
        ("data.test=5000", "5000 pictures are asked for"),
        ("data.augmentation={flip=false,pad=8}", "reflected by 7"),
        (
            "network.stages=[{nodes=4,width=1},{nodes=4,width=1},{nodes=4,width=1},{nodes=4,width=1}]",
            "sides of 16 or more",
        ),
    ] {
        let message = refused(&[set]);
        assert!(message.contains(expected), "{set}: {message}");
    }
}

#[test]
fn graphs_that_cannot_be_connected() {
    let sets = [
        "network.graph={generator='er',p=0.0}",
        "network.connectivity={require={tries=200}}",
        "network.seed=5",
    ];
    let message = refused(&sets);
    assert!(message.contains("no graph of 200 with seed"), "{message}");
}

#[test]
fn graphs_of_ones_own_are_wired_and_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.dot");
    std::fs::write(&path, "graph { 0 -- 1; 0 -- 2; 1 -- 2; 2 -- 3 }").expect("a file");
    let set = format!("network.files=['{}']", path.display());
    let run = Classify::new(&digits(&[&set]), &Context::new(testing::device(), 0)).expect("a network");
    let network = run.model().wired().expect("wires");
    let nodes = network
        .backbone
        .stages
        .iter()
        .map(|stage| stage.graph().map(|graph| graph.nodes()));
    assert!(nodes.eq([Some(4), Some(4)]));
    std::fs::write(&path, "graph { 0 -- 0 }").expect("a file");
    let message = refused(&[&set]);
    assert!(
        message.contains("mine.dot") && message.contains("to itself"),
        "{message}"
    );
}

#[test]
fn numbers_that_are_none_stop_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = digits(&["training.rate=1e30"]);
    let error = train::<Classify>(&config, folder.path(), 5, false).expect_err("diverged");
    let message = error.to_string();
    for part in [
        "`loss` became NaN at step 1 with seed 5",
        "rate 96",
        "last good checkpoint is none",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}
