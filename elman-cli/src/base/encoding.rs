//! What stands around a net, for a firmware that has no elman: names of outputs, scaling, vocabularies, and in words what
//! must be done before and after a step.

use serde::Serialize;

/// Constants and instructions that travel with an exported net.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Encoding {
    /// What the firmware has to do, one sentence or formula each.
    pub remarks: Vec<String>,
    pub names: Vec<Named<String>>,
    pub numbers: Vec<Named<f64>>,
}

/// A constant list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Named<T> {
    /// In small letters, with underscores.
    pub name: String,
    /// What the items are.
    pub about: String,
    pub items: Vec<T>,
}

impl Encoding {
    /// Adds a sentence or formula.
    pub fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }

    /// Adds a list of names.
    pub fn add_names(
        &mut self,
        name: impl Into<String>,
        about: impl Into<String>,
        items: Vec<String>,
    ) {
        let (name, about) = (name.into(), about.into());
        self.names.push(Named { name, about, items });
    }

    /// Adds a list of numbers.
    pub fn add_numbers(
        &mut self,
        name: impl Into<String>,
        about: impl Into<String>,
        items: &[f64],
    ) {
        let (name, about, items) = (name.into(), about.into(), items.to_vec());
        self.numbers.push(Named { name, about, items });
    }
}
