//! The first 256 bytes of an image, word by word (`u32`, little-endian).
//!
//! | word | holds |
//! |---|---|
//! | 0, 1 | `ELMANIMG` |
//! | 2 | version (low half), kind of the body (high half): 0 = strips of `f32`, 1 = the words of an int8 net |
//! | 3 | length of the whole image in bytes |
//! | 4 | CRC-32 (ISO-HDLC, as of zip and Ethernet) of all other bytes |
//! | 5, 6 | input: 0 dense, width; 1 tokens, window |
//! | 7, 8..24 | channels: how many; vocabulary and width of each |
//! | 24, 25..41 | layers: how many; hidden units of each, and direction (0 forward, 1 both) + 256 · activation (0 tanh, 1 relu, 2 identity) |
//! | 41 | initial state: 0 zero, 1 trained |
//! | 42, 43, 44 | head: 0 none, 1 linear, 2 softmax; outputs; read at 0 every step, 1 the last step |
//! | 45, 46, 47 | golden vectors: sequences, rows, tolerance (`f32`; 0 for an int8 net) |
//! | 48 | bytes of the notes |
//! | 49..57 | clip of each layer (`f32`, 0 without one) |
//! | 57, 58 | raw samples, from version 2 on: columns, which golden number is missing |
//! | 59 | version 3: words of what leads from raw samples to numbers |
//! | 60..64 | zero |
//!
//! An image without raw samples has version 1, which every library reads; one whose raw samples become events has version 2, one whose
//! raw samples become numbers version 3.

use crate::cell::Cell;
use crate::error::Error;
use crate::spec::{
    Channel, Channels, Direction, Dropout, Head, HeadKind, InitialState, Input, Layer, Layers,
    MAX_CHANNELS, MAX_LAYERS, Read, Spec,
};

const MAGIC: [u32; 2] = [u32::from_le_bytes(*b"ELMA"), u32::from_le_bytes(*b"NIMG")];
/// Of images without raw samples.
const VERSION: u32 = 1;
/// Of those whose raw samples become events, and of those whose become numbers.
const VERSION_EVENTS: u32 = 2;
const VERSION_NUMBERS: u32 = 3;
/// Words of the header.
pub(super) const WORDS: usize = 64;
/// Where the checksum lies, in bytes.
pub(super) const CRC_AT: usize = 16;

const CHANNELS: usize = 7;
const LAYERS: usize = 24;
const REST: usize = 41;
const CLIPS: usize = 49;

/// What numbers the net is made of; the header has their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    F32 = 0,
    Int8 = 1,
}

/// What the header says.
pub(super) struct Header {
    pub body: Body,
    pub spec: Spec,
    /// Of the whole image, in bytes.
    pub length: usize,
    pub crc: u32,
    /// Golden sequences, and rows of all of them.
    pub sequences: usize,
    pub rows: usize,
    pub tolerance: f32,
    /// Bytes of the notes.
    pub notes: usize,
    /// Columns of raw samples, or 0 where the image has none; and which golden number is missing.
    pub columns: usize,
    pub missing: usize,
    /// Words of what leads from raw samples to numbers, or 0 where that is not so.
    pub front: usize,
}

const UNKNOWN: Error =
    Error::Image("the image holds a kind of net that this library does not know");

/// The header's words.
struct Words([u32; WORDS]);

impl Words {
    fn get(&self, index: usize) -> u32 {
        self.0.get(index).copied().unwrap_or(0)
    }

    fn len(&self, index: usize) -> usize {
        self.get(index) as usize
    }

    fn set(&mut self, index: usize, word: u32) {
        if let Some(to) = self.0.get_mut(index) {
            *to = word;
        }
    }

    fn set_len(&mut self, index: usize, len: usize) {
        // Checked by `Layout::of` (all lengths) and `Spec::check` (all dimensions) before anything is written.
        self.set(index, len as u32);
    }
}

impl Header {
    /// Of a net with golden sequences of so many steps each; what the body has besides is still to be set, and so is the length.
    pub fn of(body: Body, spec: &Spec, lengths: &[u32], notes: &str) -> Self {
        Self {
            body,
            spec: Spec {
                dropout: Dropout::NONE,
                ..*spec
            },
            length: 0,
            crc: 0,
            sequences: lengths.len(),
            rows: golden_steps(lengths),
            tolerance: 0.0,
            notes: notes.len(),
            columns: 0,
            missing: 0,
            front: 0,
        }
    }

    /// Reads and checks everything but the checksum. Lengths are still only what the file says.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let foreign = Error::Image(
            "these bytes are no image of a net: elman export --format image makes one",
        );
        let Some(header) = bytes.as_chunks().0.first_chunk::<WORDS>() else {
            return Err(foreign);
        };
        let words = Words(header.map(u32::from_le_bytes));
        if [words.get(0), words.get(1)] != MAGIC {
            return Err(foreign);
        }
        if !(VERSION..=VERSION_NUMBERS).contains(&(words.get(2) & 0xFFFF)) {
            return Err(Error::Image(
                "the image has a version that this library does not know: export it anew, or take a newer library",
            ));
        }
        let body = match words.get(2) >> 16 {
            0 => Body::F32,
            1 => Body::Int8,
            _ => return Err(UNKNOWN),
        };
        let header = Self {
            body,
            spec: words.spec()?,
            length: words.len(3),
            crc: words.get(4),
            sequences: words.len(45),
            rows: words.len(46),
            tolerance: f32::from_bits(words.get(47)),
            notes: words.len(48),
            columns: words.len(57),
            missing: words.len(58),
            front: words.len(59),
        };
        header.spec.check()?;
        // One net, one header: so nothing hides in words that are not in use.
        let mut again = Words(header.words());
        again.set(4, words.get(4));
        let leads_nowhere = header.columns == 0 && header.front > 0;
        if again.0 != words.0 || leads_nowhere {
            return Err(Error::Image(
                "the header of the image holds what it must not",
            ));
        }
        Ok(header)
    }

    /// The words of the header; the checksum is zero.
    pub fn words(&self) -> [u32; WORDS] {
        let mut words = Words([0; WORDS]);
        words.set(0, MAGIC[0]);
        words.set(1, MAGIC[1]);
        let version = match (self.columns, self.front) {
            (0, _) => VERSION,
            (_, 0) => VERSION_EVENTS,
            _ => VERSION_NUMBERS,
        };
        words.set(2, version | ((self.body as u32) << 16));
        words.set_len(3, self.length);
        words.set_spec(&self.spec);
        words.set_len(45, self.sequences);
        words.set_len(46, self.rows);
        words.set(47, self.tolerance.to_bits());
        words.set_len(48, self.notes);
        words.set_len(57, self.columns);
        words.set_len(58, self.missing);
        words.set_len(59, self.front);
        words.0
    }
}

/// Which of so many golden numbers is missing.
pub(super) fn check_missing(missing: usize, raw: usize) -> Result<(), Error> {
    if missing < raw {
        return Ok(());
    }
    Err(Error::Image("the golden sample that is missing is none"))
}

/// Steps of all sequences together.
pub(super) fn golden_steps(lengths: &[u32]) -> usize {
    lengths.iter().map(|&n| n as usize).sum()
}

impl Words {
    fn spec(&self) -> Result<Spec, Error> {
        let unknown = Err(UNKNOWN);
        let input = match self.get(5) {
            0 => Input::Dense { width: self.len(6) },
            1 => Input::Tokens {
                channels: self.channels()?,
                window: self.len(6),
            },
            _ => return unknown,
        };
        let outputs = self.len(REST + 2);
        Ok(Spec {
            input,
            layers: self.layers()?,
            initial_state: match self.get(REST) {
                0 => InitialState::Zero,
                1 => InitialState::Trained,
                _ => return unknown,
            },
            head: Head {
                kind: match self.get(REST + 1) {
                    0 => HeadKind::None,
                    1 => HeadKind::Linear { outputs },
                    2 => HeadKind::Softmax { outputs },
                    _ => return unknown,
                },
                read: match self.get(REST + 3) {
                    0 => Read::EveryStep,
                    1 => Read::LastStep,
                    _ => return unknown,
                },
            },
            dropout: Dropout::NONE,
        })
    }

    fn channels(&self) -> Result<Channels, Error> {
        let mut channels = [Channel {
            vocabulary: 0,
            width: 0,
        }; MAX_CHANNELS];
        for (i, channel) in channels.iter_mut().enumerate() {
            channel.vocabulary = self.len(CHANNELS + 1 + 2 * i);
            channel.width = self.len(CHANNELS + 2 + 2 * i);
        }
        let count = self.len(CHANNELS);
        Channels::from_slice(channels.get(..count).unwrap_or(&[]))
    }

    fn layers(&self) -> Result<Layers, Error> {
        let mut layers = [Layer::tanh(0); MAX_LAYERS];
        for (i, layer) in layers.iter_mut().enumerate() {
            layer.hidden = self.len(LAYERS + 1 + 2 * i);
            let clip = match self.get(CLIPS + i) {
                0 => f32::INFINITY,
                clip => f32::from_bits(clip),
            };
            let kind = self.get(LAYERS + 2 + 2 * i);
            layer.cell = Cell::from_code(kind >> 8, clip).ok_or(Error::Image(
                "the image holds an activation that this library does not know",
            ))?;
            layer.direction = match kind & 0xFF {
                0 => Direction::Forward,
                1 => Direction::Both,
                _ => {
                    return Err(Error::Image(
                        "the image holds a direction that this library does not know",
                    ));
                }
            };
        }
        let count = self.len(LAYERS);
        Layers::from_slice(layers.get(..count).unwrap_or(&[]))
    }

    fn set_spec(&mut self, spec: &Spec) {
        match &spec.input {
            Input::Dense { width } => self.set_len(6, *width),
            Input::Tokens { channels, window } => {
                self.set(5, 1);
                self.set_len(6, *window);
                self.set_len(CHANNELS, channels.len());
                for (i, channel) in channels.as_slice().iter().enumerate() {
                    self.set_len(CHANNELS + 1 + 2 * i, channel.vocabulary);
                    self.set_len(CHANNELS + 2 + 2 * i, channel.width);
                }
            }
        }
        self.set_len(LAYERS, spec.layers.len());
        for (i, layer) in spec.layers.as_slice().iter().enumerate() {
            self.set_len(LAYERS + 1 + 2 * i, layer.hidden);
            self.set(CLIPS + i, layer.cell.limit().map_or(0, f32::to_bits));
            self.set(
                LAYERS + 2 + 2 * i,
                u32::from(layer.direction == Direction::Both) | (layer.cell.code() << 8),
            );
        }
        self.set(REST, u32::from(spec.initial_state == InitialState::Trained));
        let (kind, outputs) = match spec.head.kind {
            HeadKind::None => (0, 0),
            HeadKind::Linear { outputs } => (1, outputs),
            HeadKind::Softmax { outputs } => (2, outputs),
        };
        self.set(REST + 1, kind);
        self.set_len(REST + 2, outputs);
        self.set(REST + 3, u32::from(spec.head.read == Read::LastStep));
    }
}
