//! What an artefact costs on a chip, before anything is flashed.

use serde::Serialize;

use elman_core::Spec;
use elman_core::feed::NumberFront;

use super::costs::Told;
use super::proof::Proof;
use crate::net::cost::Memory;
use crate::net::figures::Figures;

/// Bytes per number.
const WORD: usize = size_of::<f32>();

/// Bytes, code apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Size {
    /// What a program that runs the net keeps in flash: embeddings, initial states, packed weights.
    pub flash_bytes: usize,
    /// Golden vectors: flash as well, where the self-test is linked; always in an image.
    pub golden_bytes: usize,
    /// Names, vocabularies, scaling: flash as well, where they are used; always in an image.
    pub notes_bytes: usize,
    /// Scale and golden samples of the way from raw samples to events or numbers: flash as well, where it is used; always in an image. Of
    /// one that tells events the samples alone, whose notes have the scale.
    #[serde(skip_serializing_if = "is_none")]
    pub feed_bytes: usize,
    /// What that way keeps beside the net, in RAM.
    #[serde(skip_serializing_if = "is_none")]
    pub feed_state_bytes: usize,
    /// The state that lives from step to step.
    pub state_bytes: usize,
    /// What a step needs beside it; of a two-directional net for as many steps as the longest golden sequence has.
    pub scratch_bytes: usize,
    /// Room for the outputs of a step, or of such a sequence.
    pub output_bytes: usize,
    /// Steps in memory at once.
    pub steps: usize,
    /// Of C: bytes of the deepest stack of the chips and compilers that its head tells of.
    #[serde(skip_serializing_if = "is_none")]
    pub stack_bytes: usize,
    /// Of C: instructions of a step on the first of these.
    #[serde(skip_serializing_if = "is_none")]
    pub step_instructions: usize,
}

fn is_none(bytes: &usize) -> bool {
    *bytes == 0
}

impl Size {
    /// With strips of sixteen numbers, as core reads them: exports to Rust, and images.
    pub fn of_strips(spec: &Spec, proof: &Proof, notes_bytes: usize) -> Self {
        let memory = Memory::of_strips(spec, proof.golden().longest());
        Self::of(memory, proof.bytes(WORD), notes_bytes)
    }

    /// With words of four weights, as core reads int8 nets.
    pub fn of_words(spec: &Spec, proof: &Proof, notes_bytes: usize) -> Self {
        let memory = Memory::of_words(spec, proof.golden().longest());
        Self::of(memory, proof.bytes(size_of::<i16>()), notes_bytes)
    }

    /// With panels, as the C export lays them out, and `scratch` numbers of scratch.
    pub fn of_panels(spec: &Spec, proof: &Proof, notes_bytes: usize, scratch: usize) -> Self {
        let memory = Memory::of_panels(spec, proof.golden().longest(), scratch);
        Self::of(memory, proof.bytes(WORD), notes_bytes)
    }

    /// Of any layout.
    pub const fn of(memory: Memory, golden_bytes: usize, notes_bytes: usize) -> Self {
        Self {
            flash_bytes: memory.flash_bytes,
            golden_bytes,
            notes_bytes,
            feed_bytes: 0,
            feed_state_bytes: 0,
            state_bytes: memory.state_bytes,
            scratch_bytes: memory.scratch_bytes,
            output_bytes: memory.output_bytes,
            steps: memory.steps,
            stack_bytes: 0,
            step_instructions: 0,
        }
    }

    /// Adds what a step takes on these chips; nothing where nobody has counted.
    pub fn count(&mut self, spec: &Spec, told: Told) {
        let figures = || {
            told.iter()
                .filter_map(|[chip, route, _]| Figures::of(chip, route))
        };
        let stacks = figures().filter_map(|figures| figures.stack(spec));
        self.stack_bytes = stacks.max().unwrap_or(0);
        self.step_instructions = figures()
            .next()
            .map_or(0, |figures| figures.instructions(spec));
    }

    /// Adds what leads from raw samples to numbers in an image, where something does.
    pub fn count_numbers(&mut self, front: Option<&NumberFront<'_>>) {
        if let Some(front) = front {
            self.feed_bytes = WORD * (front.words_len() + front.raw.len() + front.values.len());
            self.feed_state_bytes = WORD * front.room_len();
        }
    }

    /// Lines for people, without an end of line.
    pub fn lines(&self) -> Vec<String> {
        let Self {
            flash_bytes,
            golden_bytes,
            notes_bytes,
            feed_bytes,
            feed_state_bytes,
            state_bytes,
            scratch_bytes,
            output_bytes,
            steps,
            ..
        } = self;
        let per = match steps {
            1 => "per net".to_owned(),
            steps => format!("for a sequence of {steps} steps, which this net reads both ways"),
        };
        let mut lines = vec![
            format!("flash    {flash_bytes:>8} bytes: weights and tables (code is extra)"),
            format!("         {golden_bytes:>8} bytes: golden vectors, for the self-test"),
            format!("         {notes_bytes:>8} bytes: names, vocabularies, scaling"),
            format!("RAM      {state_bytes:>8} bytes: state"),
            format!("         {scratch_bytes:>8} bytes: scratch, {per}"),
            format!("         {output_bytes:>8} bytes: outputs"),
        ];
        if *feed_bytes > 0 {
            lines.extend([
                format!(
                    "feed     {feed_bytes:>8} bytes of flash: scale of raw samples, golden samples"
                ),
                format!(
                    "         {feed_state_bytes:>8} bytes of RAM: between raw samples and answers"
                ),
            ]);
        }
        lines
    }
}
