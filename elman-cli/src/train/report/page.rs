//! From what is known about a run to its page.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::{Chart, Line};
use super::evidence::{Evidence, ReliabilityCurve, Sample, Series};
use super::reliability::ReliabilityRow;
use super::run::{Row, RunReport, RunState};
use super::scale::tidy;
use super::{matrix, tables};
use crate::train::doctor::Checkup;
use crate::train::measure::as_read;

/// All colours and sizes; light, dark, paper.
const STYLE: &str = include_str!("style.css");

/// The page loads nothing, whatever ends up in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// A page that needs nothing else.
pub fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) " – elman" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

impl RunReport {
    /// The page.
    pub fn to_html(&self) -> String {
        let body = html! {
            (self.header())
            main {
                (self.curves())
                @for evidence in &self.evidence { (evidence.show()) }
                (self.doctor())
                (tables::settings(&self.settings))
                (tables::calls(&self.calls))
            }
            footer { "Written by elman. The same figures: metrics.jsonl, and tensorboard --logdir on this folder." }
        };
        page(&self.heading(), &body)
    }

    /// The best epoch so far.
    fn best(&self) -> Option<&Row> {
        self.history.iter().rev().find(|row| row.best)
    }

    fn heading(&self) -> String {
        match self.best() {
            Some(best) => {
                let (score_name, score) = as_read(&best.score_name, best.score);
                format!("{}: {score_name} {}", self.name, tidy(score))
            }
            None => self.name.clone(),
        }
    }

    fn header(&self) -> Markup {
        let seconds: f64 = self.history.iter().map(|row| row.seconds).sum();
        let (state, why) = match &self.state {
            RunState::Running => ("still running", None),
            RunState::Ended => ("ended", None),
            RunState::Stopped(why) => ("stopped", Some(why)),
        };
        html! {
            header {
                h1 { (self.name) small { "elman train " (self.task) ", " (state) } }
                @if let Some(why) = why { p { (why) } }
                @if let Some(call) = self.calls.first() {
                    p { "Started at " time datetime=(call.started) { (call.started) } " by elman " (call.version) "." }
                }
                dl.tiles {
                    @if let Some(best) = self.best() {
                        @let (score_name, score) = as_read(&best.score_name, best.score);
                        div.key { dt { (score_name) ", validation data" } dd { (tidy(score)) } }
                        (tile("validation loss", &tidy(best.valid_loss)))
                        (tile("best epoch", &format!("{} of {}", best.epoch, self.history.len())))
                    }
                    (tile("time", &duration(seconds)))
                    @if self.parameters > 0 { (tile("parameters", &grouped(self.parameters))) }
                }
                @if self.history.is_empty() { p { "No epoch has ended yet." } }
            }
        }
    }

    fn curves(&self) -> Markup {
        let line = |name, class, figure: fn(&Row) -> f64| {
            let points = self
                .history
                .iter()
                .map(|row| (row.epoch as f64, figure(row)));
            Line {
                name,
                class,
                points: points.collect(),
            }
        };
        let mark = || {
            self.best()
                .map(|best| (best.epoch as f64, "best epoch".to_owned()))
        };
        let score_name = self
            .history
            .last()
            .map_or("score", |row| as_read(&row.score_name, row.score).0);
        let norms = self.history.iter().map(|row| row.gradient_norm);
        let charts = [
            Chart {
                title: "Loss",
                lines: vec![line("training", "a", |row| row.train_loss), line("validation", "b", |row| row.valid_loss)],
                mark: mark(),
                note: "Mean per item. Dropout is at work in training only, so the training loss may lie above.".to_owned(),
                ..Chart::default()
            },
            Chart {
                title: &format!("Validation {score_name}"),
                lines: vec![line(score_name, "a", |row| as_read(&row.score_name, row.score).1)],
                mark: mark(),
                ..Chart::default()
            },
            Chart {
                title: "Learning rate",
                lines: vec![line("learning rate", "a", |row| row.learning_rate)],
                ..Chart::default()
            },
            Chart {
                title: "Gradient norm",
                lines: vec![line("mean before clipping", "a", |row| row.gradient_norm)],
                level: (self.clip_norm > 0.0).then(|| (self.clip_norm, format!("clipped at {}", tidy(self.clip_norm)))),
                is_log: spreads(norms.chain((self.clip_norm > 0.0).then_some(self.clip_norm))),
                ..Chart::default()
            },
        ];
        html! { div.row { @for chart in charts { (Chart { x_name: "epoch", ..chart }.figure()) } } }
    }

    fn doctor(&self) -> Markup {
        let checkups = || {
            self.history
                .iter()
                .filter_map(|row| Some((row.epoch, row.doctor.as_ref()?)))
        };
        let (first, last) = (checkups().next(), checkups().next_back());
        let Some((epoch, checkup)) = last else {
            return html! {};
        };
        let points = |checkup: &Checkup| {
            let norms = checkup.gradient_by_lag.iter().enumerate();
            norms.map(|(lag, &norm)| (lag as f64, norm)).collect()
        };
        let name = |epoch: usize| format!("after epoch {epoch}");
        let (last_name, first_name) = (
            name(epoch),
            first.map_or_else(String::new, |(epoch, _)| name(epoch)),
        );
        let mut lines = vec![Line {
            name: &last_name,
            class: "a",
            points: points(checkup),
        }];
        lines.extend(
            first
                .filter(|first| first.0 != epoch)
                .map(|(_, first)| Line {
                    name: &first_name,
                    class: "b",
                    points: points(first),
                }),
        );
        let lag = Chart {
            title: "Gradient by time lag",
            x_name: "steps back",
            lines,
            is_log: true,
            note: "How much the loss of a late step depends on the hidden state so many steps before it.".to_owned(),
            ..Chart::default()
        };
        html! {
            (tables::findings(&checkup.findings))
            div.row {
                (lag.figure())
                (tables::health(checkup))
            }
        }
    }
}

impl Evidence {
    fn show(&self) -> Markup {
        match self {
            Self::Confusion(confusion) => html! {
                div.row {
                    (matrix::figure(confusion))
                    (tables::kinds("Classes", "class", &tables::classes(confusion)))
                    (matrix::mistakes(confusion))
                }
            },
            Self::Spans(kinds) => tables::kinds("Spans", "type", kinds),
            Self::Series(series) => series.show(),
            Self::Samples(samples) => show_samples(samples),
            Self::Reliability(curve) => curve.show(),
            Self::Mistakes(mistakes) => tables::mistakes(mistakes),
        }
    }
}

impl ReliabilityCurve {
    fn show(&self) -> Markup {
        let rows = self.reliability.rows();
        let points = |of: fn(&ReliabilityRow) -> f64| {
            rows.iter().map(|row| (row.confidence, of(row))).collect()
        };
        let chart = Chart {
            title: &format!("Confidence of {}, validation data", self.what),
            x_name: "confidence",
            lines: vec![
                Line {
                    name: "share that is right",
                    class: "a",
                    points: points(|row| row.accuracy),
                },
                Line {
                    name: "as it should be",
                    class: "b",
                    points: points(|row| row.confidence),
                },
            ],
            note: format!(
                "Expected calibration error {} % over {}, at temperature {}.",
                tidy(self.reliability.error() * 100.0),
                counted(self.reliability.count(), &self.what),
                tidy(self.temperature)
            ),
            ..Chart::default()
        };
        chart.figure()
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{} {what}", grouped(count))
}

impl Series {
    fn show(&self) -> Markup {
        let points = |values: &[f64]| {
            let points = values.iter().enumerate();
            points.map(|(i, &value)| (i as f64, value)).collect()
        };
        let chart = Chart {
            title: &format!("{}: target against prediction, validation data", self.name),
            x_name: "step",
            x_labels: &self.labels,
            lines: vec![
                Line {
                    name: "target",
                    class: "a",
                    points: points(&self.target),
                },
                Line {
                    name: "prediction",
                    class: "b",
                    points: points(&self.prediction),
                },
            ],
            is_wide: true,
            note: self.note.clone(),
            ..Chart::default()
        };
        chart.figure()
    }
}

fn show_samples(samples: &[Sample]) -> Markup {
    html! {
        @if !samples.is_empty() {
            section.card {
                h2 { "Samples" }
                div.samples {
                    @for sample in samples {
                        div {
                            h3 { (sample.how) }
                            pre { b { (sample.prompt) } (sample.text) }
                        }
                    }
                }
            }
        }
    }
}

/// A figure with its name.
pub fn tile(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// Whether numbers are of such different sizes that only a logarithmic axis shows them all.
fn spreads(numbers: impl Iterator<Item = f64>) -> bool {
    let positive = numbers.filter(|&number| number > 0.0 && number.is_finite());
    let ends = positive.fold((f64::INFINITY, 0.0), |(least, most), number| {
        (number.min(least), number.max(most))
    });
    ends.1 > 20.0 * ends.0
}

fn duration(seconds: f64) -> String {
    let rounded = seconds.round() as u64;
    match rounded {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{rounded} s"),
        60..3600 => format!("{} min {} s", rounded / 60, rounded % 60),
        _ => format!("{} h {} min", rounded / 3600, rounded / 60 % 60),
    }
}

/// Digits in threes.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}
