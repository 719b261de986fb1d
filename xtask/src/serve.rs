//! Lending a device of this machine to training elsewhere.

use std::process::{Command, ExitCode};

use papers_base::cli::ServeArgs;

use crate::{
    compile,
    papers::{self, ALL_BACKENDS, DEFAULT_BACKEND, Misuse, REMOTE, UnknownName},
    process,
    workspace::Workspace,
};

/// The program, and the package that it is in.
const PROGRAM: &str = "serve-device";
const PACKAGE: &str = "papers-core";

pub(crate) fn run(workspace: &Workspace, arguments: &ServeArgs) -> anyhow::Result<ExitCode> {
    let features = features(arguments.backend.as_deref())?;
    let program = compile::build_program(workspace, PACKAGE, PROGRAM, &features)?;
    let mut command = Command::new(program);
    command.args(arguments.to_args());
    process::replace(command)
}

/// The features to build for a device as it is named at run time, such as `wgpu:1`.
///
/// With the default backend they are those that training on the other side is built with, so that a machine that tries
/// both compiles Burn once.
fn features(backend: Option<&str>) -> anyhow::Result<String> {
    let backend = backend.unwrap_or(DEFAULT_BACKEND);
    let name = backend.split(':').next().unwrap_or_default();
    let served = || {
        papers::BACKENDS
            .into_iter()
            .filter(|known| ![REMOTE, ALL_BACKENDS].contains(known))
    };
    match name {
        DEFAULT_BACKEND => Ok(REMOTE.to_owned()),
        REMOTE => Err(Misuse("a device of another machine cannot be served again; name a backend of this one").into()),
        _ if served().any(|known| known == name) => Ok(format!("{REMOTE},{name}")),
        _ => Err(UnknownName::new("backend", name, served()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backend_is_built_with_the_server() {
        assert_eq!(features(None).unwrap(), "remote");
        assert_eq!(features(Some("flex")).unwrap(), "remote");
        assert_eq!(features(Some("cuda:1")).unwrap(), "remote,cuda");
    }

    #[test]
    fn only_backends_of_this_machine_are_served() {
        assert!(features(Some("remote:host:1")).unwrap_err().is::<Misuse>());
        let error = features(Some("all-backends")).unwrap_err().to_string();
        assert!(error.ends_with("there are: flex, ndarray, wgpu, cuda"), "{error}");
    }
}
