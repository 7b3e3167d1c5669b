//! One file or folder per command.

pub mod bench;
pub mod demo;
pub mod evaluate;
pub mod gradcheck;
pub mod inspect;
pub mod predict;
pub mod quantize;
pub mod shell;
pub mod train;
