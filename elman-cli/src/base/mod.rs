//! What everything stands on: failures, files and folders of a run, threads, ranks, memory, seeds. Nothing here is about nets.

pub mod checksum;
pub mod encoding;
pub mod failure;
pub mod folder;
pub mod interrupt;
pub mod json;
pub mod memory;
pub mod plot;
pub mod ranks;
pub mod seeds;
pub mod team;
pub mod tell;
pub mod threads;
pub mod typed;
pub mod waiting;
