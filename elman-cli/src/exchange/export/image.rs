//! The flat file that core reads in place.

use std::path::Path;

use elman_core::feed::{ColumnScale, NumberFront, NumberReads, Readouts};
use elman_core::quantized::{
    IntegerScales, QuantizedFront, QuantizedGolden, QuantizedImage, QuantizedModel,
};
use elman_core::{Image, Strip};
use serde::Serialize;

use super::feed::FeedProof;
use super::int8::IntegerProof;
use super::numbers::NumberProof;
use super::parts::{Output, Parts};
use super::rust_feed;
use super::size::Size;
use crate::base::encoding::{Encoding, Reads};
use crate::base::failure::{Failure, Result};

/// What the notes of an image say, as JSON.
#[derive(Serialize)]
struct Notes<'a> {
    made_by: &'static str,
    run: &'a str,
    golden: &'a str,
    encoding: &'a Encoding,
}

/// The file of a float net.
///
/// # Errors
/// A net beyond 4 GiB.
pub fn write(parts: &Parts<'_>, path: &Path) -> Result<(Vec<Output>, Size)> {
    let notes = notes(parts)?;
    let feed = parts.proof.feed.as_ref();
    let samples = feed.filter(|feed| !feed.raw.is_empty());
    let tables = parts.proof.numbers.as_ref().map(NumberTables::of);
    let numbers = tables.as_ref().map(NumberTables::front);
    let image = Image {
        spec: parts.spec,
        tables: &parts.network.params()[..parts.spec.tables_len()],
        packed: parts.network.packed(),
        golden: parts.proof.golden(),
        samples: samples.map(FeedProof::golden),
        numbers,
        notes: &notes,
    };
    let mut content = vec![0; image.file_len()?];
    image.write(&mut content)?;
    let mut size = Size::of_strips(&parts.spec, &parts.proof, notes.len());
    if let Some(feed) = feed {
        // The scale is read from the notes into RAM.
        size.feed_bytes = feed.golden_bytes();
        size.feed_state_bytes =
            feed.scale_bytes() + rust_feed::ram_bytes(&parts.spec, feed, size_of::<f32>());
    }
    size.count_numbers(numbers.as_ref());
    Ok((output(path, content), size))
}

/// The file of an int8 net.
///
/// # Errors
/// Words that are no net of this shape; a net beyond 4 GiB.
pub fn write_int8(parts: &Parts<'_>, words: &[u32], path: &Path) -> Result<(Vec<Output>, Size)> {
    let model = QuantizedModel::new(parts.spec, words)?;
    let (proof, notes) = (IntegerProof::of(parts, &model)?, notes(parts)?);
    let front = proof.feed.as_ref().map(|feed| QuantizedFront {
        scales: IntegerScales::new(&feed.entrance.scale),
        farthest: feed.entrance.farthest,
        rule: feed.rule,
        raw: &feed.proof.raw,
        missing: feed.proof.missing,
        fires: &feed.fires,
        probabilities: &feed.probabilities,
    });
    let tables = proof.numbers.as_ref().map(NumberTables::of);
    let numbers = tables.as_ref().map(NumberTables::front);
    let image = QuantizedImage {
        spec: parts.spec,
        words,
        golden: QuantizedGolden {
            lengths: parts.proof.golden().lengths,
            inputs: proof.read.whole(),
            logits: &proof.logits,
        },
        front,
        numbers,
        notes: &notes,
    };
    let mut content = vec![0; image.file_len()?];
    image.write(&mut content)?;
    let mut size = Size::of_words(&parts.spec, &parts.proof, notes.len());
    if let (Some(feed), Some(front)) = (&proof.feed, &front) {
        // The scale is unpacked into RAM.
        size.feed_bytes = feed.proof.golden_bytes();
        size.feed_state_bytes = size_of::<f32>() * front.room_len(&parts.spec);
    }
    size.count_numbers(numbers.as_ref());
    Ok((output(path, content), size))
}

/// What leads from raw samples to numbers, and the tables that an image has in other forms than a model.
struct NumberTables<'a> {
    proof: &'a NumberProof,
    columns: Vec<ColumnScale>,
    reaches: Vec<f32>,
}

impl<'a> NumberTables<'a> {
    fn of(proof: &'a NumberProof) -> Self {
        let columns = match &proof.numbers.reads {
            Reads::Rows(front, _) => front.scale.iter().map(Into::into).collect(),
            Reads::Series(_) => Vec::new(),
        };
        let reaches = proof.numbers.reaches.iter().flat_map(|reach| {
            let share = [reach.percent as f32].into_iter();
            share.chain(reach.of_targets.iter().copied())
        });
        Self {
            proof,
            columns,
            reaches: reaches.collect(),
        }
    }

    fn front(&self) -> NumberFront<'_> {
        let numbers = &self.proof.numbers;
        NumberFront {
            reads: match &numbers.reads {
                Reads::Rows(front, sums) => NumberReads::Rows {
                    columns: &self.columns,
                    farthest: front.farthest,
                    window: front.window,
                    sums: sums.regression(),
                },
                Reads::Series(series) => NumberReads::Series(series.lags()),
            },
            readouts: Readouts::new(&numbers.readouts),
            reaches: &self.reaches,
            raw: &self.proof.raw,
            missing: self.proof.missing,
            values: &self.proof.values,
            value_tolerance: &self.proof.tolerances,
        }
    }
}

/// What firmware in C declares for an image, as `elman.h` calls it; none where the net cannot stream.
pub fn c_buffers(parts: &Parts<'_>, is_int8: bool, size: &Size) -> Option<String> {
    let spec = &parts.spec;
    if spec.is_bidirectional() {
        return None;
    }
    let (inputs, outputs) = (spec.golden_width(), spec.output_width());
    let (state, scratch) = match is_int8 {
        true => (
            spec.int8().state_len(),
            Strip::count(spec.int8().stream_len()),
        ),
        false => (spec.state_len(), spec.stream_len()),
    };
    let feed = parts.proof.feed.as_ref().map(|feed| feed.front.scale.len());
    let numbers = parts.proof.numbers.as_ref();
    let columns = feed.or(numbers.map(|proof| proof.numbers.columns()));
    let feed = columns.map_or_else(String::new, |columns| {
        let room = size.feed_state_bytes / size_of::<f32>();
        format!(", COLUMNS {columns}, ROOM {room}")
    });
    Some(format!(
        "STATE {state}, SCRATCH {scratch}, INPUTS {inputs}, OUTPUTS {outputs}{feed}"
    ))
}

/// The notes; none where nothing is to be said.
fn notes(parts: &Parts<'_>) -> Result<String> {
    if parts.encoding == Encoding::default() {
        return Ok(String::new());
    }
    let notes = Notes {
        made_by: concat!("elman ", env!("CARGO_PKG_VERSION")),
        run: &parts.run,
        golden: &parts.proof.source,
        encoding: &parts.encoding,
    };
    serde_json::to_string(&notes).map_err(|error| Failure::run(error.to_string()))
}

fn output(path: &Path, content: Vec<u8>) -> Vec<Output> {
    let path = path.to_owned();
    vec![Output { path, content }]
}
