//! The few Burn calls that change between releases: records, optimizer state, parameter ids, weight files.

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    optim::ModuleOptimizer,
    prelude::*,
    store::{ModuleRecord, ModuleSnapshot, RecordError, SafetensorsStore, burn_pack},
    tensor::{Bytes, TensorReadError},
};

/// Replaces every parameter id by a hash of `prefix` and the parameter's path, so that the same model always has the
/// same ids (Burn draws them from the operating system's entropy).
///
/// Optimizers key their state by these ids: give two models that one optimizer serves different prefixes.
pub(crate) fn with_path_ids<M: Module>(module: M, prefix: &str) -> M {
    module.map(&mut PathIds {
        path: vec![prefix.to_owned()],
    })
}

struct PathIds {
    path: Vec<String>,
}

impl PathIds {
    fn id(&self) -> ParamId {
        let digest = blake3::hash(self.path.join("/").as_bytes());
        let mut head = [0; 8];
        head.copy_from_slice(&digest.as_bytes()[..8]);
        ParamId::from(u64::from_le_bytes(head))
    }
}

impl ModuleMapper for PathIds {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (_, value, mapper) = param.consume();
        Param::from_mapped_value(self.id(), value, mapper)
    }

    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        let (_, value, mapper) = param.consume();
        Param::from_mapped_value(self.id(), value, mapper)
    }

    fn map_bool<const D: usize>(&mut self, param: Param<Tensor<D, Bool>>) -> Param<Tensor<D, Bool>> {
        let (_, value, mapper) = param.consume();
        Param::from_mapped_value(self.id(), value, mapper)
    }
}

/// The weights of a module as bytes: equal weights and ids give equal bytes.
///
/// # Errors
///
/// What Burn's record format reports.
pub fn to_bytes<M: Module>(module: &M) -> Result<Vec<u8>, RecordError> {
    Ok(module.clone().into_record().into_bytes()?.to_vec())
}

/// Puts weights from [`to_bytes`] into a module of the same structure.
///
/// # Errors
///
/// Damaged bytes, or weights that do not fit.
pub fn from_bytes<M: Module>(module: M, bytes: Vec<u8>) -> Result<M, RecordError> {
    module.try_load_record(ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes))?)
}

/// The state of an optimizer as bytes: equal states give equal bytes.
///
/// # Errors
///
/// What Burn's record format reports.
pub(crate) fn optimizer_to_bytes(optimizer: &ModuleOptimizer) -> Result<Vec<u8>, RecordError> {
    // Burn writes the tensors in the order of a hash map, which differs from run to run.
    let reader = burn_pack::Reader::from_bytes(optimizer.into_bytes()?)?;
    let (scalars, metadata) = (reader.scalars().clone(), reader.metadata().clone());
    let mut tensors = reader.into_tensors()?;
    tensors.sort_by(|one, other| one.name.cmp(&other.name));
    let mut writer = burn_pack::Writer::new(tensors);
    for (name, value) in scalars {
        writer = writer.with_scalar(&name, value);
    }
    for (name, value) in metadata {
        writer = writer.with_metadata(&name, &value);
    }
    Ok(writer.into_bytes()?.to_vec())
}

/// Puts state from [`optimizer_to_bytes`] into an optimizer of the same configuration.
///
/// # Errors
///
/// Damaged bytes.
pub(crate) fn optimizer_from_bytes(optimizer: ModuleOptimizer, bytes: Vec<u8>) -> Result<ModuleOptimizer, RecordError> {
    optimizer.from_bytes(Bytes::from_bytes_vec(bytes))
}

/// Weights of a module as a safetensors file in memory, under the module's own parameter paths: equal weights give
/// equal bytes.
///
/// # Errors
///
/// What Burn's store reports.
pub(crate) fn to_safetensors<M: Module>(module: &M) -> Result<Vec<u8>, String> {
    // Burn writes its own metadata in an order that differs from run to run; one entry has one order.
    let mut store = SafetensorsStore::from_bytes(None)
        .clear_metadata()
        .metadata("producer", "burn");
    module.save_into(&mut store).map_err(|error| error.to_string())?;
    store.get_bytes().map_err(|error| error.to_string())
}

/// Whether every weight of a module is finite. Reads the device once.
///
/// # Errors
///
/// A device that cannot be read.
pub fn is_finite<M: Module>(module: &M) -> Result<bool, TensorReadError> {
    struct Sums(Vec<Tensor<1>>);
    impl ModuleVisitor for Sums {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            // Zero, or NaN where a weight is NaN or infinite.
            let sum = (param.val().inner() * 0.0).sum();
            self.0.push(sum.cast(burn::tensor::FloatDType::F32));
        }
    }
    let mut sums = Sums(Vec::new());
    module.visit(&mut sums);
    if sums.0.is_empty() {
        return Ok(true);
    }
    Ok(Tensor::cat(sums.0, 0).sum().try_into_scalar::<f32>()? == 0.0)
}
