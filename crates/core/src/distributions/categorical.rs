use burn::prelude::*;

/// `H(q)` over the last axis, which stays with length 1, by logarithms of probabilities.
///
/// # Shapes
///
/// - log_q: `[.., classes]`
/// - output: `[.., 1]`
pub fn entropy<const D: usize>(log_q: Tensor<D>) -> Tensor<D> {
    -(log_q.clone().exp() * log_q).sum_dim(D - 1)
}

/// `KL(q ‖ p)` over the last axis, which stays with length 1, by logarithms of probabilities.
///
/// # Shapes
///
/// - log_q, log_p: `[.., classes]`, broadcast against each other
/// - output: `[.., 1]`
pub fn kl<const D: usize>(log_q: Tensor<D>, log_p: Tensor<D>) -> Tensor<D> {
    (log_q.clone().exp() * (log_q - log_p)).sum_dim(D - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, device, tensor_f64, values};

    #[test]
    fn of_uniform_and_certain_distributions() {
        let row = |row: [f64; 3]| tensor_f64(row.to_vec(), [1, 3], &device()).log();
        let uniform = row([1.0 / 3.0; 3]);
        let skewed = row([0.5, 0.25, 0.25]);
        assert_close(&values(entropy(uniform.clone())), &[3f64.ln()], 1e-14);
        assert_close(&values(entropy(skewed.clone())), &[1.5 * 2f64.ln()], 1e-14);
        assert_close(&values(kl(skewed.clone(), skewed.clone())), &[0.0], 1e-15);
        // KL to the uniform distribution is what is missing to its entropy.
        assert_close(&values(kl(skewed, uniform)), &[3f64.ln() - 1.5 * 2f64.ln()], 1e-14);
    }
}
