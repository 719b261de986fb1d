//! The solvers by name.

use std::{fmt, str::FromStr};

use papers_core::base::suggest::nearest;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::tableau::{self, Tableau};

/// A numerical method for ordinary differential equations.
///
/// Written and read, also in configurations, as its [`name`](Self::name).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Euler's method, order 1, fixed step.
    Euler,
    /// The midpoint method, order 2, fixed step.
    Midpoint,
    /// Heun's method, order 2, fixed step.
    Heun2,
    /// Ralston's method, order 2, fixed step.
    Ralston2,
    /// Heun's method of order 3, fixed step.
    Heun3,
    /// Kutta's 3/8 rule, order 4, fixed step.
    Rk4,
    /// The classic Runge-Kutta method, order 4, fixed step.
    Rk4Classic,
    /// Adams-Bashforth of up to the order asked for, fixed step.
    ExplicitAdams,
    /// Adams-Bashforth corrected by Adams-Moulton, fixed step.
    ImplicitAdams,
    /// Euler's implicit method, order 1, fixed step, for stiff equations with small states.
    ImplicitEuler,
    /// The implicit midpoint method, order 2, fixed step, for stiff equations with small states.
    ImplicitMidpoint,
    /// The trapezoidal rule, order 2, fixed step, for stiff equations with small states.
    Trapezoid,
    /// Heun's method, order 2(1), adaptive steps.
    AdaptiveHeun,
    /// Fehlberg's method, order 2(1), adaptive steps.
    Fehlberg2,
    /// Bogacki and Shampine's method, order 3(2), adaptive steps.
    Bosh3,
    /// Dormand and Prince's method, order 5(4), adaptive steps.
    Dopri5,
    /// Tsitouras' method, order 5(4), adaptive steps.
    Tsit5,
    /// Prince and Dormand's method, order 8(7), adaptive steps.
    Dopri8,
    /// Kværnø's method, order 3(2), adaptive steps, for stiff equations with small states.
    Kvaerno3,
    /// Adams methods of orders 1 to 12 that choose their order and their steps.
    VariableAdams,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 20] = [
        Self::Euler,
        Self::Midpoint,
        Self::Heun2,
        Self::Ralston2,
        Self::Heun3,
        Self::Rk4,
        Self::Rk4Classic,
        Self::ExplicitAdams,
        Self::ImplicitAdams,
        Self::ImplicitEuler,
        Self::ImplicitMidpoint,
        Self::Trapezoid,
        Self::AdaptiveHeun,
        Self::Fehlberg2,
        Self::Bosh3,
        Self::Dopri5,
        Self::Tsit5,
        Self::Dopri8,
        Self::Kvaerno3,
        Self::VariableAdams,
    ];

    /// Its name, as in "rk4_classic".
    pub const fn name(self) -> &'static str {
        match self {
            Self::Euler => "euler",
            Self::Midpoint => "midpoint",
            Self::Heun2 => "heun2",
            Self::Ralston2 => "ralston2",
            Self::Heun3 => "heun3",
            Self::Rk4 => "rk4",
            Self::Rk4Classic => "rk4_classic",
            Self::ExplicitAdams => "explicit_adams",
            Self::ImplicitAdams => "implicit_adams",
            Self::ImplicitEuler => "implicit_euler",
            Self::ImplicitMidpoint => "implicit_midpoint",
            Self::Trapezoid => "trapezoid",
            Self::AdaptiveHeun => "adaptive_heun",
            Self::Fehlberg2 => "fehlberg2",
            Self::Bosh3 => "bosh3",
            Self::Dopri5 => "dopri5",
            Self::Tsit5 => "tsit5",
            Self::Dopri8 => "dopri8",
            Self::Kvaerno3 => "kvaerno3",
            Self::VariableAdams => "variable_adams",
        }
    }

    /// Whether it chooses its own steps by an error estimate.
    pub fn is_adaptive(self) -> bool {
        self == Self::VariableAdams || self.tableau().is_some_and(|tableau| tableau.embedded.is_some())
    }

    /// Whether every step solves equations with a Jacobian: for stiff equations, and small states only.
    pub fn is_implicit(self) -> bool {
        self.tableau().is_some_and(Tableau::is_implicit)
    }

    /// Whether its steps use slopes of those before.
    pub const fn is_multistep(self) -> bool {
        matches!(self, Self::ExplicitAdams | Self::ImplicitAdams | Self::VariableAdams)
    }

    /// Its coefficients; `None` for the Adams methods, which have [`tableau::adams`].
    pub const fn tableau(self) -> Option<&'static Tableau> {
        Some(match self {
            Self::ExplicitAdams | Self::ImplicitAdams | Self::VariableAdams => return None,
            Self::ImplicitEuler => &tableau::IMPLICIT_EULER,
            Self::ImplicitMidpoint => &tableau::IMPLICIT_MIDPOINT,
            Self::Trapezoid => &tableau::TRAPEZOID,
            Self::Kvaerno3 => &tableau::KVAERNO3,
            Self::Euler => &tableau::EULER,
            Self::Midpoint => &tableau::MIDPOINT,
            Self::Heun2 => &tableau::HEUN2,
            Self::Ralston2 => &tableau::RALSTON2,
            Self::Heun3 => &tableau::HEUN3,
            Self::Rk4 => &tableau::RK4,
            Self::Rk4Classic => &tableau::RK4_CLASSIC,
            Self::AdaptiveHeun => &tableau::ADAPTIVE_HEUN,
            Self::Fehlberg2 => &tableau::FEHLBERG2,
            Self::Bosh3 => &tableau::BOSH3,
            Self::Dopri5 => &tableau::DOPRI5,
            Self::Tsit5 => &tableau::TSIT5,
            Self::Dopri8 => &tableau::DOPRI8,
        })
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, UnknownMethod> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == name)
            .ok_or_else(|| UnknownMethod { name: name.to_owned() })
    }
}

impl Serialize for Method {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A name that no method has. Its message lists those there are and points to the nearest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownMethod {
    /// The name asked for.
    pub name: String,
}

impl UnknownMethod {
    /// The method whose name is most like it, if any is.
    pub fn nearest(&self) -> Option<Method> {
        nearest(&self.name, Method::ALL.map(Method::name))?.parse().ok()
    }
}

impl std::error::Error for UnknownMethod {}

impl fmt::Display for UnknownMethod {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "unknown method `{}`", self.name)?;
        if let Some(method) = self.nearest() {
            write!(formatter, "; did you mean `{method}`?")?;
        }
        write!(formatter, " (known: {})", Method::ALL.map(Method::name).join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_as_their_methods() {
        for method in Method::ALL {
            assert_eq!(method.name().parse(), Ok(method));
            assert_eq!(
                method.tableau().map_or(method.name(), |tableau| tableau.name),
                method.name()
            );
            let text = serde_json::to_string(&method).unwrap();
            assert_eq!(text, format!("\"{method}\""));
            assert_eq!(serde_json::from_str::<Method>(&text).unwrap(), method);
        }
    }

    #[test]
    fn eight_methods_are_adaptive() {
        let adaptive: Vec<_> = Method::ALL
            .into_iter()
            .filter(|method| method.is_adaptive())
            .map(Method::name)
            .collect();
        assert_eq!(
            adaptive,
            [
                "adaptive_heun",
                "fehlberg2",
                "bosh3",
                "dopri5",
                "tsit5",
                "dopri8",
                "kvaerno3",
                "variable_adams"
            ]
        );
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_and_all_others() {
        for (name, nearest) in [("tist5", "tsit5"), ("RK4", "rk4"), ("rk4-classic", "rk4_classic")] {
            let error = name.parse::<Method>().unwrap_err();
            let message = error.to_string();
            assert!(
                message.contains(&format!("`{name}`; did you mean `{nearest}`?")),
                "{message}"
            );
            assert!(
                Method::ALL.iter().all(|method| message.contains(method.name())),
                "{message}"
            );
        }
        assert!(
            !"gauss_legendre"
                .parse::<Method>()
                .unwrap_err()
                .to_string()
                .contains("mean")
        );
        let error = serde_json::from_str::<Method>("\"bosh4\"").unwrap_err().to_string();
        assert!(error.contains("did you mean `bosh3`?"), "{error}");
    }
}
