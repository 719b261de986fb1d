//! The equations of the reference files by name.

use std::ops::Deref;

use burn::prelude::*;
use papers_core::testing::{device, tensor_f64, values};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

type Slope = dyn Fn(f64, &[f64]) -> Vec<f64>;

/// An equation with its initial state, as the files describe it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Problem {
    #[serde(rename = "problem")]
    pub(crate) name: String,
    /// In words; `slope` has it as code.
    #[serde(rename = "equation")]
    _equation: Option<String>,
    #[serde(default)]
    params: Value,
    pub(crate) y0: Vec<f64>,
}

/// A case together with the fields of its equation. Every other field must be one of the case.
pub(crate) struct Posed<T> {
    pub(crate) problem: Problem,
    case: T,
}

impl<T> Deref for Posed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.case
    }
}

impl<'de, T: de::DeserializeOwned> Deserialize<'de> for Posed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::<String, Value>::deserialize(deserializer)?;
        let is_of_problem = |name: &str| ["problem", "equation", "params", "y0"].contains(&name);
        let (problem, case): (Map<_, _>, Map<_, _>) = fields.into_iter().partition(|(name, _)| is_of_problem(name));
        Ok(Self {
            problem: serde_json::from_value(Value::Object(problem)).map_err(de::Error::custom)?,
            case: serde_json::from_value(Value::Object(case)).map_err(de::Error::custom)?,
        })
    }
}

impl Problem {
    pub(crate) fn initial(&self) -> Tensor<1> {
        tensor(&self.y0)
    }

    /// The right-hand side on tensors. It computes on the host: what is tested is the solver.
    pub(crate) fn dynamics(&self) -> impl Fn(f64, Tensor<1>) -> Tensor<1> {
        let slope = self.slope();
        move |time, state| tensor(&slope(time, &values(state)))
    }

    fn slope(&self) -> Box<Slope> {
        let number = |name: &str| self.number(name);
        match self.name.as_str() {
            "linear_decay" => {
                let rate = number("lam");
                Box::new(move |_, y| y.iter().map(|y| -rate * y).collect())
            }
            "harmonic" => {
                let square = number("w2");
                Box::new(move |_, y| vec![y[1], -square * y[0]])
            }
            "van_der_pol" => {
                let damping = number("mu");
                Box::new(move |_, y| vec![y[1], damping * (1.0 - y[0] * y[0]) * y[1] - y[0]])
            }
            "lorenz" => {
                let (s, r, b) = (number("s"), number("r"), number("b"));
                Box::new(move |_, y| vec![s * (y[1] - y[0]), y[0] * (r - y[2]) - y[1], y[0] * y[1] - b * y[2]])
            }
            "lotka_volterra" => {
                let (a, b, c, d) = (number("a"), number("b"), number("c"), number("d"));
                Box::new(move |_, y| vec![a * y[0] - b * y[0] * y[1], d * y[0] * y[1] - c * y[1]])
            }
            "rossler" => {
                let (a, b, c) = (number("a"), number("b"), number("c"));
                Box::new(move |_, y| vec![-y[1] - y[2], y[0] + a * y[1], b + y[2] * (y[0] - c)])
            }
            "cubic_spiral" => {
                let matrix: [[f64; 2]; 2] = serde_json::from_value(self.params["A"].clone()).expect("a 2x2 matrix");
                Box::new(move |_, y| {
                    let cubes = [y[0].powi(3), y[1].powi(3)];
                    let column = |index: usize| cubes[0] * matrix[0][index] + cubes[1] * matrix[1][index];
                    vec![column(0), column(1)]
                })
            }
            "forced_scalar" => Box::new(|t, y| y.iter().map(|y| (3.0 * t).cos() - 0.5 * t * y).collect()),
            "duffing_forced" => Box::new(|t, y| {
                let force = 0.3 * (1.2 * t).cos();
                vec![y[1], -0.2 * y[1] + y[0] - y[0].powi(3) + force]
            }),
            "exp_reverse" => Box::new(|t, y| vec![y[0] * t.sin(), -0.3 * y[1] + 0.1 * t]),
            "backward_logistic" => Box::new(|t, y| {
                let season = 1.0 + 0.2 * t.sin();
                y.iter().map(|y| y * (1.0 - y / 2.5) * season).collect()
            }),
            "zero_field" => Box::new(|_, y| vec![0.0; y.len()]),
            other => panic!("no equation is called {other}"),
        }
    }

    fn number(&self, name: &str) -> f64 {
        match &self.params[name] {
            Value::String(fraction) => {
                let (numerator, denominator) = fraction.split_once('/').expect("a number or a fraction");
                numerator.parse::<f64>().expect("a number") / denominator.parse::<f64>().expect("a number")
            }
            number => number.as_f64().expect("a number"),
        }
    }
}

pub(crate) fn tensor(numbers: &[f64]) -> Tensor<1> {
    tensor_f64(numbers.to_vec(), [numbers.len()], &device())
}

#[test]
fn every_equation_of_the_table_is_known() {
    let names = [
        ("linear_decay", "{\"lam\": 2.0}"),
        ("harmonic", "{\"w2\": 2.0}"),
        ("van_der_pol", "{\"mu\": 2.0}"),
        ("lorenz", "{\"s\": 10.0, \"r\": 28.0, \"b\": 2.5}"),
        ("lotka_volterra", "{\"a\": 1.0, \"b\": 2.0, \"c\": 3.0, \"d\": 4.0}"),
        ("rossler", "{\"a\": 0.2, \"b\": 0.2, \"c\": 5.7}"),
        ("cubic_spiral", "{\"A\": [[-0.1, 2.0], [-2.0, -0.1]]}"),
        ("forced_scalar", "{}"),
        ("duffing_forced", "{}"),
        ("exp_reverse", "{}"),
        ("backward_logistic", "{}"),
        ("zero_field", "{}"),
    ];
    for (name, params) in names {
        let text = format!("{{\"problem\": \"{name}\", \"params\": {params}, \"y0\": [1.0, 2.0, 3.0]}}");
        let problem: Problem = serde_json::from_str(&text).unwrap();
        let slope = values(problem.dynamics()(0.5, problem.initial()));
        assert!(slope.iter().all(|slope| slope.is_finite()), "{name}");
    }
}

#[test]
fn a_field_that_no_case_reads_is_an_error() {
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Case {
        h: f64,
    }
    let read = |text: &str| serde_json::from_str::<Posed<Case>>(text);
    let posed = read(r#"{"problem": "zero_field", "equation": "y'=0", "y0": [1.0], "h": 0.5}"#).unwrap();
    assert!(posed.problem.name == "zero_field" && posed.h == 0.5);
    let error = read(r#"{"problem": "zero_field", "y0": [1.0], "h": 0.5, "k": 1}"#)
        .err()
        .expect("`k`");
    assert!(error.to_string().contains("`k`"), "{error}");
}
