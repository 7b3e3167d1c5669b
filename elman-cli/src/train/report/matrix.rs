//! A confusion matrix as inline SVG, and what a matrix with too many classes becomes.

use maud::{Markup, html};

use super::evidence::NamedConfusion;
use super::tables::share;

/// More classes than this are no picture any more.
const CLASSES: usize = 40;
/// Up to so many classes the cells hold their counts.
const COUNTED: usize = 12;
/// Letters of a class name that a matrix shows.
const LETTERS: usize = 14;
/// Width of such a letter.
const LETTER: f64 = 6.6;
/// Lines of the table of mistakes.
const MISTAKES: usize = 30;

/// The matrix; nothing if there are too many classes for a picture.
pub fn figure(confusion: &NamedConfusion) -> Markup {
    let classes = confusion.classes.len();
    html! {
        @if (1..=CLASSES).contains(&classes) {
            figure.card.picture {
                figcaption { "Confusion matrix" }
                p.legend {
                    span { i.square.a {} "right" }
                    span { i.square.b {} "mistaken" }
                }
                div.scroll { (svg(confusion)) }
                p.note { "A row per real class, a column per answer; the shade is the share of the row." }
            }
        }
    }
}

fn svg(confusion: &NamedConfusion) -> Markup {
    let classes = confusion.classes.len();
    let cell = match classes {
        0..=4 => 44.0,
        5..=COUNTED => 30.0,
        13..=20 => 22.0,
        _ => 15.0,
    };
    let names: Vec<String> = confusion
        .classes
        .iter()
        .map(|name| capped(name, LETTERS))
        .collect();
    let longest = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(1);
    let margin = 10.0 + LETTER * longest as f64;
    // Short names stand upright above their columns.
    let (top, is_upright) = if longest as f64 * LETTER < cell {
        (20.0, true)
    } else {
        (margin, false)
    };
    let size = cell * classes as f64;
    let (width, height) = (margin + size + 2.0, top + size + 2.0);
    html! {
        svg.matrix viewBox=(format!("0 0 {width:.0} {height:.0}")) width=(format!("{width:.0}")) role="img"
            aria-label=(description(confusion)) {
            @for (i, name) in names.iter().enumerate() {
                @let centre = (i as f64 + 0.5) * cell;
                text.tick.end x=(format!("{:.1}", margin - 6.0)) y=(format!("{:.1}", top + centre + 4.0)) { (name) }
                @if is_upright {
                    text.tick.middle x=(format!("{:.1}", margin + centre)) y=(top - 6.0) { (name) }
                } @else {
                    text.tick transform=(format!("translate({:.1} {:.1}) rotate(-90)", margin + centre + 4.0, top - 6.0)) {
                        (name)
                    }
                }
            }
            @for row in 0..classes {
                @for column in 0..classes {
                    (square(confusion, (row, column), (margin, top, cell)))
                }
            }
        }
    }
}

/// One cell.
fn square(
    confusion: &NamedConfusion,
    (row, column): (usize, usize),
    (left, top, cell): (f64, f64, f64),
) -> Markup {
    let (count, total) = (
        confusion.counts.count(row, column),
        confusion.counts.real(row),
    );
    let part = count as f64 / total.max(1) as f64;
    // Mistakes are rare where a net is good; the root makes them visible all the same.
    let (class, opacity) = if row == column {
        ("a", part)
    } else {
        ("b", part.sqrt())
    };
    let (x, y) = (left + column as f64 * cell, top + row as f64 * cell);
    let names = (&confusion.classes[row], &confusion.classes[column]);
    html! {
        g {
            title { (names.0) " read as " (names.1) ": " (count) " of " (total) " (" (share(part)) ")" }
            rect.cell x=(format!("{x:.1}")) y=(format!("{y:.1}")) width=(cell) height=(cell) {}
            @if count > 0 {
                rect.shade.(class) x=(format!("{x:.1}")) y=(format!("{y:.1}")) width=(cell) height=(cell)
                    fill-opacity=(format!("{opacity:.3}")) {}
            }
            @if count > 0 && confusion.classes.len() <= COUNTED {
                text.count.bright[opacity > 0.6] x=(format!("{:.1}", x + cell / 2.0)) y=(format!("{:.1}", y + cell / 2.0 + 4.0)) {
                    (short(count))
                }
            }
        }
    }
}

/// A count in at most four letters.
fn short(count: usize) -> String {
    match count {
        0..=9999 => count.to_string(),
        10_000..=999_999 => format!("{}k", count / 1000),
        _ => format!("{}M", count / 1_000_000),
    }
}

fn description(confusion: &NamedConfusion) -> String {
    let (right, total) = (confusion.counts.right(), confusion.counts.total());
    let classes = confusion.classes.len();
    format!("Confusion matrix of {classes} classes: {right} of {total} right")
}

/// Who is taken for whom most often.
pub fn mistakes(confusion: &NamedConfusion) -> Markup {
    let cells = confusion.counts.cells();
    let mut worst: Vec<_> = cells.filter(|&((row, column), _)| row != column).collect();
    worst.sort_by_key(|&(place, count)| (std::cmp::Reverse(count), place));
    let shown = if confusion.classes.len() > CLASSES {
        MISTAKES
    } else {
        10
    };
    html! {
        @if !worst.is_empty() && confusion.classes.len() > 2 {
            section.card {
                h2 { "Most frequent mistakes" }
                table {
                    thead { tr { th { "real" } th { "read as" } th.number { "times" } th.number { "of its row" } } }
                    tbody {
                        @for &((row, column), count) in worst.iter().take(shown) {
                            @let total = confusion.counts.real(row);
                            tr {
                                td { (confusion.classes[row]) }
                                td { (confusion.classes[column]) }
                                td.number { (count) }
                                td.number { (share(count as f64 / total.max(1) as f64)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// At most so many letters.
fn capped(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    text.chars().take(letters - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::report::Confusion;

    fn matrix(classes: usize) -> NamedConfusion {
        let mut counts = Confusion::new(classes);
        for (row, column) in (0..classes).flat_map(|row| (0..classes).map(move |c| (row, c))) {
            counts.add(row, column, if row == column { 98 } else { 2 });
        }
        NamedConfusion {
            classes: (0..classes).map(|i| format!("<{i}>")).collect(),
            counts,
        }
    }

    #[test]
    fn cells_say_what_they_count() {
        let page = figure(&matrix(2)).into_string();
        assert!(
            page.contains("&lt;0&gt; read as &lt;1&gt;: 2 of 100 (2.0 %)"),
            "{page}"
        );
        assert!(
            page.contains("Confusion matrix of 2 classes: 196 of 200 right"),
            "{page}"
        );
        assert!(
            page.contains(">98</text>") && !page.contains("<0>"),
            "{page}"
        );
    }

    #[test]
    fn many_classes_become_a_table_of_mistakes() {
        assert_eq!(figure(&matrix(41)).into_string(), "");
        let page = mistakes(&matrix(41)).into_string();
        assert!(page.contains("Most frequent mistakes"));
        assert_eq!(page.matches("<tr>").count(), 1 + MISTAKES);
        let page = figure(&matrix(40)).into_string();
        assert!(page.contains("<svg") && !page.contains("class=\"count"));
    }
}
