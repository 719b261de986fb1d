//! Arguments as the words that they parse from.

use std::ffi::{OsStr, OsString};

use super::{BenchArgs, EvalArgs, ReportArgs, ReproduceArgs, ServeArgs, TrainArgs};

impl TrainArgs {
    /// The words that parse to these arguments.
    pub fn to_args(&self) -> Vec<OsString> {
        let mut words = Words::default();
        words.options("--experiment", &self.experiment);
        words.options("--backend", &self.backend);
        words.options("--seed", [self.seed.to_string()]);
        words.options("--set", &self.set);
        words.options("--config", &self.config);
        words.options("--out", &self.out);
        words.flag("--resume", self.resume);
        words.flag("--overwrite", self.overwrite);
        words.options("--data", &self.data);
        words.flag("--json", self.json);
        words.flag("--quiet", self.quiet);
        words.0
    }
}

impl EvalArgs {
    /// The words that parse to these arguments.
    pub fn to_args(&self) -> Vec<OsString> {
        let mut words = Words::default();
        words.options("--run", [&self.run]);
        words.options("--set", &self.set);
        words.flag("--best", self.best);
        words.options("--backend", &self.backend);
        words.options("--data", &self.data);
        words.flag("--json", self.json);
        words.0
    }
}

impl ReportArgs {
    /// The words that parse to these arguments.
    pub fn to_args(&self) -> Vec<OsString> {
        let mut words = Words::default();
        words.options("--out", &self.out);
        words.flag("--", !self.runs.is_empty());
        words.0.extend(self.runs.iter().map(OsString::from));
        words.0
    }
}

impl ReproduceArgs {
    /// The words that parse to these arguments.
    pub fn to_args(&self) -> Vec<OsString> {
        let mut words = Words::default();
        words.flag("--quick", self.quick);
        words.options("--only", &self.only);
        words.options("--backend", &self.backend);
        words.options("--data", &self.data);
        words.options("--out", &self.out);
        words.0
    }
}

impl ServeArgs {
    /// The words that parse to these arguments.
    pub fn to_args(&self) -> Vec<OsString> {
        let mut words = Words::default();
        words.options("--backend", &self.backend);
        words.options("--address", [&self.address]);
        words.0
    }
}

impl BenchArgs {
    /// The words that parse to these arguments.
    pub fn to_args(&self) -> Vec<OsString> {
        let mut words = Words::default();
        words.flag("--vs-pytorch", self.vs_pytorch);
        words.options("--python", &self.python);
        words.options("--threads", self.threads.map(|number| number.to_string()));
        words.options("--repeat", [self.repeat.to_string()]);
        words.options("--only", &self.only);
        words.flag("--noise", self.noise);
        words.flag("--memory", self.memory);
        words.flag("--json", self.json);
        words.0
    }
}

/// A command line in the making.
#[derive(Default)]
struct Words(Vec<OsString>);

impl Words {
    fn flag(&mut self, name: &str, is_given: bool) {
        if is_given {
            self.0.push(name.into());
        }
    }

    fn options(&mut self, name: &str, values: impl IntoIterator<Item = impl AsRef<OsStr>>) {
        for value in values {
            let value = value.as_ref();
            // A word of its own is easier to read, but one with a dash would be taken for an option.
            if value.as_encoded_bytes().starts_with(b"-") {
                let mut word = OsString::from(name);
                word.push("=");
                word.push(value);
                self.0.push(word);
            } else {
                self.0.extend([name.into(), value.to_owned()]);
            }
        }
    }
}
