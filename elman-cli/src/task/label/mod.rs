//! Labelling: a label for every token or row of numbers.

mod args;
mod chain;
mod confidence;
mod counts;
mod decoder;
mod evidence;
mod first;
mod judge;
mod labels;
mod lattice;
mod meaning;
mod mistakes;
mod model;
mod paired;
mod predict;
mod raw;
mod reliability;
mod row;
mod scores;
mod targets;
mod task;
mod why;

pub use args::LabelArgs;
pub use counts::LabelCounts;
pub use labels::Labels;
pub use meaning::{LabelMeaning, TASK};
pub use model::LabelModel;
pub use raw::fit;
pub use row::{best, nats};
pub use targets::{NamedTargets, TargetNames};
