//! Weights of torchvision's ResNet from a file that the user has.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use burn::{
    module::{Module, ModuleMapper, Param},
    prelude::*,
};
use pytorch_reader::PytorchReader;
use safetensors::{Dtype, SafeTensors};

/// Why weights cannot be taken over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read weights from {}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A name that is no kind of file known here.
    #[error("{}: weights are read from .safetensors, .pt and .pth files", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
    },
    /// A weight that is not in the file.
    #[error("{} lacks `{name}`; weights must have the names of torchvision's ResNet", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// Name of the weight.
        name: String,
    },
    /// A weight of another size.
    #[error("{}: `{name}` is {found:?}, and the network needs {expected:?}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Name of the weight.
        name: String,
        /// Its sizes.
        found: Vec<usize>,
        /// Those of the network.
        expected: Vec<usize>,
    },
}

/// A weight of a file.
struct Weight {
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// Replaces all weights and running statistics of a network by those of a file; names are torchvision's, what the
/// network has not, such as the classifier, is passed over.
///
/// # Errors
///
/// A file that cannot be read, and the first weight that is missing, of another size, or not finite.
pub fn import<M: Module>(network: M, path: &Path) -> Result<M, ImportError> {
    let weights = read(path)?;
    let mut filler = Filler {
        names: Vec::new(),
        weights,
        problem: None,
        path,
    };
    let network = network.map(&mut filler);
    match filler.problem {
        Some(problem) => Err(problem),
        None => Ok(network),
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Weight>, ImportError> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("safetensors") => read_safetensors(path),
        Some("pt" | "pth") => read_pytorch(path),
        _ => Err(ImportError::Kind { path: path.to_owned() }),
    }
}

fn read_safetensors(path: &Path) -> Result<BTreeMap<String, Weight>, ImportError> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, error))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| unreadable(path, error))?;
    let mut weights = BTreeMap::new();
    for (name, view) in file.tensors() {
        let values = match view.dtype() {
            Dtype::F32 => singles(view.data()),
            Dtype::F64 => doubles(view.data()),
            Dtype::F16 => halves(view.data(), half_to_single),
            Dtype::BF16 => halves(view.data(), |bits| f32::from_bits(u32::from(bits) << 16)),
            // Counters of batches.
            _ => continue,
        };
        let shape = view.shape().to_vec();
        weights.insert(plain_name(&name), Weight { shape, values });
    }
    Ok(weights)
}

/// Names under which training programs keep the weights of a model.
const KEYS: [&str; 3] = ["state_dict", "model_state_dict", "model"];

fn read_pytorch(path: &Path) -> Result<BTreeMap<String, Weight>, ImportError> {
    let mut reader = PytorchReader::new(path).map_err(|error| unreadable(path, error))?;
    if reader.get("conv1.weight").is_none() && reader.get("module.conv1.weight").is_none() {
        let nested = KEYS
            .iter()
            .find_map(|key| PytorchReader::with_top_level_key(path, key).ok());
        reader = nested.filter(|nested| !nested.is_empty()).unwrap_or(reader);
    }
    let mut weights = BTreeMap::new();
    for (name, tensor) in reader.tensors() {
        use pytorch_reader::DType;
        let bytes = || tensor.read().map_err(|error| unreadable(path, error));
        let values = match tensor.dtype() {
            DType::F32 => singles(&bytes()?),
            DType::F64 => doubles(&bytes()?),
            DType::F16 => halves(&bytes()?, half_to_single),
            DType::BF16 => halves(&bytes()?, |bits| f32::from_bits(u32::from(bits) << 16)),
            _ => continue,
        };
        let shape = tensor.shape().to_vec();
        weights.insert(plain_name(name), Weight { shape, values });
    }
    Ok(weights)
}

/// Programs that train on several devices put a word in front.
fn plain_name(name: &str) -> String {
    name.strip_prefix("module.").unwrap_or(name).to_owned()
}

fn unreadable(path: &Path, error: impl std::fmt::Display) -> ImportError {
    ImportError::File {
        path: path.to_owned(),
        problem: error.to_string(),
    }
}

fn singles(bytes: &[u8]) -> Vec<f32> {
    let (numbers, _) = bytes.as_chunks::<4>();
    numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

fn doubles(bytes: &[u8]) -> Vec<f32> {
    let (numbers, _) = bytes.as_chunks::<8>();
    numbers.iter().map(|&bytes| f64::from_le_bytes(bytes) as f32).collect()
}

fn halves(bytes: &[u8], convert: impl Fn(u16) -> f32) -> Vec<f32> {
    let (numbers, _) = bytes.as_chunks::<2>();
    numbers
        .iter()
        .map(|&bytes| convert(u16::from_le_bytes(bytes)))
        .collect()
}

/// IEEE 754 half precision.
fn half_to_single(bits: u16) -> f32 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    match exponent {
        0 => sign * fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2.0_f32.powi(exponent - 15),
    }
}

/// Puts weights into parameters by their names.
struct Filler<'a> {
    names: Vec<String>,
    weights: BTreeMap<String, Weight>,
    problem: Option<ImportError>,
    path: &'a Path,
}

impl Filler<'_> {
    /// The name in torchvision.
    fn name(&self) -> String {
        let word = |name: &String| match name.as_str() {
            "scale" => "weight".to_owned(),
            "shift" => "bias".to_owned(),
            "running_variance" => "running_var".to_owned(),
            "convolution" => "0".to_owned(),
            "norm" => "1".to_owned(),
            other => other.to_owned(),
        };
        self.names.iter().map(word).collect::<Vec<_>>().join(".")
    }

    fn take(&mut self, expected: &[usize]) -> Result<Vec<f32>, ImportError> {
        let (name, path) = (self.name(), self.path.to_owned());
        let Some(weight) = self.weights.remove(&name) else {
            return Err(ImportError::Missing { path, name });
        };
        if weight.shape != expected {
            let (found, expected) = (weight.shape, expected.to_vec());
            return Err(ImportError::Shape {
                path,
                name,
                found,
                expected,
            });
        }
        if let Some(value) = weight.values.iter().find(|value| !value.is_finite()) {
            let problem = format!("`{name}` has the value {value}");
            return Err(ImportError::File { path, problem });
        }
        Ok(weight.values)
    }
}

impl ModuleMapper for Filler<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.names.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.names.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.problem.is_some() {
            return param;
        }
        let shape = param.dims();
        match self.take(&shape) {
            Ok(values) => param.map(|old| {
                let plain = old.clone().inner().device();
                let new = Tensor::<D>::from_data(TensorData::new(values, shape), &plain);
                if old.is_autodiff() {
                    new.autodiff().set_require_grad(old.is_require_grad())
                } else {
                    new
                }
            }),
            Err(problem) => {
                self.problem = Some(problem);
                param
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_read() {
        for (bits, expected) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x0001, 5.960_464_5e-8),
        ] {
            assert_eq!(half_to_single(bits), expected);
        }
        assert!(half_to_single(0x7e00).is_nan() && half_to_single(0x7c00).is_infinite());
    }
}
