//! Parameters of dense layers in one row: weights as `[out, in]`, then the bias, layer after layer. On the device a layer
//! is one matrix `[in + 1, out]`, its bias the last row, for inputs with a column of ones.

/// Takes the parameters of a layer off the front, as a matrix `[in + 1, out]`.
///
/// # Panics
///
/// If there are not so many left.
pub(super) fn matrix(parameters: &mut &[f64], input: usize, output: usize) -> Vec<f64> {
    let (layer, rest) = parameters.split_at((input + 1) * output);
    *parameters = rest;
    let (weights, bias) = layer.split_at(input * output);
    let mut matrix = Vec::with_capacity(layer.len());
    for row in 0..input {
        matrix.extend(weights[row..].iter().step_by(input));
    }
    matrix.extend_from_slice(bias);
    matrix
}

/// Appends the parameters of a layer, given as a matrix `[in + 1, out]`.
pub(super) fn append(parameters: &mut Vec<f64>, matrix: &[f64], input: usize, output: usize) {
    let (weights, bias) = matrix.split_at(input * output);
    for column in 0..output {
        parameters.extend(weights[column..].iter().step_by(output));
    }
    parameters.extend_from_slice(bias);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_survives_the_way_to_the_device_and_back() {
        // Three inputs and two outputs: w11 w12 w13 w21 w22 w23 b1 b2.
        let parameters = [11.0, 12.0, 13.0, 21.0, 22.0, 23.0, 1.0, 2.0];
        let mut rest = &parameters[..];
        let matrix = matrix(&mut rest, 3, 2);
        assert_eq!(matrix, [11.0, 21.0, 12.0, 22.0, 13.0, 23.0, 1.0, 2.0]);
        assert!(rest.is_empty());
        let mut back = Vec::new();
        append(&mut back, &matrix, 3, 2);
        assert_eq!(back, parameters);
    }
}
