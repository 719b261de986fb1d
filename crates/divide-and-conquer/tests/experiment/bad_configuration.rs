//! Settings that make no sense are named.

use divide_and_conquer::config::{MetricConfig, PRESETS};
use papers_core::base::config;

use crate::common::try_digits;

#[test]
fn settings_that_make_no_sense_are_named() {
    for (set, expected) in [
        ("divide.learners=3", "d = 8 cannot be cut into K = 3"),
        ("divide.learners=0", "`divide.learners`"),
        ("divide.learners=16", "K = 16"),
        ("dimension=0", "`dimension`"),
        ("divide.recluster_every=0", "`divide.recluster_every`"),
        ("divide.slices_until=9", "`divide.slices_until`"),
        ("divide.warm_up=4", "`divide.warm_up`"),
        ("divide.restarts=0", "`divide.restarts`"),
        ("batch.classes=1", "`batch.classes`"),
        ("batch.images=1", "`batch.images`"),
        ("loss.margin.alpha=0.0", "`loss.margin.alpha`"),
        ("loss.triplet.margin=-1.0", "`loss.triplet.margin`"),
        ("loss.proxy_nca.smoothing=1.0", "`loss.proxy_nca.smoothing`"),
        ("loss.proxy_nca.exclude_positive=true", "`loss.proxy_nca.smoothing`"),
        ("optimizer.learning_rate=0.0", "`optimizer.learning_rate`"),
        ("optimizer.final_share=2.0", "`optimizer.final_share`"),
        ("evaluation.ks=[]", "`evaluation.ks`"),
        ("evaluation.ks=[2,1]", "`evaluation.ks`"),
        ("data.deviation=[0.0]", "`data.deviation`"),
        ("data.mean=[0.1,0.2]", "`data.mean`"),
        ("data.pool=0", "`data.pool`"),
        ("data.kind='folder'", "`data.files`"),
        ("data.kind='classes'", "`data.set`"),
        ("model.resnet.blocks=[1,2]", "`model.resnet.blocks`"),
        ("model.resnet.dropout=1.0", "`model.resnet.dropout`"),
        ("loss.triplet.margin=1e30", "`loss.triplet.margin`"),
        ("loss.triplet.mining.cutoff=0.3", "`loss.triplet.mining.cutoff`"),
        ("loss.triplet.mining.least=0.3", "`loss.triplet.mining.least`"),
        (
            "loss.triplet.mining.nonzero_loss_cutoff=0.4",
            "`loss.triplet.mining.cutoff`",
        ),
        ("loss.margin.learn_beta=true", "`loss.margin` is for"),
        ("loss.proxy_nca.restrict=true", "`loss.proxy_nca` is for"),
        ("loss.proxy_nca.rate_factor=0.0", "`loss.proxy_nca.rate_factor`"),
        (
            "loss.contrastive.negative_margin=3.0",
            "`loss.contrastive.negative_margin`",
        ),
        ("loss.n_pair.temperature=1e-9", "`loss.n_pair.temperature`"),
        ("optimizer.learning_rate=1e9", "`optimizer.learning_rate`"),
        ("optimizer.loss_rate=0.1", "`optimizer.loss_rate` is for"),
        ("dimension=1048576", "`dimension`"),
        ("batch.images=1000000", "`batch.images`"),
        ("evaluation.batch=0", "`evaluation.batch`"),
        ("divide.iterations=1000000", "`divide.iterations`"),
        ("model.resnet.weights='resnet50.pt'", "`model.resnet.weights` is for"),
        ("model.conv_net.hidden=10000000", "`model.conv_net.hidden`"),
        (
            "model.conv_net={filters=512,deeper=4}",
            "`model.conv_net.filters` makes 32768",
        ),
        (
            "data.train_per_class=1000000",
            "`data.train_per_class` must be at most 10000",
        ),
        ("data.set='mnist'", "`data.set` is for"),
        ("loss.kind='triplets'", "triplet"),
        ("divide.learner=2", "learners"),
    ] {
        let error = try_digits(&[set]).expect_err(set);
        let text = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source())
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ");
        assert!(text.contains(expected), "{set}: {text}");
    }
    let error = try_digits(&["divide.data=false", "divide.slices=false"]).expect_err("nothing is divided");
    assert!(error.to_string().contains("divide"), "{error}");
    for sets in [
        ["divide.slices=false", "divide.slice_update='own'"],
        ["optimizer.final_share=0.0", "optimizer.final_factor=0.5"],
    ] {
        let error = try_digits(&sets).expect_err("it would change nothing");
        assert!(error.to_string().contains("is for"), "{error}");
    }
}

#[test]
fn settings_of_pictures_in_memory_are_not_for_those_on_disk() {
    for (name, set, expected) in [
        ("folder", "data.pool=2", "`data.pool` is for"),
        (
            "folder",
            "data.augmentation={flip=true,pad=0}",
            "`data.augmentation` is for",
        ),
        ("folder", "data.train_per_class=5", "`data.train_per_class` is for"),
        ("sop", "data.files.labels='labels.csv'", "`data.files.labels` is for"),
        ("sop", "data.files.test_share=0.3", "`data.files.test_share` is for"),
        ("cars196-80", "data.test_per_class=5", "`data.test_per_class` is for"),
    ] {
        let error = config::experiment::<MetricConfig>(PRESETS, name, &[set]).expect_err(set);
        assert!(error.to_string().contains(expected), "{set}: {error}");
    }
}
