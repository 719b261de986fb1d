//! Stages, networks, costs and the rule of learning beside numbers of another library in double precision.

use std::collections::BTreeMap;

use burn::{
    module::{Module, Param},
    optim::{GradientsParams, ModuleOptimizer},
    prelude::*,
};
use papers_core::{
    nn::{BatchNorm, Convolution, RunningAverage, Statistics, trainable_parameters},
    testing::{assert_close, device, initialized, nested, numbers, tensor_f64, values},
};
use randwire::{
    graph::{Generator, Graph},
    network::{Block, Cost, Damage, Mode, NetworkConfig, Node, Operation, RandWire, Removal, Stage, StageConfig, Unit},
    objective::smoothed_cross_entropy,
    sgd::{Sgd, half_cosine},
};
use serde::Deserialize;
use serde_json::Value;

use crate::fixture;

const TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
struct Stages {
    cases: Vec<StageCase>,
}

#[derive(Deserialize)]
struct StageCase {
    name: String,
    n: usize,
    edges: Vec<[usize; 2]>,
    c_in: usize,
    c: usize,
    bn_eps: f64,
    input: Value,
    nodes: Vec<NodeCase>,
    eval: Evaluation,
    train: Training,
    removal_eval: Removals,
}

#[derive(Deserialize)]
struct NodeCase {
    predecessors: Vec<usize>,
    stride: usize,
    agg_raw: Option<Value>,
    depthwise: Value,
    pointwise: Value,
    bn_gamma: Value,
    bn_beta: Value,
    running_mean: Value,
    running_var: Value,
}

#[derive(Deserialize)]
struct Evaluation {
    node_outputs: Vec<Value>,
    output: Value,
}

#[derive(Deserialize)]
struct Training {
    output: Value,
    loss_weights: Value,
    loss: f64,
    grad_agg_raw: Vec<Option<Value>>,
    grad_input: Value,
    grad_depthwise_node0: Value,
    running_mean_after: Vec<Value>,
    running_var_after_unbiased: Vec<Value>,
    running_var_after_biased: Vec<Value>,
    elements_per_channel: usize,
    bn_momentum: f64,
}

#[derive(Deserialize)]
struct Removals {
    nodes: Vec<RemovedNode>,
    edges: Vec<RemovedEdge>,
}

#[derive(Deserialize)]
struct RemovedNode {
    node: usize,
    output: Value,
}

#[derive(Deserialize)]
struct RemovedEdge {
    edge: [usize; 2],
    output: Value,
}

fn parameter<const D: usize>(tensor: Tensor<D>) -> Param<Tensor<D>> {
    let is_tracked = tensor.is_autodiff();
    Param::from_tensor(if is_tracked { tensor.require_grad() } else { tensor })
}

fn norm(parts: [&Value; 4], epsilon: f64, keep: f64, device: &Device) -> BatchNorm {
    let [scale, shift, mean, variance] = parts.map(|part| nested::<1>(part, device));
    BatchNorm {
        scale: parameter(scale),
        shift: parameter(shift),
        running_mean: RunningAverage::new(mean),
        running_variance: RunningAverage::new(variance),
        epsilon,
        keep,
    }
}

fn stage(case: &StageCase, device: &Device) -> Stage {
    let graph = Graph::new(case.n, &case.edges).unwrap();
    let mut stage = Stage::new(graph.clone(), [case.c_in, case.c], Operation::Separable, 0.0, device);
    let nodes = stage.nodes.iter_mut().zip(&case.nodes).enumerate();
    for (number, (node, expected)) in nodes {
        assert_eq!(graph.predecessors(number), expected.predecessors);
        assert_eq!(node.transform.geometry.stride, expected.stride);
        assert_eq!(node.gates.is_some(), expected.agg_raw.is_some());
        node.gates = expected.agg_raw.as_ref().map(|raw| parameter(nested(raw, device)));
        node.transform.depthwise = Some(parameter(nested(&expected.depthwise, device)));
        node.transform.mix.weight = parameter(nested(&expected.pointwise, device));
        let parts = [
            &expected.bn_gamma,
            &expected.bn_beta,
            &expected.running_mean,
            &expected.running_var,
        ];
        node.norm = norm(parts, case.bn_eps, 1.0 - case.train.bn_momentum, device);
    }
    stage
}

fn last(tensor: Tensor<4>) -> Tensor<4> {
    tensor.permute([0, 2, 3, 1])
}

fn first(tensor: Tensor<4>) -> Vec<f64> {
    values(tensor.permute([0, 3, 1, 2]))
}

#[test]
fn stages_in_evaluation() {
    for case in fixture::<Stages>("stage_forward.json").cases {
        let stage = stage(&case, &device());
        let input = last(nested(&case.input, &device()));
        let output = stage.forward(input.clone(), Statistics::Running, None);
        assert_close(&first(output), &numbers(&case.eval.output), TOLERANCE);
        for (node, expected) in case.eval.node_outputs.iter().enumerate() {
            let output = output_of(&case, node, input.clone());
            assert_close(&first(output), &numbers(expected), TOLERANCE);
        }
    }
}

/// The output of a node: that of the stage of the nodes before it of which only this one is looked at.
fn output_of(case: &StageCase, node: usize, input: Tensor<4>) -> Tensor<4> {
    let full = stage(case, &device());
    // All nodes that lead to it, so that it is the only end.
    let mut needed = vec![node];
    let mut next = 0;
    while next < needed.len() {
        for &before in full.graph.predecessors(needed[next]) {
            if !needed.contains(&before) {
                needed.push(before);
            }
        }
        next += 1;
    }
    needed.sort_unstable();
    let place = |node: usize| needed.iter().position(|&needed| needed == node);
    let edges: Vec<[usize; 2]> = full
        .graph
        .edges()
        .filter_map(|[from, to]| Some([place(from)?, place(to)?]))
        .collect();
    let part = Stage {
        graph: Graph::new(needed.len(), &edges).unwrap(),
        nodes: needed
            .iter()
            .map(|&node| full.nodes[node].clone())
            .collect::<Vec<Node>>(),
    };
    part.forward(input, Statistics::Running, None)
}

#[test]
fn stages_in_training() {
    for case in fixture::<Stages>("stage_forward.json").cases {
        let device = device().autodiff();
        let stage = stage(&case, &device);
        let input = last(nested(&case.input, &device)).detach().require_grad();
        let output = stage.forward(input.clone(), Statistics::Update, None);
        let expected = &case.train;
        assert_close(&first(output.clone()), &numbers(&expected.output), TOLERANCE);
        assert_eq!(
            output.dims()[..3].iter().product::<usize>(),
            expected.elements_per_channel
        );
        let loss = (output * last(nested(&expected.loss_weights, &device))).sum();
        assert_close(&values(loss.clone()), &[expected.loss], TOLERANCE);
        let gradients = loss.backward();
        assert_close(
            &first(input.grad(&gradients).unwrap()),
            &numbers(&expected.grad_input),
            TOLERANCE,
        );
        let depthwise = stage.nodes[0].transform.depthwise.as_ref().unwrap().val();
        let found = values(depthwise.grad(&gradients).unwrap());
        assert_close(&found, &numbers(&expected.grad_depthwise_node0), TOLERANCE);
        for (node, expected) in stage.nodes.iter().zip(&expected.grad_agg_raw) {
            let Some(gates) = &node.gates else {
                assert!(expected.is_none());
                continue;
            };
            let found = values(gates.val().grad(&gradients).unwrap());
            assert_close(&found, &numbers(expected.as_ref().unwrap()), TOLERANCE);
        }
        let statistics = expected
            .running_mean_after
            .iter()
            .zip(&expected.running_var_after_unbiased);
        for (node, (mean, variance)) in stage.nodes.iter().zip(statistics) {
            assert_close(&values(node.norm.running_mean.value()), &numbers(mean), TOLERANCE);
            assert_close(
                &values(node.norm.running_variance.value()),
                &numbers(variance),
                TOLERANCE,
            );
        }
        assert_eq!(
            expected.running_var_after_biased.len(),
            case.n,
            "{}: the other convention",
            case.name
        );
    }
}

#[test]
fn damaged_stages() {
    for case in fixture::<Stages>("stage_forward.json").cases {
        let stage = stage(&case, &device());
        let before = stage.graph.clone();
        let output = |removal: Removal| {
            removal.check(&stage.graph).unwrap();
            let input = last(nested(&case.input, &device()));
            first(stage.forward(input, Statistics::Running, Some(removal)))
        };
        for removed in &case.removal_eval.nodes {
            assert_close(
                &output(Removal::Node(removed.node)),
                &numbers(&removed.output),
                TOLERANCE,
            );
        }
        for removed in &case.removal_eval.edges {
            assert_close(
                &output(Removal::Edge(removed.edge)),
                &numbers(&removed.output),
                TOLERANCE,
            );
        }
        assert_eq!(stage.graph, before, "the stored graph stays what it is");
        assert!(Removal::Node(case.n).check(&stage.graph).is_err());
        assert!(Removal::Edge([0, 0]).check(&stage.graph).is_err());
        assert!(Removal::Edge([case.n, 0]).check(&stage.graph).is_err());
    }
}

#[derive(Deserialize)]
struct Network {
    regime: String,
    #[serde(rename = "C")]
    channels: usize,
    head: usize,
    classes: usize,
    graphs: Vec<GraphCase>,
    state: BTreeMap<String, Value>,
    input: Value,
    eval: NetworkEvaluation,
}

#[derive(Deserialize)]
struct GraphCase {
    n: usize,
    edges: Vec<[usize; 2]>,
}

#[derive(Deserialize)]
struct NetworkEvaluation {
    logits_head_relu: Value,
    logits_no_head_relu: Value,
    feature_shapes: BTreeMap<String, [usize; 4]>,
    feature_mean: BTreeMap<String, f64>,
    feature_abs_mean: BTreeMap<String, f64>,
    conv5: Value,
}

impl Network {
    fn load(&self, device: &Device) -> RandWire {
        assert_eq!(self.regime, "small");
        let config = NetworkConfig {
            head: self.head,
            ..NetworkConfig::small(self.channels, Generator::Chain)
        };
        let graphs = self
            .graphs
            .iter()
            .map(|graph| Some(Graph::new(graph.n, &graph.edges).unwrap()));
        let graphs: Vec<_> = [None].into_iter().chain(graphs).collect();
        let mut network = initialized(|| config.init(3, self.classes, &graphs, device));
        self.fill(&mut network.backbone.stem, ["c1", "b1"], device);
        self.fill(&mut network.head, ["ch", "bh"], device);
        let vector = |name: &str| parameter(nested::<1>(&self.state[name], device));
        network.classifier.weight = parameter(nested::<2>(&self.state["fc.weight"], device).transpose());
        network.classifier.bias = Some(vector("fc.bias"));
        let mut wired = 0;
        for block in &mut network.backbone.stages {
            let stage = match block {
                Block::Dense(unit) => {
                    self.fill(unit, ["c2", "b2"], device);
                    continue;
                }
                Block::Wired(stage) => stage,
            };
            for (number, node) in stage.nodes.iter_mut().enumerate() {
                let name = |part: &str| format!("st.{wired}.nodes.{number}.{part}");
                node.gates = node.gates.as_ref().map(|_| vector(&name("a")));
                node.transform.depthwise = Some(parameter(nested(&self.state[&name("dw.weight")], device)));
                node.transform.mix.weight = parameter(nested(&self.state[&name("pw.weight")], device));
                node.norm = self.norm(&name("bn"), device);
            }
            wired += 1;
        }
        network
    }

    fn norm(&self, name: &str, device: &Device) -> BatchNorm {
        let parts =
            ["weight", "bias", "running_mean", "running_var"].map(|part| &self.state[&format!("{name}.{part}")]);
        norm(parts, 1e-5, 0.9, device)
    }

    fn fill(&self, unit: &mut Unit, [convolution, norm]: [&str; 2], device: &Device) {
        let weight = nested::<4>(&self.state[&format!("{convolution}.weight")], device);
        assert_eq!(unit.convolution.weight.dims(), weight.dims());
        unit.convolution = Convolution {
            weight: parameter(weight),
            ..unit.convolution.clone()
        };
        unit.norm = self.norm(norm, device);
    }
}

#[test]
fn a_whole_network() {
    let case: Network = fixture("network_forward.json");
    let mut network = case.load(&device());
    let images = || nested::<4>(&case.input, &device());
    let logits = network.forward(images(), Mode::EVALUATION, 0.5);
    assert_close(&values(logits), &numbers(&case.eval.logits_head_relu), TOLERANCE);
    network.head_relu = false;
    let logits = network.forward(images(), Mode::EVALUATION, 0.0);
    assert_close(&values(logits), &numbers(&case.eval.logits_no_head_relu), TOLERANCE);

    let stem = network
        .backbone
        .stem
        .norm
        .forward(network.backbone.stem.convolution.forward(images()), Statistics::Running);
    let stages = network.backbone.forward(images(), Mode::EVALUATION).into_iter();
    let features = [stem]
        .into_iter()
        .chain(stages.map(|output| output.permute([0, 3, 1, 2])));
    for (number, feature) in features.enumerate() {
        let name = format!("conv{}", number + 1);
        assert_eq!(feature.dims(), case.eval.feature_shapes[&name], "{name}");
        let means = [feature.clone().mean(), feature.clone().abs().mean()].map(|mean| values(mean)[0]);
        assert_close(
            &means,
            &[case.eval.feature_mean[&name], case.eval.feature_abs_mean[&name]],
            TOLERANCE,
        );
        if number == 4 {
            assert_close(&values(feature), &numbers(&case.eval.conv5), TOLERANCE);
        }
    }
}

#[test]
fn a_damaged_network_differs_from_the_damaged_stage_on() {
    let case: Network = fixture("network_forward.json");
    let network = case.load(&device());
    let outputs = |damage| {
        let mode = Mode {
            damage,
            ..Mode::EVALUATION
        };
        network
            .backbone
            .forward(nested(&case.input, &device()), mode)
            .into_iter()
            .map(values)
            .collect::<Vec<_>>()
    };
    let damage = Damage {
        stage: 2,
        removal: Removal::Edge([0, 1]),
    };
    let (intact, damaged) = (outputs(None), outputs(Some(damage)));
    assert_eq!(intact[..2], damaged[..2]);
    assert_ne!(intact[2], damaged[2]);
    assert_ne!(intact[3], damaged[3]);
    // Edges whose target has another input: of the first graph 0 - 2, 1 - 2, 0 - 3, 2 - 3; of the last 0 - 3, 2 - 3.
    let droppable = network.backbone.droppable_edges();
    assert_eq!(droppable.len(), 6);
    assert!(
        droppable.iter().all(|damage| damage.stage != 2),
        "the second graph has none"
    );
}

#[derive(Deserialize)]
struct Costs {
    cases: Vec<CostCase>,
    ws_4_075_distribution: BTreeMap<String, Distribution>,
}

#[derive(Deserialize)]
struct CostCase {
    name: String,
    regime: String,
    #[serde(rename = "C")]
    channels: usize,
    classes: usize,
    resolution: usize,
    stages: Vec<StageParts>,
    expect: Totals,
}

#[derive(Deserialize)]
struct StageParts {
    n: usize,
    c_in: usize,
    c: usize,
    out_hw: [usize; 2],
    edges: Vec<[usize; 2]>,
    conv_params: usize,
    bn_params: usize,
    agg_params: usize,
    macs: usize,
    agg_macs: usize,
}

#[derive(Deserialize)]
struct Totals {
    conv: usize,
    bn: usize,
    agg: usize,
    fc: usize,
    params: usize,
    macs: usize,
    agg_macs: usize,
}

fn regime(name: &str, channels: usize) -> NetworkConfig {
    let generator = Generator::Ws { k: 4, p: 0.75 };
    match name {
        "small" => NetworkConfig::small(channels, generator),
        "regular" => NetworkConfig::regular(channels, generator),
        other => panic!("no regime `{other}`"),
    }
}

#[test]
fn costs_are_counted_part_by_part() {
    for case in fixture::<Costs>("cost.json").cases {
        let name = &case.name;
        let config = regime(&case.regime, case.channels);
        let wired = case
            .stages
            .iter()
            .map(|stage| Some(Graph::new(stage.n, &stage.edges).unwrap()));
        let dense = config.stages.iter().take_while(|stage| stage.nodes == 0).map(|_| None);
        let graphs: Vec<_> = dense.chain(wired).collect();
        let cost = config.cost(&graphs, 3, case.classes, [case.resolution; 2]);
        let Totals {
            conv,
            bn,
            agg,
            fc,
            params,
            macs,
            agg_macs,
        } = case.expect;
        let found = [
            cost.convolutions,
            cost.norms,
            cost.gates,
            cost.classifier,
            cost.parameters(),
        ];
        assert_eq!(found, [conv, bn, agg, fc, params], "{name}");
        assert_eq!(
            [cost.multiply_adds, cost.gate_multiply_adds],
            [macs, agg_macs],
            "{name}"
        );
        let stages = cost.stages.iter().filter(|stage| stage.nodes > 0);
        assert_eq!(stages.clone().count(), case.stages.len(), "{name}");
        for (found, expected) in stages.zip(&case.stages) {
            assert_eq!(
                (found.channels, found.output),
                ([expected.c_in, expected.c], expected.out_hw),
                "{name}"
            );
            let weights = [found.convolutions, found.norms, found.gates];
            assert_eq!(
                weights,
                [expected.conv_params, expected.bn_params, expected.agg_params],
                "{name}"
            );
            assert_eq!(
                [found.multiply_adds, found.gate_multiply_adds],
                [expected.macs, expected.agg_macs],
                "{name}"
            );
        }
        // The formulas are those of the network itself.
        let network = initialized(|| config.init(3, case.classes, &graphs, &device()));
        assert_eq!(trainable_parameters(&network), params, "{name}");
    }
}

#[derive(Deserialize)]
struct Distribution {
    samples: usize,
    params_mean: f64,
    params_std: f64,
    macs_mean: f64,
    macs_std: f64,
}

/// Means over our own graphs beside those of the file, and table 2 and 3 of the paper within two of its deviations.
#[test]
fn costs_of_many_networks_are_the_papers() {
    const SAMPLES: u64 = 300;
    let paper = [
        ("small_78", "small", 78, [5.6e6, 0.1e6], [583e6, 6.2e6]),
        ("regular_109", "regular", 109, [31.9e6, 0.66e6], [4.0e9, 0.09e9]),
        ("regular_154", "regular", 154, [61.5e6, 1.32e6], [7.9e9, 0.18e9]),
    ];
    let distributions = fixture::<Costs>("cost.json").ws_4_075_distribution;
    for (name, regime_name, channels, parameters, multiply_adds) in paper {
        let config = regime(regime_name, channels);
        let cost = |seed| config.cost(&config.graphs(seed).unwrap(), 3, 1000, [224, 224]);
        let costs: Vec<Cost> = (0..SAMPLES).map(cost).collect();
        let mean = |of: fn(&Cost) -> usize| costs.iter().map(|cost| of(cost) as f64).sum::<f64>() / SAMPLES as f64;
        let found = [mean(Cost::parameters), mean(|cost| cost.multiply_adds)];
        for (found, [mean, deviation]) in found.into_iter().zip([parameters, multiply_adds]) {
            assert!(
                (found - mean).abs() <= 2.0 * deviation,
                "{name}: {found}, the paper has {mean}"
            );
        }
        let expected = &distributions[name];
        let share = (1.0 / SAMPLES as f64 + 1.0 / expected.samples as f64).sqrt();
        let expected = [
            (expected.params_mean, expected.params_std),
            (expected.macs_mean, expected.macs_std),
        ];
        for (found, (mean, deviation)) in found.into_iter().zip(expected) {
            assert!(
                (found - mean).abs() <= 5.0 * deviation * share,
                "{name}: {found}, not {mean}"
            );
        }
    }
}

#[test]
fn channels_are_fitted_to_a_cost() {
    let config = regime("small", 78);
    let graphs = config.graphs(0).unwrap();
    let cost = |config: &NetworkConfig| config.cost(&graphs, 3, 1000, [224, 224]).multiply_adds;
    let fitted = config.fit_channels(cost(&config), &graphs, 3, 1000, [224, 224]);
    assert_eq!(fitted, config);
    for operation in Operation::ALL {
        let other = NetworkConfig {
            operation,
            ..config.clone()
        };
        let fitted = other.fit_channels(cost(&config), &graphs, 3, 1000, [224, 224]);
        let ratio = cost(&fitted) as f64 / cost(&config) as f64;
        assert!((ratio - 1.0).abs() < 0.05, "{operation:?}: {ratio}");
    }
}

#[test]
fn every_operation_halves_the_picture_and_learns() {
    let device = device().autodiff();
    for operation in Operation::ALL {
        let config = NetworkConfig {
            operation,
            head: 8,
            stages: vec![StageConfig { nodes: 5, width: 1 }, StageConfig { nodes: 5, width: 2 }],
            ..regime("small", 4)
        };
        let graphs = config.graphs(3).unwrap();
        let network = initialized(|| config.init(1, 3, &graphs, &device));
        let images = Tensor::<1>::from_floats([0.5; 2 * 11 * 10].map(|x: f32| x), &device).reshape([2, 1, 11, 10]);
        let shapes: Vec<_> = network
            .backbone
            .forward(images.clone(), Mode::TRAINING)
            .iter()
            .map(Tensor::dims)
            .collect();
        assert_eq!(shapes, [[2, 3, 3, 4], [2, 2, 2, 8]], "{operation:?}");
        let cost = config.cost(&config.graphs(3).unwrap(), 1, 3, [11, 10]);
        assert_eq!(trainable_parameters(&network), cost.parameters(), "{operation:?}");
        let gradients = network.forward(images, Mode::TRAINING, 0.0).sum().backward();
        let gradients = GradientsParams::from_grads(gradients, &network);
        assert_eq!(
            gradients.len(),
            network.valid().train().num_trainable(),
            "{operation:?}"
        );
    }
}

/// Number of parameters that are trained.
trait Trainable {
    fn num_trainable(&self) -> usize;
}

impl<M: Module> Trainable for M {
    fn num_trainable(&self) -> usize {
        struct Count(usize);
        impl burn::module::ModuleVisitor for Count {
            fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
                self.0 += usize::from(parameter.is_require_grad());
            }
        }
        let mut count = Count(0);
        self.visit(&mut count);
        count.0
    }
}

#[derive(Deserialize)]
struct Rules {
    label_smoothing: Vec<Smoothing>,
    cosine: Vec<Cosine>,
    sgd: SgdCase,
}

#[derive(Deserialize)]
struct Smoothing {
    logits: Value,
    targets: Vec<i32>,
    smoothing: f64,
    loss: f64,
    /// `null` where only finite numbers are asked for.
    grad: Value,
}

#[derive(Deserialize)]
struct Cosine {
    base: f64,
    total: u64,
    lr: Vec<f64>,
    at: Vec<u64>,
}

#[derive(Deserialize)]
struct SgdCase {
    lr: f64,
    momentum: f64,
    weight_decay: f64,
    dampening: f64,
    nesterov: bool,
    w0: Vec<f64>,
    grads: Vec<Vec<f64>>,
    w_after: Vec<Vec<f64>>,
}

#[test]
fn smoothed_losses() {
    for case in fixture::<Rules>("training.json").label_smoothing {
        let device = device().autodiff();
        let logits = nested::<2>(&case.logits, &device).detach().require_grad();
        let targets = Tensor::<1, Int>::from_data(TensorData::new(case.targets.clone(), [case.targets.len()]), &device);
        let loss = smoothed_cross_entropy(logits.clone(), targets, case.smoothing);
        assert_close(&values(loss.clone()), &[case.loss], TOLERANCE);
        let gradient = values(logits.grad(&loss.backward()).unwrap());
        match case.grad {
            Value::Null => assert!(gradient.iter().all(|value| value.is_finite())),
            expected => assert_close(&gradient, &numbers(&expected), TOLERANCE),
        }
    }
}

#[test]
fn rates_follow_half_a_cosine() {
    for case in fixture::<Rules>("training.json").cosine {
        for (&step, &rate) in case.at.iter().zip(&case.lr) {
            assert_close(&[half_cosine(case.base, step, case.total)], &[rate], 1e-15);
        }
    }
}

#[derive(Module, Debug)]
struct Weights {
    kernel: Param<Tensor<2>>,
    vector: Param<Tensor<1>>,
}

#[test]
fn updates_with_momentum_and_decay() {
    let case = fixture::<Rules>("training.json").sgd;
    assert!(case.dampening == 0.0 && !case.nesterov);
    let device = device().autodiff();
    let count = case.w0.len();
    for decay_all in [false, true] {
        let sgd = Sgd {
            momentum: case.momentum,
            weight_decay: case.weight_decay,
            decay_all,
        };
        let mut optimizer: ModuleOptimizer = sgd.into();
        let start = || tensor_f64(case.w0.clone(), [count], &device);
        let mut weights = Weights {
            kernel: parameter(start().reshape([1, count])),
            vector: parameter(start()),
        };
        let mut differs = false;
        for (gradient, expected) in case.grads.iter().zip(&case.w_after) {
            let gradient = tensor_f64(gradient.clone(), [count], &device);
            let loss = (weights.kernel.val().reshape([count]) * gradient.clone()).sum()
                + (weights.vector.val() * gradient).sum();
            let gradients = GradientsParams::from_grads(loss.backward(), &weights);
            weights = optimizer.step(case.lr, weights, gradients);
            assert_close(&values(weights.kernel.val()), expected, TOLERANCE);
            let vector = values(weights.vector.val());
            differs |= vector
                .iter()
                .zip(expected)
                .any(|(found, expected)| (found - expected).abs() > 1e-7);
        }
        assert_eq!(differs, !decay_all, "vectors decay only if that is asked for");
    }
}
