//! What goes into an artefact, and what comes out.

use std::path::PathBuf;

use elman_core::Spec;

use super::proof::Proof;
use crate::base::encoding::Encoding;
use crate::net::network::Network;

/// All that an artefact is made of.
pub struct Parts<'a> {
    pub network: &'a Network,
    /// Without dropout.
    pub spec: Spec,
    pub proof: Proof,
    pub encoding: Encoding,
    /// What the run is called.
    pub run: String,
}

/// A file to be written.
pub struct Output {
    pub path: PathBuf,
    pub content: Vec<u8>,
}
