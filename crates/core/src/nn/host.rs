//! Memory of tensors on Burn's own CPU backend, for what no sequence of tensor operations does in one pass.

use std::{
    mem::MaybeUninit,
    ops::{Add, AddAssign, Mul, Sub},
};

use burn::{
    backend::{BackendTypes, Flex},
    prelude::*,
    tensor::DType,
};
use rayon::{iter::IndexedParallelIterator, iter::ParallelIterator, slice::ParallelSliceMut};

/// A tensor as the backend holds it.
pub(crate) type Host = <Flex as BackendTypes>::FloatTensorPrimitive;

/// Nanoseconds of work below which a second thread costs more than it saves.
const SERIAL: usize = 30_000;

/// The memory behind a plain tensor of the CPU backend, without gaps and in row-major order; `None` for tensors
/// elsewhere or of a precision that loops are not written for.
pub(crate) fn host<const D: usize>(tensor: &Tensor<D>) -> Option<Host> {
    let host = tensor.clone().try_into_primitive::<Flex>().ok()?;
    let known = matches!(host.dtype(), DType::F32 | DType::F64);
    // A part of a larger tensor is in order, too, and has to be taken out of its memory: `write` sees all of that.
    known.then(|| host.to_contiguous())
}

/// Precisions that loops are written for.
pub(crate) trait Number:
    Copy
    + Default
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + AddAssign
{
    /// The nearest number.
    fn from_f64(value: f64) -> Self;
    /// The same number.
    fn to_f64(self) -> f64;
    /// All elements.
    fn read(host: &Host) -> &[Self];
    /// All elements of a tensor that nobody else holds; otherwise of a copy that takes its place.
    fn write(host: &mut Host) -> &mut [Self];
    /// A tensor of these elements.
    fn tensor<const D: usize>(values: Vec<Self>, shape: [usize; D], device: &Device) -> Tensor<D>;
}

macro_rules! numbers {
    ($($number:ty => $dtype:ident),+) => {
        $(
            impl Number for $number {
                fn from_f64(value: f64) -> Self {
                    value as Self
                }

                fn to_f64(self) -> f64 {
                    self.into()
                }

                fn read(host: &Host) -> &[Self] {
                    host.as_slice().expect("of this precision and without gaps")
                }

                fn write(host: &mut Host) -> &mut [Self] {
                    host.storage_mut()
                }

                fn tensor<const D: usize>(values: Vec<Self>, shape: [usize; D], device: &Device) -> Tensor<D> {
                    Tensor::from_data(TensorData::new(values, shape), (device, DType::$dtype))
                }
            }
        )+
    };
}

numbers!(f32 => F32, f64 => F64);

/// The same numbers in double precision.
pub(crate) fn doubles<T: Number>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

/// Calls a generic function with the precision of a [`Host`].
macro_rules! with_precision {
    ($host:expr, $($function:ident)::+($($argument:expr),* $(,)?)) => {
        match $host.dtype() {
            burn::tensor::DType::F64 => $($function)::+::<f64>($($argument),*),
            _ => $($function)::+::<f32>($($argument),*),
        }
    };
}
pub(crate) use with_precision;

/// A matrix in memory.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    memory: &'a [T],
    /// From one row, and from one column, to the next.
    strides: [usize; 2],
}

impl<'a, T> Matrix<'a, T> {
    pub(crate) fn new(memory: &'a [T], strides: [usize; 2]) -> Self {
        Self { memory, strides }
    }

    fn holds(&self, rows: usize, columns: usize) -> bool {
        (rows - 1) * self.strides[0] + (columns - 1) * self.strides[1] < self.memory.len()
    }
}

/// `target += left · right` on this thread, `[rows, inner]` times `[inner, columns]`; the target's rows stand one after
/// another. A tensor's matrix product always takes new memory, and cannot add to what is there.
pub(crate) fn add_product<T: Number>(
    target: &mut [T],
    [rows, inner, columns]: [usize; 3],
    left: Matrix<'_, T>,
    right: Matrix<'_, T>,
) {
    if rows * inner * columns == 0 {
        return;
    }
    assert!(
        rows * columns <= target.len() && left.holds(rows, inner) && right.holds(inner, columns),
        "matrices end within their memory"
    );
    let one = T::from_f64(1.0);
    let [left_strides, right_strides] = [left, right].map(|matrix| matrix.strides.map(|stride| stride as isize));
    // SAFETY: every element that the sizes and strides name lies within its slice, which was asserted; the target is
    // borrowed alone, so that nothing else reads or writes it meanwhile; `T` is `f32` or `f64`, for which there are
    // kernels.
    #[expect(unsafe_code, reason = "the library of matrix products takes pointers")]
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            target.as_mut_ptr(),
            1,
            columns as isize,
            true,
            left.memory.as_ptr(),
            left_strides[1],
            left_strides[0],
            right.memory.as_ptr(),
            right_strides[1],
            right_strides[0],
            one,
            one,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// Lets all cores work on groups of whole units of `output`, of which the last may be shorter; `work` gets the index of
/// its first unit.
///
/// `cost` is about the number of nanoseconds that one core would take.
pub(crate) fn split<T: Send>(output: &mut [T], unit: usize, cost: usize, work: impl Fn(usize, &mut [T]) + Sync + Send) {
    let units = output.len().div_ceil(unit);
    let group = share(units, cost);
    if group >= units {
        return work(0, output);
    }
    let groups = output.par_chunks_mut(group * unit).enumerate();
    groups.for_each(|(index, slice)| work(index * group, slice));
}

/// How many of `units` each core works on; all of them where the whole would take one core about `cost` nanoseconds, and that is little.
pub(crate) fn share(units: usize, cost: usize) -> usize {
    let groups = if cost < SERIAL { 1 } else { rayon::current_num_threads() };
    units.div_ceil(groups).max(1)
}

/// New memory for so many numbers, which all cores fill in groups of whole units, as in [`split`]; `work` gets zeros.
///
/// The system gives a new page when it is first written: here that is done by the core that works on it, and not by one
/// core for all.
pub(crate) fn make<T: Number>(
    length: usize,
    unit: usize,
    cost: usize,
    work: impl Fn(usize, &mut [T]) + Sync + Send,
) -> Vec<T> {
    let mut memory = Vec::with_capacity(length);
    let fill = |first: usize, places: &mut [MaybeUninit<T>]| {
        places.fill(MaybeUninit::new(T::default()));
        // SAFETY: all of them were written just now.
        #[expect(unsafe_code, reason = "there is no other way to fill new memory in parallel")]
        work(first, unsafe { places.assume_init_mut() });
    };
    split(&mut memory.spare_capacity_mut()[..length], unit, cost, fill);
    // SAFETY: there is room for `length` numbers, and `split` has given each of them to `fill`, which writes it.
    #[expect(unsafe_code, reason = "there is no other way to fill new memory in parallel")]
    unsafe {
        memory.set_len(length);
    }
    memory
}

/// The results of `work` for `0..count`, in order, computed by all cores.
pub(crate) fn map<R: Send>(count: usize, cost: usize, work: impl Fn(usize) -> R + Sync + Send) -> Vec<R> {
    let mut results: Vec<Option<R>> = (0..count).map(|_| None).collect();
    split(&mut results, 1, cost, |first, slots| {
        for (offset, slot) in slots.iter_mut().enumerate() {
            *slot = Some(work(first + offset));
        }
    });
    results.into_iter().flatten().collect()
}
