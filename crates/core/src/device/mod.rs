//! Where it runs: from a backend's name to a `Device`, with probing and errors that say what to do.

pub mod pool;
#[cfg(feature = "remote")]
pub mod remote;

use burn::prelude::Device;

use crate::{Error, Result};

/// Every backend that computes on this machine with its feature flag, in the order of preference of the documentation.
pub const BACKENDS: [&str; 4] = ["flex", "ndarray", "wgpu", "cuda"];

/// The backend, and the feature flag, of devices that another machine serves; it is named with an address.
pub const REMOTE: &str = "remote";

/// What one backend can do in this build on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// Usable; names of its adapters, if it has any.
    Ready(Vec<String>),
    /// Not part of this build.
    NotCompiled,
    /// Compiled in, but the machine has nothing to run it on; why.
    NoAdapter(String),
}

/// Names of the backends compiled into this build.
pub fn compiled() -> Vec<&'static str> {
    BACKENDS.into_iter().filter(|name| is_compiled(name)).collect()
}

/// The backend used where none is named: the first one compiled in.
///
/// # Errors
///
/// [`Error::BackendMissing`] in a build without any backend.
pub fn default_backend() -> Result<&'static str> {
    compiled().first().copied().ok_or_else(|| Error::BackendMissing {
        name: "flex".to_owned(),
        compiled: "none".to_owned(),
    })
}

/// The plain (not autodiff) device of a backend: `flex`, `ndarray`, `wgpu` or `cuda`, the latter two optionally with
/// an index, as in `cuda:1`; or `remote` with the address of a server, as in `remote:127.0.0.1:4777`.
///
/// The adapter is probed, and the server is greeted, before it is returned, so that a missing one is an error here and not a panic in training.
///
/// # Errors
///
/// [`Error::BackendUnknown`], [`Error::BackendMissing`], [`Error::NoAdapter`] or [`Error::Remote`], each with a remedy.
pub fn resolve(name: &str) -> Result<Device> {
    if is_remote(name) {
        return connect(name);
    }
    let (backend, index) = split(name)?;
    match availability(backend) {
        Availability::NotCompiled => Err(Error::BackendMissing {
            name: backend.to_owned(),
            compiled: compiled().join(", "),
        }),
        Availability::NoAdapter(reason) => Err(Error::NoAdapter {
            name: backend.to_owned(),
            reason,
            remedy: remedy(backend),
        }),
        Availability::Ready(adapters) => {
            if index.is_some_and(|index| index >= adapters.len()) {
                return Err(Error::NoAdapter {
                    name: name.to_owned(),
                    reason: format!("there are {} adapters", adapters.len()),
                    remedy: "choose an index that `cargo xtask doctor` lists",
                });
            }
            Ok(open(backend, index))
        }
    }
}

/// Probes one backend. Opening a GPU driver may take a second.
pub fn availability(backend: &str) -> Availability {
    if !is_compiled(backend) {
        return Availability::NotCompiled;
    }
    match backend {
        #[cfg(feature = "wgpu")]
        "wgpu" => adapters(burn::tensor::DeviceType::Wgpu),
        #[cfg(feature = "cuda")]
        "cuda" => adapters(burn::tensor::DeviceType::Cuda),
        _ => Availability::Ready(Vec::new()),
    }
}

fn is_compiled(backend: &str) -> bool {
    match backend {
        "flex" => cfg!(feature = "flex"),
        "ndarray" => cfg!(feature = "ndarray"),
        "wgpu" => cfg!(feature = "wgpu"),
        "cuda" => cfg!(feature = "cuda"),
        REMOTE => cfg!(feature = "remote"),
        _ => false,
    }
}

/// Whether this names a device of another machine.
fn is_remote(name: &str) -> bool {
    name.split(':').next() == Some(REMOTE)
}

#[cfg(feature = "remote")]
fn connect(name: &str) -> Result<Device> {
    remote::connect(name.split_once(':').map_or("", |(_, address)| address))
}

#[cfg(not(feature = "remote"))]
fn connect(_: &str) -> Result<Device> {
    Err(Error::BackendMissing {
        name: REMOTE.to_owned(),
        compiled: compiled().join(", "),
    })
}

fn split(name: &str) -> Result<(&str, Option<usize>)> {
    let unknown = || Error::BackendUnknown {
        name: name.to_owned(),
        known: format!("{}, {REMOTE}:ADDRESS", BACKENDS.join(", ")),
    };
    let (backend, index) = match name.split_once(':') {
        Some((backend, index)) => (backend, Some(index.parse().map_err(|_| unknown())?)),
        None => (name, None),
    };
    let has_index = matches!(backend, "wgpu" | "cuda");
    if !BACKENDS.contains(&backend) || (index.is_some() && !has_index) {
        return Err(unknown());
    }
    Ok((backend, index))
}

fn open(backend: &str, index: Option<usize>) -> Device {
    let _ = index;
    match backend {
        #[cfg(feature = "flex")]
        "flex" => Device::flex(),
        #[cfg(feature = "ndarray")]
        #[expect(deprecated, reason = "kept as the second opinion of the flex backend")]
        "ndarray" => Device::ndarray(),
        #[cfg(feature = "wgpu")]
        "wgpu" => nth(burn::tensor::DeviceType::Wgpu, index)
            .unwrap_or_else(|| Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(feature = "cuda")]
        "cuda" => Device::cuda(index.unwrap_or(0)),
        other => unreachable!("`{other}` was checked to be compiled in"),
    }
}

#[cfg(feature = "wgpu")]
fn nth(kind: burn::tensor::DeviceType, index: Option<usize>) -> Option<Device> {
    Device::enumerate(kind).into_vec().into_iter().nth(index?)
}

/// Drivers report trouble in different ways, some by a panic: both become a reason.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn adapters(kind: burn::tensor::DeviceType) -> Availability {
    let found = std::panic::catch_unwind(|| {
        let devices = Device::enumerate(kind).into_vec();
        devices.iter().map(|device| format!("{device:?}")).collect::<Vec<_>>()
    });
    match found {
        Ok(names) if names.is_empty() => Availability::NoAdapter("none was enumerated".to_owned()),
        Ok(names) => Availability::Ready(names),
        Err(_) => Availability::NoAdapter("the driver could not be opened".to_owned()),
    }
}

fn remedy(backend: &str) -> &'static str {
    match backend {
        "wgpu" => {
            "install a Vulkan driver (on Debian without a GPU: `apt install libvulkan1 mesa-vulkan-drivers`), or use `--backend flex`"
        }
        _ => "check the driver with `nvidia-smi`, or use `--backend flex`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let message = resolve("gpu").expect_err("no such backend").to_string();
        assert!(message.contains("flex, ndarray, wgpu, cuda"), "{message}");
    }

    #[test]
    fn a_backend_outside_the_build_names_its_remedy() {
        let Some(missing) = BACKENDS.into_iter().find(|name| !is_compiled(name)) else {
            return;
        };
        let message = resolve(missing).expect_err("not compiled").to_string();
        assert!(message.contains(&format!("--backend {missing}")), "{message}");
    }

    #[cfg(not(feature = "remote"))]
    #[test]
    fn a_build_without_the_remote_backend_says_so() {
        let message = resolve("remote:127.0.0.1:4777").expect_err("not compiled").to_string();
        assert!(message.contains("--features remote"), "{message}");
    }

    #[test]
    fn the_default_backend_opens() {
        let name = default_backend().expect("tests compile a backend in");
        assert!(!resolve(name).expect("the default works").is_autodiff());
    }

    #[test]
    fn an_index_needs_a_backend_with_several_devices() {
        assert!(matches!(resolve("flex:1"), Err(Error::BackendUnknown { .. })));
    }
}
