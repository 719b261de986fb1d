use std::{
    path::Path,
    process::{Command, Output},
};

/// A paper's program, as it is called: `Program(env!("CARGO_BIN_EXE_name"))`.
#[derive(Debug, Clone, Copy)]
pub struct Program(pub &'static str);

impl Program {
    /// Runs it in a folder to its end.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub fn run(self, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.0);
        let command = command.current_dir(folder).args(arguments);
        command.output().expect("the program can be started")
    }

    /// What it prints.
    ///
    /// # Panics
    ///
    /// If it fails.
    #[track_caller]
    pub fn done(self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.run(folder, arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What it says when it refuses something.
    ///
    /// # Panics
    ///
    /// If it does not refuse it, or panics itself.
    #[track_caller]
    pub fn refused(self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.run(folder, arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!error.contains("panicked"), "{arguments:?}: {error}");
        error
    }
}
