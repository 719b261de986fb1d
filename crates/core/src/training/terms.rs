//! Terms of a loss as numbers.

use burn::prelude::*;

use crate::{Error, Result};

/// What an update found before it changed the weights: named numbers.
pub type Measured = Vec<(&'static str, f64)>;

/// Terms of a loss, `[1]` each, in one reading of the device. The sum comes last: where a term is no number, that is told, and not the
/// sum.
///
/// # Errors
///
/// Numbers that cannot be read from the device, and [`Error::Diverged`] with the first that is not finite.
pub fn read_terms(named: Vec<(&'static str, Tensor<1>)>, step: u64) -> Result<Measured> {
    let (names, values): (Vec<_>, Vec<_>) = named.into_iter().unzip();
    let values = Tensor::cat(values, 0).inner().try_into_vec_as::<f64>()?;
    let measured: Measured = names.into_iter().zip(values).collect();
    match measured.iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(measured),
        Some(&(term, value)) => {
            let scalars = measured.iter().map(|(name, value)| ((*name).to_owned(), *value));
            Err(Error::diverged(term, value, step, scalars.collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::device;

    #[test]
    fn the_first_term_that_is_no_number_is_told_with_all_others() {
        let device = device().autodiff();
        let term = |value: f32| Tensor::<1>::from_floats([value], &device);
        let read = |values: [f32; 2]| read_terms(vec![("part", term(values[0])), ("loss", term(values[1]))], 7);
        assert_eq!(read([0.5, 2.0]).unwrap(), [("part", 0.5), ("loss", 2.0)]);
        let Err(Error::Diverged {
            term, step, scalars, ..
        }) = read([f32::INFINITY, f32::NAN])
        else {
            panic!("an infinite term");
        };
        assert_eq!((term.as_str(), step, scalars.len()), ("part", 7, 2));
    }
}
