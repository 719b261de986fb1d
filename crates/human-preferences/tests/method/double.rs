//! Networks in double precision, for comparisons with references and finite differences.

use burn::{
    module::{Module, ModuleMapper, Param},
    prelude::*,
    tensor::DType,
};

/// The same network in double precision, off the tape.
pub(crate) fn to_double<M: Module>(module: M) -> M {
    struct Double;
    impl ModuleMapper for Double {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| tensor.cast(DType::F64))
        }
    }
    module.valid().map(&mut Double)
}
