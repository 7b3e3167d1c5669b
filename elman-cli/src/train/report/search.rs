//! `DIR/report.html` of a search: what was tried, and what a good score costs.

use maud::{Markup, html};

use super::chart::{Chart, Dot, Line};
use super::page::{page, tile};
use super::run::Setting;
use super::scale::tidy;
use super::tables;

/// What is known about a search.
#[derive(Clone, Debug, Default)]
pub struct SearchReport {
    /// The folder's name.
    pub name: String,
    /// Such as `label`.
    pub task: String,
    /// How far it is, in words.
    pub state: String,
    /// As people read it.
    pub score_name: String,
    /// Of the winner: its folder and its score.
    pub best: Option<(String, f64)>,
    /// Settings with a score.
    pub tried: Vec<Tried>,
    /// Limits of flash and of instructions, where there are any.
    pub limits: [Option<usize>; 2],
    /// The table: names of the columns, and a row per trial.
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// What was not searched, and the budget.
    pub settings: Vec<Setting>,
}

/// Settings that were tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The folder of their first trial.
    pub name: String,
    /// The mean over so many seeds.
    pub score: f64,
    pub seeds: usize,
    /// Flash in bytes, instructions per step.
    pub needs: [usize; 2],
    /// Whether nobody has a better score with less: of flash, of instructions.
    pub leads: [bool; 2],
}

impl SearchReport {
    /// The page.
    pub fn to_html(&self) -> String {
        let title = match &self.best {
            Some((_, score)) => format!("{}: {} {}", self.name, self.score_name, tidy(*score)),
            None => self.name.clone(),
        };
        let body = html! {
            (self.header())
            main {
                div.row {
                    (self.costs(0, "flash in bytes", "all the flash there may be"))
                    (self.costs(1, "instructions per step", "all the instructions there may be"))
                }
                (self.table())
                (tables::settings(&self.settings))
            }
            footer { "Written by elman. The same figures: journal.jsonl; every trial has a page of its own in its folder." }
        };
        page(&title, &body)
    }

    fn header(&self) -> Markup {
        html! {
            header {
                h1 { (self.name) small { "elman tune " (self.task) ", " (self.state) } }
                dl.tiles {
                    @if let Some((folder, score)) = &self.best {
                        div.key { dt { (self.score_name) ", validation data" } dd { (tidy(*score)) } }
                        (tile("best trial", folder))
                    }
                    (tile("trials", &self.rows.len().to_string()))
                }
                @if self.best.is_none() { p { "No trial is complete yet." } }
            }
        }
    }

    /// Scores against one of the needs; the line joins those that nobody beats.
    fn costs(&self, need: usize, name: &str, limit: &str) -> Markup {
        let place = |tried: &Tried| (tried.needs[need] as f64, tried.score);
        let dots = self.tried.iter().map(|tried| Dot {
            place: place(tried),
            class: if tried.leads[need] { "a" } else { "b" },
            title: format!(
                "{}\n{}: {}{}\n{name}: {}",
                tried.name,
                self.score_name,
                tidy(tried.score),
                match tried.seeds {
                    1 => String::new(),
                    seeds => format!(", the mean of {seeds} seeds"),
                },
                tried.needs[need]
            ),
        });
        let mut dots: Vec<Dot<'_>> = dots.collect();
        // Those on the line lie above the others.
        dots.sort_by_key(|dot| dot.class == "a");
        let mut front: Vec<(f64, f64)> = self
            .tried
            .iter()
            .filter(|tried| tried.leads[need])
            .map(place)
            .collect();
        front.sort_by(|a, b| a.0.total_cmp(&b.0));
        let title = format!("{} against {name}", self.score_name);
        let chart = Chart {
            title: &title,
            x_name: name,
            lines: vec![Line {
                name: "Pareto front",
                class: "a",
                points: front,
            }],
            dots,
            mark: self.limits[need].map(|most| (most as f64, limit.to_owned())),
            note: "A dot is a net that was tried, with several seeds its mean; those on the line nobody beats with less. Trials \
                   that were given up show the best they had until then."
                .to_owned(),
            ..Chart::default()
        };
        chart.figure()
    }

    fn table(&self) -> Markup {
        html! {
            @if !self.rows.is_empty() {
                section.card {
                    h2 { "Trials" small { ", the best first" } }
                    div.scroll { table {
                        thead { tr { @for name in &self.columns { th.number { (name) } } } }
                        tbody {
                            @for row in &self.rows { tr { @for cell in row { td.number { (cell) } } } }
                        }
                    } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_drawn_and_what_is_foreign_is_escaped() {
        let tried = |name: &str, score, flash, leads| Tried {
            name: name.to_owned(),
            score,
            seeds: 1,
            needs: [flash, 100],
            leads: [leads, false],
        };
        let report = SearchReport {
            name: "s<1>".to_owned(),
            score_name: "accuracy".to_owned(),
            best: Some(("trial-002".to_owned(), 0.9)),
            tried: vec![
                tried("trial-001", 0.5, 1000, true),
                tried("trial-002", 0.9, 3000, true),
                tried("trial-003", 0.4, 2000, false),
            ],
            limits: [Some(4000), None],
            columns: vec!["trial".to_owned()],
            rows: vec![vec!["<b>".to_owned()]],
            ..SearchReport::default()
        };
        let page = report.to_html();
        assert!(page.contains("s&lt;1&gt;: accuracy 0.9 – elman") && page.contains("&lt;b&gt;"));
        // Three trials in each of two pictures; in the second nobody leads.
        assert_eq!(page.matches("class=\"dot a\"").count(), 2, "{page}");
        assert_eq!(page.matches("class=\"dot b\"").count(), 4);
        assert!(page.contains("all the flash there may be"));
        assert!(!page.contains("all the instructions"));
        assert!(!page.contains("<script") && !page.contains("http:"));
    }
}
