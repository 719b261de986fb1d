use super::*;
use crate::testing::{assert_close, device, normal, values};

/// Side of the picture, side of the kernel, stride, padding; with 6 and 4 no window reaches a row of the border, and
/// with 2 and 5 some places of the kernel see nothing else.
const CASES: [[usize; 4]; 9] = [
    [6, 3, 1, 1],
    [6, 4, 2, 1],
    [7, 4, 2, 1],
    [5, 3, 1, 0],
    [7, 1, 2, 0],
    [5, 1, 1, 0],
    [7, 3, 2, 1],
    [2, 5, 1, 2],
    [8, 3, 3, 1],
];

/// Output and gradients by input and weight of a function of the output.
fn run(
    input: &Tensor<4>,
    weight: &Tensor<4>,
    convolution: impl Fn(Tensor<4>, Tensor<4>) -> Tensor<4>,
) -> [Vec<f64>; 3] {
    let [input, weight] = [input, weight].map(|tensor| tensor.clone().autodiff().require_grad());
    let output = convolution(input.clone(), weight.clone());
    let gradients = output.clone().powi_scalar(3).sum().backward();
    let gradient = |tensor: Tensor<4>| values(tensor.grad(&gradients).expect("tracked"));
    [values(output), gradient(input), gradient(weight)]
}

#[test]
fn narrow_and_wide_convolutions_have_the_values_and_gradients_of_burn() {
    for [side, kernel, stride, padding] in CASES {
        for (channels, out) in [(2, 4), (WIDE, 4), (WIDE, WIDE + 3)] {
            let geometry = Geometry { stride, padding };
            let input = normal(0, [3, channels, side, side]);
            let weight = normal(1, [out, channels, kernel, kernel]) / channels as f64;
            let ours = run(&input, &weight, |input, weight| convolve(input, weight, geometry));
            let burns = run(&input, &weight, |input, weight| {
                conv2d(input, weight, None, geometry.options())
            });
            let last = run(&input, &weight, |input, weight| {
                convolve_last(input.permute([0, 2, 3, 1]), weight, None, geometry).permute([0, 3, 1, 2])
            });
            for ((ours, last), burns) in ours.iter().zip(&last).zip(&burns) {
                assert_close(ours, burns, 1e-12);
                assert_close(last, burns, 1e-12);
            }
        }
    }
}

#[test]
fn transposed_convolutions_have_the_values_and_gradients_of_burn() {
    for [side, kernel, stride, padding] in CASES {
        for (channels, out) in [(2, 4), (WIDE, 4), (WIDE, WIDE + 3)] {
            let geometry = Geometry { stride, padding };
            let made = (side + 2 * padding - kernel) / stride + 1;
            let rest = side + 2 * padding - kernel - stride * (made - 1);
            let input = normal(0, [3, channels, made, made]);
            let weight = normal(1, [channels, out, kernel, kernel]) / channels as f64;
            let bias: Tensor<1> = normal(2, [1, 1, 1, out]).reshape([out]);
            let burns = run(&input, &weight, |input, weight| {
                let options = ConvTransposeOptions::new([stride; 2], [padding; 2], [rest; 2], [1, 1], 1);
                conv_transpose2d(input, weight, Some(bias.clone()), options)
            });
            let ours = run(&input, &weight, |input, weight| {
                let input = input.permute([0, 2, 3, 1]);
                let bias = bias.clone().autodiff();
                convolve_transposed_last(input, weight, bias, geometry, [side; 2]).permute([0, 3, 1, 2])
            });
            for (ours, burns) in ours.iter().zip(&burns) {
                assert_close(ours, burns, 1e-11);
            }
            let bias = bias.autodiff().require_grad();
            let input = input.autodiff().permute([0, 2, 3, 1]);
            let output = convolve_transposed_last(input, weight.autodiff(), bias.clone(), geometry, [side; 2]);
            let gradients = output.sum().backward();
            // Each output pixel has the bias of its channel once.
            let expected = vec![(3 * side * side) as f64; out];
            assert_close(&values(bias.grad(&gradients).expect("tracked")), &expected, 1e-12);
        }
    }
}

#[test]
fn many_bands_of_rows_and_blocks_of_pictures_add_up_to_the_whole() {
    // Big enough for several bands and groups of bands, or blocks and groups of blocks of which the last has fewer
    // pictures; all are shared out among the cores.
    for (channels, side, stride) in [([24, 40], 16, 1), ([24, 40], 15, 2), ([32, 40], 7, 1), ([40, 32], 9, 2)] {
        let geometry = Geometry { stride, padding: 1 };
        let input = normal(0, [19, channels[0], side, side]);
        let weight = normal(1, [channels[1], channels[0], 3, 3]) / 15.0;
        let last = run(&input, &weight, |input, weight| {
            convolve_last(input.permute([0, 2, 3, 1]), weight, None, geometry).permute([0, 3, 1, 2])
        });
        let burns = run(&input, &weight, |input, weight| {
            conv2d(input, weight, None, geometry.options())
        });
        for (last, burns) in last.iter().zip(&burns) {
            assert_close(last, burns, 1e-11);
        }
    }
}

#[cfg(feature = "flex")]
#[test]
fn the_number_of_threads_changes_no_gradient() {
    let numbers = |shape: [usize; 4], step: f32| -> Tensor<4> {
        let count = shape.iter().product::<usize>();
        let numbers: Vec<f32> = (0..count).map(|index| (index as f32 * step).sin()).collect();
        Tensor::from_data(TensorData::new(numbers, shape), &device())
    };
    for channels in [8, 64, 512] {
        let gradients = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads").install(|| {
                let (input, weight) = (numbers([37, 6, 6, channels], 0.37), numbers([64, channels, 3, 3], 0.73));
                run(&input, &weight, |input, weight| {
                    convolve_last(input, weight, None, Geometry { stride: 1, padding: 1 })
                })
            })
        };
        assert_eq!(gradients(1), gradients(3), "{channels} channels");
    }
}

#[test]
fn biases_of_channels_and_of_pixels_are_added_and_learn() {
    for ([channels, out], [side, kernel, stride, padding]) in [
        ([2, 3], [6, 3, 1, 1]),
        ([WIDE, WIDE], [6, 3, 1, 1]),
        ([WIDE, WIDE], [7, 4, 2, 1]),
        ([4, 5], [4, 1, 1, 0]),
    ] {
        let geometry = Geometry { stride, padding };
        let input = normal(0, [11, side, side, channels]);
        let weight = normal(1, [out, channels, kernel, kernel]) / channels as f64;
        let [_, height, width, _] = convolve_last(input.clone(), weight.clone(), None, geometry).dims();
        for shape in [[1, 1, 1, out], [1, height, width, out]] {
            let bias = normal(2, shape);
            let run = |is_constant: bool, add: &dyn Fn(Tensor<4>, Tensor<4>) -> Tensor<4>| {
                let bias = bias.clone().autodiff().require_grad();
                let input = if is_constant {
                    input.clone()
                } else {
                    input.clone().autodiff().require_grad()
                };
                let output = add(input, bias.clone());
                let gradients = output.clone().powi_scalar(3).sum().backward();
                [values(output), values(bias.grad(&gradients).expect("tracked"))]
            };
            for is_constant in [false, true] {
                let ours = run(is_constant, &|input, bias| {
                    convolve_last(input, weight.clone(), Some(bias), geometry)
                });
                let burns = run(is_constant, &|input, bias| {
                    convolve_last(input, weight.clone(), None, geometry) + bias
                });
                for (ours, burns) in ours.iter().zip(&burns) {
                    assert_close(ours, burns, 1e-11);
                }
            }
        }
    }
}

#[test]
fn a_constant_input_changes_no_gradient_of_the_weights() {
    let geometry = Geometry { stride: 1, padding: 1 };
    let (input, weight) = (normal(0, [2, 1, 5, 5]), normal(1, [3, 1, 3, 3]));
    let [_, _, expected] = run(&input, &weight, |input, weight| convolve(input, weight, geometry));
    let [weight, constant] = [weight.autodiff().require_grad(), input];
    let gradients = convolve(constant.clone(), weight.clone(), geometry)
        .powi_scalar(3)
        .sum()
        .backward();
    assert_close(&values(weight.grad(&gradients).expect("tracked")), &expected, 1e-12);

    let [last, weight] = [constant.permute([0, 2, 3, 1]), weight];
    let gradients = convolve_last(last, weight.clone(), None, geometry)
        .powi_scalar(3)
        .sum()
        .backward();
    assert_close(&values(weight.grad(&gradients).expect("tracked")), &expected, 1e-12);
}

#[test]
fn pieces_of_a_batch_add_up_to_the_whole() {
    let geometry = Geometry { stride: 1, padding: 1 };
    let (input, weight, gradient) = (
        normal(0, [5, 2, 6, 6]),
        normal(1, [4, 2, 3, 3]),
        normal(2, [5, 4, 6, 6]),
    );
    // Two pictures a piece, and the last alone.
    let two = 2 * 36 * 18;
    let gradient_in = |largest| {
        values(weight_gradient_unfolded(
            input.clone(),
            gradient.clone(),
            3,
            geometry,
            largest,
        ))
    };
    assert_close(&gradient_in(two), &gradient_in(PIECE), 1e-12);
    let output_in = |largest| values(forward_unfolded(input.clone(), weight.clone(), geometry, largest));
    assert_close(&output_in(two), &output_in(PIECE), 1e-12);
}
