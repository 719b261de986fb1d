use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    prelude::*,
};

/// Square of the norm of all gradients together: `[1]`
pub(super) fn square_norm<M: Module>(gradients: &GradientsParams, module: &M) -> Tensor<1> {
    struct Squares<'a> {
        gradients: &'a GradientsParams,
        sums: Vec<Tensor<1>>,
    }
    impl ModuleVisitor for Squares<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let gradient = self.gradients.get::<D>(param.id);
            self.sums.extend(gradient.map(|gradient| gradient.square().sum()));
        }
    }
    let sums = Vec::new();
    let mut squares = Squares { gradients, sums };
    module.visit(&mut squares);
    Tensor::cat(squares.sums, 0).sum()
}

/// Multiplies all gradients by `factor`.
pub(super) fn scale<M: Module>(gradients: GradientsParams, module: &M, factor: f64) -> GradientsParams {
    struct Scale {
        gradients: GradientsParams,
        factor: f64,
    }
    impl ModuleVisitor for Scale {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.gradients.remove::<D>(param.id) {
                self.gradients.register(param.id, gradient * self.factor);
            }
        }
    }
    let mut scale = Scale { gradients, factor };
    module.visit(&mut scale);
    scale.gradients
}
