//! What a report says in tables.

use maud::{Markup, html};

use super::evidence::{KindScore, Mistakes, NamedConfusion};
use super::run::Setting;
use super::scale::tidy;
use crate::train::calls::Call;
use crate::train::doctor::{Checkup, Finding, Severity};

/// A share in percent, for columns that say so.
fn percent(part: f64) -> String {
    format!("{:.1}", part * 100.0)
}

/// A share as a percentage.
pub fn share(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// Precision, recall and F1 per type of span or per class.
pub fn kinds(title: &str, name: &str, kinds: &[KindScore]) -> Markup {
    html! {
        @if !kinds.is_empty() {
            section.card.kinds {
                h2 { (title) small { " in %" } }
                div.scroll { table {
                    thead { tr {
                        th { (name) } th.number { "precision" } th.number { "recall" } th.number { "F1" }
                        th.number { "support" }
                    } }
                    tbody {
                        @for kind in kinds {
                            tr.total[kind.is_total] {
                                td { (kind.name) }
                                td.number { (percent(kind.precision)) }
                                td.number { (percent(kind.recall)) }
                                td.number.bar style=(format!("--share:{:.3}", kind.f1)) { (percent(kind.f1)) }
                                td.number { (kind.support) }
                            }
                        }
                    }
                } }
            }
        }
    }
}

/// Scores per class of a confusion matrix, and their mean. A class that occurs neither in the data nor among the answers
/// has none.
pub fn classes(confusion: &NamedConfusion) -> Vec<KindScore> {
    let of = |(i, name): (usize, &String)| {
        let (support, found) = (confusion.counts.real(i), confusion.counts.found(i));
        let right = confusion.counts.count(i, i) as f64;
        let ratio = |total: f64| if total > 0.0 { right / total } else { 0.0 };
        (support + found > 0).then(|| KindScore {
            name: name.clone(),
            precision: ratio(found as f64),
            recall: ratio(support as f64),
            f1: ratio((support + found) as f64 / 2.0),
            support,
            is_total: false,
        })
    };
    let names = confusion.classes.iter().enumerate();
    let mut scores: Vec<KindScore> = names.filter_map(of).collect();
    let mean = |figure: fn(&KindScore) -> f64| {
        scores.iter().map(figure).sum::<f64>() / scores.len().max(1) as f64
    };
    let total = KindScore {
        name: "mean".to_owned(),
        precision: mean(|score| score.precision),
        recall: mean(|score| score.recall),
        f1: mean(|score| score.f1),
        support: scores.iter().map(|score| score.support).sum(),
        is_total: true,
    };
    scores.insert(0, total);
    scores
}

/// Every setting in force.
pub fn settings(settings: &[Setting]) -> Markup {
    html! {
        @if !settings.is_empty() {
            section.card {
                h2 { "Settings" }
                dl.settings {
                    @for (name, value) in settings { div { dt { (name) } dd { (value) } } }
                }
            }
        }
    }
}

/// How the run was trained, call by call.
pub fn calls(calls: &[Call]) -> Markup {
    html! {
        @if !calls.is_empty() {
            section.card {
                h2 { "Calls" }
                @for call in calls {
                    p { (call.started) ", elman " (call.version) }
                    pre { (call.command) }
                }
            }
        }
    }
}

/// Where the net was most wrong.
pub fn mistakes(mistakes: &Mistakes) -> Markup {
    // Lines of a text have nothing that is and nothing that was found.
    let are_answers = mistakes.worst.iter().any(|one| !one.real.is_empty());
    html! {
        @if !mistakes.worst.is_empty() {
            section.card.kinds {
                h2 { "Worst mistakes" small { " in the validation data, " (mistakes.path) } }
                div.scroll { table {
                    thead { tr {
                        th.number { (mistakes.place) } th { }
                        @if are_answers { th { "is" } th { "found" } }
                        th.number { (mistakes.cost) }
                    } }
                    tbody {
                        @for one in &mistakes.worst {
                            tr {
                                td.number { (one.place) }
                                td { (one.what) }
                                @if are_answers { td { (one.real) } td { (one.found) } }
                                td.number { (tidy(one.cost)) }
                            }
                        }
                    }
                } }
            }
        }
    }
}

/// What the doctor has to say.
pub fn findings(findings: &[Finding]) -> Markup {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    html! {
        @if !sorted.is_empty() {
            section.card {
                h2 { "The RNN doctor" }
                ul.findings {
                    @for finding in sorted {
                        @let (class, word) = match finding.severity {
                            Severity::Fine => ("fine", "fine"),
                            Severity::Note => ("remark", "note"),
                            Severity::Trouble => ("trouble", "trouble"),
                        };
                        li { b class=(class) { (word) } span { strong { (finding.about) } ": " (with_flags(&finding.text)) } }
                    }
                }
            }
        }
    }
}

/// A sentence whose flags are not broken at their dashes.
fn with_flags(text: &str) -> Markup {
    html! {
        @for word in text.split_inclusive(' ') {
            @if word.starts_with("--") { code { (word) } } @else { (word) }
        }
    }
}

/// The doctor's figures per layer and per tensor.
pub fn health(checkup: &Checkup) -> Markup {
    html! {
        @if !checkup.layers.is_empty() {
            section.card {
                h2 { "Layers" }
                table {
                    thead { tr {
                        th { "layer" } th.number { "spectral radius" } th.number { "saturated" } th.number { "dead" }
                    } }
                    tbody {
                        @for layer in &checkup.layers {
                            tr {
                                td { (layer.name) }
                                td.number { (tidy(layer.spectral_radius)) }
                                td.number { (share(layer.saturated)) }
                                td.number { (layer.dead) " of " (layer.units) }
                            }
                        }
                    }
                }
            }
        }
        @if !checkup.tensors.is_empty() {
            section.card {
                h2 { "Last update" }
                table {
                    thead { tr { th { "tensor" } th.number { "update : weights" } } }
                    tbody {
                        @for tensor in &checkup.tensors {
                            tr { td { (tensor.name) } td.number { (tidy(tensor.update_ratio)) } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::report::Confusion;

    #[test]
    fn classes_are_scored_by_their_rows_and_columns() {
        let confusion = NamedConfusion {
            classes: ["a", "b"].map(str::to_owned).to_vec(),
            counts: Confusion::of(&[&[8, 2], &[0, 10]]),
        };
        let scores = classes(&confusion);
        assert_eq!(
            (scores[1].precision, scores[1].recall, scores[1].support),
            (1.0, 0.8, 10)
        );
        assert!((scores[1].f1 - 16.0 / 18.0).abs() < 1e-12);
        assert!((scores[0].recall - 0.9).abs() < 1e-12 && scores[0].is_total);
        let absent = NamedConfusion {
            classes: ["a", "b"].map(str::to_owned).to_vec(),
            counts: Confusion::of(&[&[1, 0], &[0, 0]]),
        };
        let scores = classes(&absent);
        assert_eq!((scores.len(), scores[0].f1), (2, 1.0));
    }

    #[test]
    fn the_worst_finding_comes_first_and_text_is_escaped() {
        let finding = |severity, text: &str| Finding {
            severity,
            about: "it".to_owned(),
            text: text.to_owned(),
        };
        let page = findings(&[
            finding(Severity::Fine, "calm"),
            finding(Severity::Trouble, "<b>"),
        ])
        .into_string();
        assert!(page.find("&lt;b&gt;") < page.find("calm"), "{page}");
    }
}
