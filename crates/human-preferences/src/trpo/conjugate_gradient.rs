/// What [`conjugate_gradient`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Approximates `A⁻¹ b`.
    pub x: Vec<f64>,
    /// `b - A x`.
    pub residual: Vec<f64>,
    /// Products with `A` that it took.
    pub iterations: usize,
    /// Whether `A` was positive in every direction that was tried.
    pub is_positive_definite: bool,
}

/// Solves `A x = b` for a symmetric positive definite matrix that is known by its products, in `f64` on the host: ten
/// iterations amplify what single precision rounds away.
///
/// Stops after `iterations` or when the squared norm of the residual is below `tolerance`; at once where `A` turns out
/// not to be positive definite, or a product is not finite.
///
/// # Errors
///
/// What `product` reports.
pub fn conjugate_gradient<E>(
    mut product: impl FnMut(&[f64]) -> Result<Vec<f64>, E>,
    b: &[f64],
    iterations: usize,
    tolerance: f64,
) -> Result<Solution, E> {
    let mut solution = Solution {
        x: vec![0.0; b.len()],
        residual: b.to_vec(),
        iterations: 0,
        is_positive_definite: true,
    };
    let mut direction = b.to_vec();
    let mut square = dot(b, b);
    while solution.iterations < iterations && square > 0.0 && square >= tolerance {
        let image = product(&direction)?;
        solution.iterations += 1;
        let curvature = dot(&direction, &image);
        // Written so that NaN is refused as well.
        if !(curvature > 0.0 && curvature.is_finite()) {
            solution.is_positive_definite = false;
            break;
        }
        let length = square / curvature;
        add(&mut solution.x, length, &direction);
        add(&mut solution.residual, -length, &image);
        let new_square = dot(&solution.residual, &solution.residual);
        let ratio = new_square / square;
        for (direction, residual) in direction.iter_mut().zip(&solution.residual) {
            *direction = residual + ratio * *direction;
        }
        square = new_square;
    }
    Ok(solution)
}

impl Solution {
    /// `xᵀ A x`, without another product.
    pub fn curvature(&self, b: &[f64]) -> f64 {
        dot(&self.x, b) - dot(&self.x, &self.residual)
    }
}

/// `Σ aᵢ bᵢ`.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `target += factor · other`.
pub(super) fn add(target: &mut [f64], factor: f64, other: &[f64]) {
    for (target, other) in target.iter_mut().zip(other) {
        *target += factor * other;
    }
}
