use neural_ode::flow::PlanarFlow;
use papers_core::{
    random::Streams,
    testing::{assert_close, device, tensor_f64, values},
};

use crate::{POINTS, double, points};

const LAYERS: usize = 6;

fn flow(factor: f64) -> PlanarFlow {
    let flow = Streams::new(3).initialize("layers", &device(), || PlanarFlow::new(2, LAYERS, &device()));
    double(flow, factor)
}

#[test]
fn log_determinants_are_those_of_the_map() {
    const STEP: f64 = 1e-5;
    let flow = flow(1.7);
    let (_, found) = flow.forward(points(&device()));
    let shifted = |axis: usize, by: f64| {
        let mut numbers = POINTS.to_vec();
        numbers.iter_mut().skip(axis).step_by(2).for_each(|value| *value += by);
        values(flow.forward(tensor_f64(numbers, [3, 2], &device())).0)
    };
    let [first, second] = [0, 1].map(|axis| {
        let (up, down) = (shifted(axis, STEP), shifted(axis, -STEP));
        let pairs = up.iter().zip(down);
        pairs.map(|(up, down)| (up - down) / (2.0 * STEP)).collect::<Vec<f64>>()
    });
    let expected: Vec<f64> = (0..3)
        .map(|point| {
            let [a, c] = [first[2 * point], first[2 * point + 1]];
            let [b, d] = [second[2 * point], second[2 * point + 1]];
            (a * d - b * c).abs().ln()
        })
        .collect();
    assert!(expected.iter().any(|value| value.abs() > 0.1), "{expected:?}");
    assert_close(&values(found), &expected, 1e-8);
}

#[test]
fn layers_on_the_host_are_those_on_the_device_and_can_be_inverted() {
    // With a factor of three the direction points against the plane, where `u` instead of `û` has no inverse.
    for factor in [1.0, 3.0] {
        let flow = flow(factor);
        let host = flow.on_host().expect("readable");
        let (position, log_determinant) = flow.forward(points(&device()));
        let (position, log_determinant) = (values(position), values(log_determinant));
        for (index, point) in POINTS.chunks(2).enumerate() {
            let mut moving = point.to_vec();
            let forward = host.forward(0..LAYERS, &mut moving);
            assert_close(&moving, &position[2 * index..][..2], 1e-12);
            assert_close(&[forward], &[log_determinant[index]], 1e-12);
            let backward = host.inverse(0..LAYERS, &mut moving);
            assert_close(&moving, point, 1e-9);
            assert_close(&[backward], &[forward], 1e-9);
        }
    }
}

#[test]
fn a_fresh_flow_is_close_to_the_identity() {
    let (position, log_determinant) = flow(1.0).forward(points(&device()));
    let distance = values((position - points(&device())).abs().max());
    assert!(distance[0] < 0.8, "{distance:?}");
    // Layers with u = 0 would have log(1 - 0.3) each where they are steepest.
    let stretch = values(log_determinant.abs().max());
    assert!(stretch[0] < 0.8, "{stretch:?}");
}
