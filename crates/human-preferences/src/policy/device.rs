use burn::{module::Module, prelude::*};

/// The plain device that a network is on.
///
/// # Panics
///
/// If it has no parameter.
pub(crate) fn device_of<M: Module>(module: &M) -> Device {
    let device = module.devices().into_iter().next();
    device.expect("a network has parameters").inner()
}

/// Whether tensors are in the host's memory, where several threads can work on parts of a batch.
#[cfg(feature = "flex")]
pub(crate) fn is_host(device: &Device) -> bool {
    let probe = Tensor::<1>::zeros([1], device);
    probe.try_into_primitive::<burn::backend::Flex>().is_ok()
}

/// Whether tensors are in the host's memory, where several threads can work on parts of a batch.
#[cfg(not(feature = "flex"))]
pub(crate) fn is_host(_: &Device) -> bool {
    false
}

/// Puts `rows` rows of numbers on the device.
///
/// # Shapes
///
/// - output: `[rows, values / rows]`
pub(crate) fn upload(values: &[f32], rows: usize, device: &Device) -> Tensor<2> {
    let size = values.len() / rows.max(1);
    Tensor::from_data(TensorData::new(values.to_vec(), [rows, size]), device)
}
