//! Small symmetric systems of equations.

#![expect(
    clippy::needless_range_loop,
    reason = "rows and columns of a matrix are numbers, and loops over both read as the equations do"
)]

use super::mechanism::Matrix;

/// `M = Lᵀ D L` of a symmetric positive definite matrix, L lower triangular with ones on its diagonal.
///
/// It begins at the last row: joints stand after those nearer to the world, so that two limbs that only share the torso
/// stay apart in L as they do in M, and their zeros are skipped.
#[derive(Debug, Clone)]
pub(super) struct Factor<const N: usize> {
    lower: Matrix<N>,
    inverse_diagonal: [f64; N],
}

impl<const N: usize> Factor<N> {
    /// Reads the entries with `row >= column`.
    pub(super) fn new(matrix: &Matrix<N>) -> Self {
        let mut lower = *matrix;
        let mut inverse_diagonal = [0.0; N];
        for pivot in (0..N).rev() {
            let inverse = lower[pivot][pivot].recip();
            inverse_diagonal[pivot] = inverse;
            let pivot_row = lower[pivot];
            for row in 0..pivot {
                if pivot_row[row] == 0.0 {
                    continue;
                }
                let share = pivot_row[row] * inverse;
                for column in 0..=row {
                    lower[row][column] -= share * pivot_row[column];
                }
                lower[pivot][row] = share;
            }
        }
        Self {
            lower,
            inverse_diagonal,
        }
    }

    /// The solution of `M x = right`.
    pub(super) fn solve(&self, right: &[f64; N]) -> [f64; N] {
        let mut x = *right;
        for row in (0..N).rev() {
            let value = x[row];
            for column in 0..row {
                x[column] -= self.lower[row][column] * value;
            }
        }
        for row in 0..N {
            let mut value = x[row] * self.inverse_diagonal[row];
            for column in 0..row {
                value -= self.lower[row][column] * x[column];
            }
            x[row] = value;
        }
        x
    }
}

/// `M v`, from the entries with `row >= column`.
pub(super) fn times<const N: usize>(matrix: &Matrix<N>, vector: &[f64; N]) -> [f64; N] {
    let mut product = [0.0; N];
    for row in 0..N {
        product[row] += matrix[row][row] * vector[row];
        for column in 0..row {
            product[row] += matrix[row][column] * vector[column];
            product[column] += matrix[row][column] * vector[row];
        }
    }
    product
}

pub(super) fn dot<const N: usize>(first: &[f64; N], second: &[f64; N]) -> f64 {
    first.iter().zip(second).map(|(first, second)| first * second).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two limbs (rows 1 and 2) on one trunk (row 0).
    const MATRIX: Matrix<3> = [[4.0, 0.0, 0.0], [1.0, 3.0, 0.0], [2.0, 0.0, 5.0]];

    #[test]
    fn the_solution_gives_back_the_right_side() {
        let right = [1.0, -2.0, 0.5];
        let product = times(&MATRIX, &Factor::new(&MATRIX).solve(&right));
        for (product, right) in product.iter().zip(right) {
            assert!((product - right).abs() < 1e-14);
        }
    }

    #[test]
    fn limbs_that_share_only_a_trunk_stay_apart() {
        assert_eq!(Factor::new(&MATRIX).lower[2][1], 0.0);
    }

    #[test]
    fn a_matrix_is_read_below_its_diagonal_only() {
        let mut matrix = MATRIX;
        matrix[0][2] = f64::NAN;
        assert_eq!(times(&matrix, &[1.0, 0.0, 0.0]), [4.0, 1.0, 2.0]);
    }
}
