//! What the commands do, a file or folder for each; `elman export` and `elman import` lie in `exchange`.

pub mod bench;
pub mod compare;
pub mod demo;
pub mod evaluate;
mod events;
pub mod gradcheck;
pub mod inspect;
mod int8;
pub mod predict;
pub mod quantize;
pub mod repeat;
pub mod runs;
pub mod shell;
pub mod train;
pub mod tune;
