//! Around a net that reads both ways, in C: the scale of a whole sequence, and the names of classes.

use elman_core::HeadKind;

use super::super::parts::Parts;
use super::feed;
use super::text::Source;
use crate::base::encoding::Front;

const SCALE: &str = include_str!("scale_rows.c");
const NEIGHBOURS: &str = include_str!("neighbours.c");

/// The names of classes, where outputs are such.
fn labels<'a>(parts: &'a Parts<'_>) -> Option<&'a [String]> {
    let labels = parts.encoding.labels()?;
    let is_named = matches!(parts.spec.head.kind, HeadKind::Softmax { .. })
        && labels.len() == parts.spec.output_width();
    is_named.then_some(labels)
}

/// What the header says of it.
pub fn header(to: &mut Source, parts: &Parts<'_>, front: &Front) {
    let (columns, window) = (front.scale.len(), front.window);
    to.piece(&format!(
        "\n/* Numbers of a raw sample, and samples that a step reads: its own in the middle of its neighbours. */\n\
         #define NET_COLUMNS {columns}\n#define NET_WINDOW {window}\n"
    ));
    to.piece(HEADER);
    if labels(parts).is_some() {
        to.piece(NAMES);
    }
}

/// The functions; `net_float` is there for them alone if `needs_bits`.
pub fn functions(to: &mut Source, parts: &Parts<'_>, front: &Front, needs_bits: bool) {
    feed::scale(to, front);
    let neighbours = if front.window > 1 { NEIGHBOURS } else { "" };
    let mut text = SCALE.replace("NEIGHBOURS", neighbours);
    if needs_bits {
        text = text.replace(
            "    return missing;",
            "    (void)net_float;\n    return missing;",
        );
    }
    to.piece(&text);
    if let Some(labels) = labels(parts) {
        feed::class_name(to, labels);
    }
}

const HEADER: &str = "
/*
 * There is no net_feed that takes sample by sample, since this net reads both ways: collect a sequence, put it on the scale of
 * training, and run the net over it.
 *
 * Scales a sequence in place: x holds steps raw samples of NET_COLUMNS numbers, and has room for steps * NET_INPUTS; then it is what
 * net_run reads. Every operation is rounded on its own, so every machine computes the same. Returns how many numbers were missing:
 * not finite; the net reads the mean of the column in their place.
 */
size_t net_scale_rows(float *x, size_t steps);
";

const NAMES: &str = "
/* What a class is called; an empty text for a number that is none. On an AVR, whose names lie in flash, until the next call. */
const char *net_class_name(size_t label);
";
