//! Words as a net reads them, with ready vectors if there are any.

use crate::base::failure::{Failure, Result};
use crate::data::Hiding;
use crate::data::reading::Reading;
use crate::data::vectors::{VectorArgs, VectorFile, Vectors};
use crate::train::defaults::Defaults;

/// How words are read, which of them are hidden now and then, and the vectors that they start from. Ready vectors set the width of
/// embeddings, unless somebody asked for one other than the `defaults` have. Words that a net has learnt to read already are `known`.
///
/// # Errors
/// A file of vectors that is missing, malformed or of another width.
pub fn read<'a>(
    args: &VectorArgs,
    embedding: usize,
    defaults: &Defaults,
    known: Option<&Reading>,
    words: impl Iterator<Item = &'a str>,
) -> Result<(Reading, Hiding, Option<Vectors>)> {
    let file = args.vectors.as_deref().map(VectorFile::open).transpose()?;
    if let Some(file) = &file {
        let is_asked = known.is_some() || defaults.embedding() != Some(embedding);
        file.check_width(is_asked.then_some(embedding))?;
    }
    let width = file.as_ref().map_or(embedding, |file| file.width);
    let (reading, hiding) = match known {
        Some(known) => known.extended(words)?,
        None => Reading::words(width, words),
    };
    let Some(file) = file else {
        return Ok((reading, hiding, None));
    };
    let vectors = match &reading {
        Reading::Tokens(vocabularies) => vocabularies.first(),
        Reading::Numbers(_) => None,
    };
    let are_frozen = args.freeze_vectors == Some(true);
    let vectors = vectors
        .map(|words| file.find(words, are_frozen))
        .transpose()?;
    Ok((reading, hiding, vectors))
}

/// For steps that are no words.
///
/// # Errors
/// There are vectors.
pub fn none(args: &VectorArgs) -> Result<()> {
    match args.vectors {
        None => Ok(()),
        Some(_) => Err(Failure::input(
            "--vectors is for words, and the steps of these data are numbers or characters: leave it out",
        )),
    }
}
