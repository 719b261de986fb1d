//! Sums over the rows of a matrix in memory.
//!
//! Burn's own sum walks a column of many rows element by element.

use burn::prelude::*;

use super::{
    host::{Host, Number, doubles, host, map, with_precision},
    lanes,
};

/// `[rows, columns]` to `[1, columns]`.
pub(super) fn sum_of_rows(rows: Tensor<2>) -> Tensor<2> {
    if let Some(memory) = host(&rows) {
        return with_precision!(memory, sum_of(&memory, rows.dims()[1], &rows.device()));
    }
    rows.sum_dim(0)
}

/// Numbers whose sums are added up in the precision of the input before they go on in double precision. A constant, so
/// that results do not depend on the number of threads.
const PART: usize = 1 << 14;

fn sum_of<T: Number>(memory: &Host, columns: usize, device: &Device) -> Tensor<2> {
    let rows = T::read(memory);
    let part = (PART / columns).max(1) * columns;
    let sums = map(rows.len().div_ceil(part), rows.len() / 2, |index| {
        let part = &rows[index * part..((index + 1) * part).min(rows.len())];
        doubles(&lanes::sum(columns, [part], [], |[value], []| value))
    });
    let mut total = vec![0.0; columns];
    for sum in sums {
        total.iter_mut().zip(sum).for_each(|(total, sum)| *total += sum);
    }
    let total = total.into_iter().map(T::from_f64).collect();
    T::tensor(total, [1, columns], device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, normal, values};

    #[test]
    fn sums_are_those_of_burn() {
        for shape in [[1, 3], [7, 64], [2000, 19], [5, 20_000]] {
            let rows: Tensor<2> = normal(0, shape);
            assert_close(&values(sum_of_rows(rows.clone())), &values(rows.sum_dim(0)), 1e-12);
        }
    }
}
