//! The flat file that core reads in place.

use std::path::Path;

use elman_core::Image;
use serde::Serialize;

use super::feed::FeedProof;
use super::parts::{Output, Parts};
use super::rust_feed;
use super::size::Size;
use crate::base::encoding::Encoding;
use crate::base::failure::{Failure, Result};

/// What the notes of an image say, as JSON.
#[derive(Serialize)]
struct Notes<'a> {
    made_by: &'static str,
    run: &'a str,
    golden: &'a str,
    encoding: &'a Encoding,
}

/// The file.
///
/// # Errors
/// A net beyond 4 GiB.
pub fn write(parts: &Parts<'_>, path: &Path) -> Result<(Vec<Output>, Size)> {
    let notes = if parts.encoding == Encoding::default() {
        String::new()
    } else {
        let notes = Notes {
            made_by: concat!("elman ", env!("CARGO_PKG_VERSION")),
            run: &parts.run,
            golden: &parts.proof.source,
            encoding: &parts.encoding,
        };
        serde_json::to_string(&notes).map_err(|error| Failure::run(error.to_string()))?
    };
    let feed = parts.proof.feed.as_ref();
    let samples = feed.filter(|feed| !feed.raw.is_empty());
    let image = Image {
        spec: parts.spec,
        tables: &parts.network.params()[..parts.spec.tables_len()],
        packed: parts.network.packed(),
        golden: parts.proof.golden(),
        samples: samples.map(FeedProof::golden),
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
    let path = path.to_owned();
    Ok((vec![Output { path, content }], size))
}
