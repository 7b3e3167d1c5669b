//! What a net's numbers mean: a folder per task, and what all trained nets can do.

pub mod args;
mod class_weights;
pub mod classify;
pub mod echo;
pub mod forecast;
mod groups;
pub mod label;
pub mod registry;
pub mod temperature;
pub mod text;
pub mod trained;
pub mod values;
mod word_vectors;
