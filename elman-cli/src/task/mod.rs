//! What a net's numbers mean: a folder per task, and what all trained nets can do.

pub mod args;
mod class_weights;
pub mod classify;
mod curve;
pub mod echo;
mod errors;
pub mod events;
pub mod forecast;
mod groups;
mod interval;
pub mod label;
mod linear;
pub mod paired;
mod parts;
mod pool;
pub mod registry;
pub mod regress;
pub mod temperature;
pub mod text;
pub mod trained;
pub mod values;
mod why;
mod word_vectors;
