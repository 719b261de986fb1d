//! A tensor that forward passes update and optimizers leave alone.

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::{
    module::{
        Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor, Param, ParamId,
    },
    prelude::*,
};

/// Running average of a statistic, saved with the weights of its module.
///
/// It lives on the plain device, also in a module that trains, and never asks for a gradient. Unlike Burn's
/// `RunningState` it has the parameter id that a mapper gives it, so that equal modules make equal records; an update
/// is visible at once; and a clone is a copy of its own, as it is with parameters once they are mapped.
pub struct RunningAverage(Mutex<Param<Tensor<1>>>);

impl RunningAverage {
    /// An average that starts at `value`.
    ///
    /// # Shapes
    ///
    /// - value: `[channels]`
    pub fn new(value: Tensor<1>) -> Self {
        Self::of(ParamId::new(), value)
    }

    /// Where the average stands, on the plain device.
    ///
    /// # Shapes
    ///
    /// - output: `[channels]`
    pub fn value(&self) -> Tensor<1> {
        self.lock().val()
    }

    /// Goes to `keep · average + (1 - keep) · observed`.
    ///
    /// # Shapes
    ///
    /// - observed: `[channels]`
    pub fn update(&self, observed: Tensor<1>, keep: f64) {
        let mut average = self.lock();
        let value = average.val() * keep + observed.inner() * (1.0 - keep);
        *average = Param::initialized(average.id, value);
    }

    fn of(id: ParamId, value: Tensor<1>) -> Self {
        Self(Mutex::new(Param::initialized(id, value.inner())))
    }

    fn lock(&self) -> MutexGuard<'_, Param<Tensor<1>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_param(self) -> Param<Tensor<1>> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for RunningAverage {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.lock().clone()))
    }
}

impl std::fmt::Debug for RunningAverage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RunningAverage {{ id: {} }}", self.lock().id)
    }
}

impl Module for RunningAverage {
    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        visitor.visit_float(&self.lock().clone());
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        let mapped = mapper.map_float(self.into_param());
        Self::of(mapped.id, mapped.val())
    }

    /// Its device is that of the parameters beside it.
    fn collect_devices(&self, devices: Devices) -> Devices {
        devices
    }

    fn to_device(self, device: &Device) -> Self {
        let param = self.into_param();
        Self::of(param.id, param.val().to_device(device))
    }

    fn fork(self, device: &Device) -> Self {
        self.to_device(device)
    }

    fn train(self) -> Self {
        self
    }

    fn valid(&self) -> Self {
        self.clone()
    }

    fn materialize(self) -> Self {
        self
    }
}

impl ModuleDisplayDefault for RunningAverage {
    fn content(&self, content: Content) -> Option<Content> {
        let channels = self.lock().dims()[0];
        content
            .add_formatted(&format!("RunningAverage {{channels: {channels}}}"))
            .optional()
    }
}

impl ModuleDisplay for RunningAverage {}
