//! Weights of a backbone from a file: our own names, or those of PyTorch's Xception (`conv1`, `block1.rep.0.conv1`, ..).

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    prelude::*,
};
use papers_core::{Error, Result, base::commit};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::Backbone;

/// Takes all weights of a backbone from a safetensors file of 32-bit numbers; other tensors of the file, such as those of a
/// classifier, are passed over.
///
/// # Errors
///
/// A file that cannot be read, or that lacks a tensor or has one of another shape; all of them are named.
pub fn load_backbone(backbone: Backbone, path: &Path) -> Result<Backbone> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    let problem = |problem: String| Error::Usage(format!("weights {}: {problem}", path.display()));
    let file = SafeTensors::deserialize(&bytes).map_err(|error| problem(error.to_string()))?;
    let mut tensors = HashMap::new();
    for (name, view) in file.tensors() {
        if view.dtype() == Dtype::F32 {
            let values: Vec<f32> = view
                .data()
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
                .collect();
            tensors.insert(name, (view.shape().to_vec(), values));
        }
    }
    let mut loader = Loader {
        tensors,
        path: Vec::new(),
        problems: Vec::new(),
    };
    let loaded = backbone.map(&mut loader);
    if loader.problems.is_empty() {
        return Ok(loaded);
    }
    let count = loader.problems.len();
    loader.problems.truncate(5);
    Err(problem(format!(
        "{count} tensors do not fit ({}, ..); a file for this backbone has the names that a run's own `weights/base.safetensors` has, or \
         those of PyTorch's Xception, in 32 bits",
        loader.problems.join(", ")
    )))
}

/// Writes all weights of a backbone as safetensors under our own names.
///
/// # Errors
///
/// Weights that cannot be read from the device, and a file that cannot be written.
pub fn save_backbone(backbone: &Backbone, path: &Path) -> Result<()> {
    let mut saver = Saver::default();
    backbone.visit(&mut saver);
    let views: std::result::Result<BTreeMap<&String, TensorView<'_>>, _> = saver
        .tensors
        .iter()
        .map(|(name, (shape, bytes))| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect();
    let refused = |error: safetensors::SafeTensorError| Error::Usage(error.to_string());
    let file = safetensors::serialize(views.map_err(refused)?, None).map_err(refused)?;
    Ok(commit::bytes(path, &file)?)
}

#[derive(Default)]
struct Saver {
    path: Vec<String>,
    tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)>,
}

impl ModuleVisitor for Saver {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let shape = value.dims().to_vec();
        let bytes = value.into_data().iter::<f32>().flat_map(f32::to_le_bytes).collect();
        self.tensors.insert(self.path.join("."), (shape, bytes));
    }
}

struct Loader {
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
    path: Vec<String>,
    problems: Vec<String>,
}

impl Loader {
    /// The tensor of a parameter under any of its names.
    fn take(&mut self, name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
        let short = name.split_once('.').map_or(name, |(_, rest)| rest);
        let mut names = vec![name.to_owned(), short.to_owned()];
        names.extend([name, short].map(|name| format!("backbone.{name}")));
        names.extend(pytorch(short));
        names.iter().find_map(|name| self.tensors.remove(name))
    }
}

impl ModuleMapper for Loader {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.join(".");
        let (id, value, mapper) = param.consume();
        let expected = value.dims();
        let loaded = match self.take(&name) {
            Some((shape, values)) if shape == expected => {
                let data = TensorData::new(values, expected);
                Tensor::from_data(data, &value.device()).set_require_grad(value.is_require_grad())
            }
            Some((shape, _)) => {
                self.problems
                    .push(format!("`{name}` has {shape:?}, {expected:?} are needed"));
                value
            }
            None => {
                self.problems.push(format!("`{name}` is missing"));
                value
            }
        };
        Param::from_mapped_value(id, loaded, mapper)
    }
}

/// What PyTorch's Xception calls a parameter of ours.
///
/// Its first block has no rectifier at the beginning, so that places in it are one less.
fn pytorch(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('.').collect();
    let number = |place: usize| parts.get(place)?.parse::<usize>().ok();
    // `.1.norm.scale` and the like, from place `at` on.
    let of_norm = |at: usize| match *parts.get(at)? {
        "scale" => Some("weight"),
        "shift" => Some("bias"),
        "running_mean" => Some("running_mean"),
        "running_variance" => Some("running_var"),
        _ => None,
    };
    let separable = |at: usize, prefix: String, norm: String| match *parts.get(at)? {
        "depthwise" => Some(format!("{prefix}.conv1.weight")),
        "pointwise" => Some(format!("{prefix}.pointwise.weight")),
        "norm" => Some(format!("{norm}.{}", of_norm(at + 1)?)),
        _ => None,
    };
    let in_block = |block: usize, layer: usize, at: usize| {
        let place = 3 * layer + usize::from(block > 1);
        let prefix = format!("block{block}.rep");
        separable(at, format!("{prefix}.{place}"), format!("{prefix}.{}", place + 1))
    };
    let of_entry = |block: usize, at: usize| match *parts.get(at)? {
        "first" => in_block(block, 0, at + 1),
        "second" => in_block(block, 1, at + 1),
        "shortcut" => match *parts.get(at + 1)? {
            "convolution" => Some(format!("block{block}.skip.weight")),
            _ => Some(format!("block{block}.skipbn.{}", of_norm(at + 2)?)),
        },
        _ => None,
    };
    match parts[0] {
        "stem" => match *parts.get(2)? {
            "convolution" => Some(format!("conv{}.weight", number(1)? + 1)),
            _ => Some(format!("bn{}.{}", number(1)? + 1, of_norm(3)?)),
        },
        "entry" => of_entry(number(1)? + 1, 2),
        "middle" => in_block(number(1)? + 4, number(2)?, 3),
        "exit" => of_entry(12, 1),
        "last" => {
            let layer = number(1)? + 3;
            separable(2, format!("conv{layer}"), format!("bn{layer}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::pytorch;

    #[test]
    fn names_are_those_of_pytorch() {
        for (ours, theirs) in [
            ("stem.0.convolution.weight", "conv1.weight"),
            ("stem.1.norm.running_variance", "bn2.running_var"),
            ("entry.0.first.depthwise", "block1.rep.0.conv1.weight"),
            ("entry.0.second.norm.scale", "block1.rep.4.weight"),
            ("entry.2.second.pointwise.weight", "block3.rep.4.pointwise.weight"),
            ("entry.1.shortcut.norm.shift", "block2.skipbn.bias"),
            ("middle.0.2.norm.running_mean", "block4.rep.8.running_mean"),
            ("middle.7.0.depthwise", "block11.rep.1.conv1.weight"),
            ("exit.shortcut.convolution.weight", "block12.skip.weight"),
            ("last.1.pointwise.weight", "conv4.pointwise.weight"),
            ("last.0.norm.shift", "bn3.bias"),
        ] {
            assert_eq!(pytorch(ours).as_deref(), Some(theirs), "{ours}");
        }
        assert_eq!(pytorch("head.weight"), None);
    }
}
