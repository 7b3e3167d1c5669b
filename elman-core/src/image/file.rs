//! What reading and writing have in common, whatever the body: header, checksum, notes, golden samples.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

use super::header::{Body, CRC_AT, Header};
use super::layout::{Counts, Layout};
use super::numbers::NumberFront;
use crate::error::{Error, check_len};
use crate::simd::Strip;
use crate::slices::{at, at_mut};
use crate::spec::{HeadKind, Input, Spec};

/// Without a table: a kilobyte of flash is worth more than the moment it takes to check a net once.
const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// A file whose header and checksum are right.
pub(super) struct Opened<'a> {
    pub header: Header,
    pub layout: Layout,
    pub strips: &'a [Strip],
    pub notes: &'a str,
}

impl<'a> Opened<'a> {
    /// Reads a file of this body in place.
    pub fn read(bytes: &'a [u8], body: Body) -> Result<Self, Error> {
        if cfg!(target_endian = "big") {
            return Err(Error::Image(
                "an image is little-endian, and this chip is not",
            ));
        }
        let header = Header::read(bytes)?;
        if header.body != body {
            return Err(Error::Image(match header.body {
                Body::Int8 => "this is the image of an int8 net: QuantizedImage::read reads it",
                Body::F32 => "this is the image of a float net: Image::read reads it",
            }));
        }
        let Some(bytes) = bytes.get(..header.length) else {
            return Err(Error::Image("the image is cut short"));
        };
        let Some(strips) = Strip::from_bytes(bytes) else {
            return Err(Error::Image(
                "the image must begin on a 64-byte boundary: wrap include_bytes! in elman_core::Aligned, or align the section",
            ));
        };
        if checksum(bytes) != header.crc {
            return Err(Error::Image(
                "the image is damaged: its CRC is another; write it to flash anew",
            ));
        }
        let layout = Layout::of(body, &header.spec, &header.counts())?;
        if layout.strips() != strips.len() as u64 {
            return Err(Error::Image("the image has another length than its net"));
        }
        let notes = layout.notes.of(strips);
        let notes = bytes_of(bytes, layout.notes.start, notes.len(), header.notes);
        let notes = core::str::from_utf8(notes)
            .map_err(|_| Error::Image("the notes of the image are no text"))?;
        Ok(Self {
            header,
            layout,
            strips,
            notes,
        })
    }
}

impl Layout {
    /// What leads from raw samples to numbers, where the image has that.
    pub(super) fn numbers<'a>(
        &self,
        header: &Header,
        strips: &'a [Strip],
    ) -> Result<Option<NumberFront<'a>>, Error> {
        if header.front == 0 {
            return Ok(None);
        }
        let (front, told) = (self.front.of(strips), self.told.of(strips));
        let words = at(Strip::words(front), ..header.front);
        let numbers = at(Strip::floats(front), ..header.front);
        let found = NumberFront::read(words, numbers).ok_or(Error::Image(
            "what leads from raw samples to numbers in the image is cut short",
        ))?;
        if found.reads.columns() != header.columns {
            return Err(Error::Image(
                "the header of the image holds what it must not",
            ));
        }
        let answers = header.rows * header.spec.output_width();
        let raw = header.rows * header.columns;
        Ok(Some(NumberFront {
            raw: at(Strip::floats(self.raw.of(strips)), ..raw),
            missing: header.missing,
            values: at(Strip::floats(told), ..answers),
            ..found
        }))
    }

    /// Writes the same.
    pub(super) fn put_numbers(&self, front: &NumberFront<'_>, to: &mut [u8]) {
        put(to, self.front.start, front.words());
        put(to, self.raw.start, front.raw.iter().map(|x| x.to_bits()));
        put(
            to,
            self.told.start,
            front.values.iter().map(|x| x.to_bits()),
        );
    }
}

impl Header {
    /// Lengths that follow from no spec.
    pub(super) const fn counts(&self) -> Counts {
        Counts {
            sequences: self.sequences,
            rows: self.rows,
            columns: self.columns,
            front: self.front,
            notes: self.notes,
        }
    }

    /// Writes a file to the start of `to`: the parts as `fill` has them, the rest here. Returns its length.
    pub(super) fn write(
        mut self,
        layout: &Layout,
        notes: &str,
        to: &mut [u8],
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<usize, Error> {
        let (length, found) = (layout.bytes(), to.len());
        let Some(to) = to.get_mut(..length) else {
            return Err(Error::Length {
                what: "image",
                expected: length,
                found,
            });
        };
        to.fill(0);
        self.length = length;
        put(to, 0, self.words());
        fill(to);
        let room = to.iter_mut().skip(layout.notes.start * size_of::<Strip>());
        room.zip(notes.bytes()).for_each(|(to, b)| *to = b);
        let crc = checksum(to);
        let at = to.iter_mut().skip(CRC_AT);
        at.zip(crc.to_le_bytes()).for_each(|(to, b)| *to = b);
        Ok(length)
    }
}

/// Golden samples of `columns` go with a net that streams classes of windows of them, and there is one for every row.
pub(super) fn check_samples(
    spec: &Spec,
    [columns, rows]: [usize; 2],
    [raw, fires, probabilities]: [usize; 3],
) -> Result<(), Error> {
    let window = spec.input_width().checked_div(columns).unwrap_or(0);
    let is_fed = matches!(spec.input, Input::Dense { .. })
        && matches!(spec.head.kind, HeadKind::Softmax { .. })
        && !spec.is_bidirectional();
    if !is_fed || columns.saturating_mul(window | 1) != spec.input_width() {
        return Err(Error::Image(
            "golden samples are for nets that stream classes of windows of samples",
        ));
    }
    check_len("golden samples", rows * columns, raw)?;
    check_len("golden events", rows, fires)?;
    check_len("golden probabilities", rows, probabilities)
}

/// Of everything but the checksum itself. The length is what a header says: it may be shorter than one.
fn checksum(bytes: &[u8]) -> u32 {
    let mut digest = CRC.digest();
    digest.update(bytes.get(..CRC_AT).unwrap_or(&[]));
    digest.update(bytes.get(CRC_AT + size_of::<u32>()..).unwrap_or(&[]));
    digest.finalize()
}

/// Writes words from a strip on.
pub(super) fn put(to: &mut [u8], strip: usize, words: impl IntoIterator<Item = u32>) {
    let to = at_mut(to, strip * size_of::<Strip>()..);
    for (to, word) in to.as_chunks_mut().0.iter_mut().zip(words) {
        *to = word.to_le_bytes();
    }
}

/// The first `len` bytes of `strips` strips.
fn bytes_of(bytes: &[u8], start: usize, strips: usize, len: usize) -> &[u8] {
    let part = start * size_of::<Strip>()..(start + strips) * size_of::<Strip>();
    at(at(bytes, part), ..len)
}
