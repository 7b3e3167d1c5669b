//! How the run goes, and why it goes wrong.

use super::case::Case;
use super::checkup::{Checkup, Finding, Severity};
use crate::data::{Rows, Sequences};

/// An update this large, measured by its tensor, throws away what was learnt.
pub const LARGE_UPDATE: f64 = 0.1;
/// A loss so many times that of answers that know nothing is the work of too large steps.
const FAR_ABOVE: f64 = 2.0;

/// What stops or spoils the run, by name; nothing where it goes well.
pub fn findings(checkup: &Checkup, case: &Case<'_>) -> Vec<Finding> {
    let course = &case.course;
    let trouble = |about: &str, text: String| vec![Finding::new(Severity::Trouble, about, text)];
    if course.has_fallen_back() {
        let (loss, least) = (course.loss, course.least_train);
        let text = format!(
            "the training loss was {least:.4} and is {loss:.4} again: what was learnt is lost; try a smaller --lr"
        );
        return trouble("learning rate", text);
    }
    if !course.is_stuck() {
        return Vec::new();
    }
    if course.loss > FAR_ABOVE * course.baseline {
        let (loss, baseline) = (course.loss, course.baseline);
        let text = format!(
            "the training loss is {loss:.4}, far above the {baseline:.4} of who knows no more than how frequent each answer is: the \
             net is thrown about; try a tenth of --lr"
        );
        return trouble("learning rate", text);
    }
    if is_constant(case.train) {
        let text = "all steps read the same numbers, so there is nothing to tell them apart by; look into the data".to_owned();
        return trouble("constant inputs", text);
    }
    let largest = checkup.tensors.iter().map(|tensor| tensor.update_ratio);
    let largest = largest.fold(0.0, f64::max);
    if largest > LARGE_UPDATE {
        let percent = largest * 100.0;
        let text = format!(
            "nothing is learnt, and a single update changes weights by {percent:.0} % of their size, where 0.1 % is usual: \
             the net is thrown about; try a tenth of --lr"
        );
        return trouble("learning rate", text);
    }
    let (epoch, baseline) = (course.epoch, course.baseline);
    let best = course.least_train.min(course.least_valid);
    let longest = (0..case.train.len()).map(|i| case.train.len_of(i)).max();
    let reach = case.recipe.reach;
    let advice = if longest.is_some_and(|longest| reach < longest) {
        format!(
            "losses are sent back {reach} steps (--k2): what answers depend on may lie further back; try a larger --k1 and --k2"
        )
    } else {
        "try another --lr or a larger --hidden, and whether the inputs can tell the answers at all"
            .to_owned()
    };
    let text = format!(
        "after {epoch} epochs the loss is {best:.4}; who knows no more than how frequent each answer is has {baseline:.4}; {advice}"
    );
    trouble("nothing is learnt", text)
}

/// Whether every step reads the same.
fn is_constant(train: &Sequences) -> bool {
    let (width, same) = match train.inputs() {
        Rows::Numbers { width, numbers } => (*width, is_repeated(numbers, *width)),
        Rows::Ids { channels, ids } => (*channels, is_repeated(ids, *channels)),
    };
    width > 0 && train.rows() > 1 && same
}

/// Whether all rows are the first.
fn is_repeated<T: PartialEq>(numbers: &[T], width: usize) -> bool {
    let mut rows = numbers.chunks_exact(width.max(1));
    let first = rows.next();
    rows.all(|row| Some(row) == first)
}
