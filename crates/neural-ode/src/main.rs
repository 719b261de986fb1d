//! The experiments of Neural Ordinary Differential Equations: `neural-ode --help`.

papers_core::program!(neural_ode::paper());
