//! What goes into an artefact, and what comes out.

use std::path::PathBuf;

use elman_core::Spec;

use super::proof::Proof;
use crate::base::encoding::{Encoding, Front};
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

impl Parts<'_> {
    /// How whole sequences come to the scale of training, of a net that reads both ways; one that streams is fed.
    pub fn sequence_front(&self) -> Option<&Front> {
        let front = self.encoding.front.as_ref();
        front.filter(|_| self.spec.is_bidirectional())
    }
}

/// A file to be written.
pub struct Output {
    pub path: PathBuf,
    pub content: Vec<u8>,
}
