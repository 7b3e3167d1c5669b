//! Line charts as inline SVG. Colours and sizes are classes of the page's style, so that one drawing serves light,
//! dark and paper.

use maud::{Markup, html};

use super::scale::{Scale, tidy};

/// Units of the drawing, about a pixel each on a phone.
const HEIGHT: f64 = 200.0;
const NARROW: f64 = 320.0;
const WIDE: f64 = 1160.0;
/// Room above, right of and below the plot.
const TOP: f64 = 10.0;
const RIGHT: f64 = 14.0;
const BOTTOM: f64 = 36.0;
/// Width of a digit in a label.
const DIGIT: f64 = 6.6;
/// Beyond this many points a line keeps only the extremes of its neighbourhoods.
const POINTS: usize = 600;
/// Beyond this many places on the x axis there are no tooltips.
const TOOLTIPS: usize = 240;

/// What a chart shows.
#[derive(Clone, Debug, Default)]
pub struct Chart<'a> {
    pub title: &'a str,
    /// What lies along the x axis.
    pub x_name: &'a str,
    /// Names of the x values, by number; empty where the number itself will do.
    pub x_labels: &'a [String],
    pub lines: Vec<Line<'a>>,
    /// Points that nothing joins, each with what is said of it.
    pub dots: Vec<Dot<'a>>,
    /// Where something happened, and what.
    pub mark: Option<(f64, String)>,
    /// A level to compare with, and what it is.
    pub level: Option<(f64, String)>,
    pub is_log: bool,
    /// Takes the page's whole width where there is any.
    pub is_wide: bool,
    /// A sentence below.
    pub note: String,
}

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    pub name: &'a str,
    /// Class of the page's style: `a`, `b`.
    pub class: &'a str,
    pub points: Vec<(f64, f64)>,
}

/// One point of a chart.
#[derive(Clone, Debug)]
pub struct Dot<'a> {
    pub place: (f64, f64),
    /// Class of the page's style: `a`, `b`.
    pub class: &'a str,
    pub title: String,
}

impl Chart<'_> {
    /// The chart with its heading and legend; nothing if there is nothing to draw.
    pub fn figure(&self) -> Markup {
        let drawings: &[(f64, &str)] = if self.is_wide {
            &[(NARROW, "narrow"), (WIDE, "wide")]
        } else {
            &[(NARROW, "any")]
        };
        let drawings: Vec<Markup> = drawings
            .iter()
            .filter_map(|&(width, class)| Some(Frame::new(self, width)?.svg(class)))
            .collect();
        html! {
            @if !drawings.is_empty() {
                figure.card {
                    figcaption { (self.title) }
                    (self.legend())
                    @for drawing in &drawings { (drawing) }
                    @if !self.note.is_empty() { p.note { (self.note) } }
                }
            }
        }
    }

    fn legend(&self) -> Markup {
        html! {
            @if self.lines.len() > 1 || self.level.is_some() || self.mark.is_some() {
                p.legend {
                    @for line in &self.lines { span { i class=(line.class) {} (line.name) } }
                    @if let Some((_, name)) = &self.level { span { i.level {} (name) } }
                    @if let Some((_, name)) = &self.mark { span { i.mark {} (name) } }
                }
            }
        }
    }

    /// What a screen reader says instead of the drawing.
    fn description(&self) -> String {
        let line = |line: &Line<'_>| {
            let last = line.points.iter().rev().find(|(_, y)| y.is_finite());
            last.map(|&(x, y)| {
                format!(
                    "{} ends at {} ({} {})",
                    line.name,
                    tidy(y),
                    self.x_name,
                    self.x_text(x)
                )
            })
        };
        let lines: Vec<String> = self.lines.iter().filter_map(line).collect();
        format!("{}: {}", self.title, lines.join("; "))
    }

    fn x_text(&self, x: f64) -> String {
        match self.x_labels.get(x as usize) {
            Some(label) => label.clone(),
            None => tidy(x),
        }
    }
}

/// A chart laid out at a width.
struct Frame<'a> {
    chart: &'a Chart<'a>,
    width: f64,
    left: f64,
    x: Scale,
    y: Scale,
}

impl<'a> Frame<'a> {
    fn new(chart: &'a Chart<'a>, width: f64) -> Option<Self> {
        let lines = || chart.lines.iter().flat_map(|line| &line.points).copied();
        let points = || lines().chain(chart.dots.iter().map(|dot| dot.place));
        let level = chart.level.iter().map(|&(level, _)| level);
        let ys = points().map(|(_, y)| y).chain(level);
        let y = if chart.is_log {
            Scale::log(ys, 5)
        } else {
            Scale::linear(ys, 4)
        }?;
        let longest = y
            .ticks
            .iter()
            .map(|&tick| y.label(tick).chars().count())
            .max();
        let left = 10.0 + DIGIT * longest.unwrap_or(1) as f64;
        let widest = chart
            .x_labels
            .iter()
            .map(|label| label.chars().count())
            .max()
            .unwrap_or(4);
        let room = (width - left - RIGHT) / (DIGIT * widest as f64 + 26.0);
        let mark = chart.mark.iter().map(|&(mark, _)| mark);
        let xs = points().map(|(x, _)| x).chain(mark);
        let x = Scale::integers(xs, (room as usize).clamp(1, 10))?;
        Some(Self {
            chart,
            width,
            left,
            x,
            y,
        })
    }

    fn x_of(&self, x: f64) -> Option<f64> {
        Some(self.left + self.x.place(x)? * (self.width - self.left - RIGHT))
    }

    fn y_of(&self, y: f64) -> Option<f64> {
        Some(HEIGHT - BOTTOM - self.y.place(y)? * (HEIGHT - BOTTOM - TOP))
    }

    fn svg(&self, class: &str) -> Markup {
        let bottom = HEIGHT - BOTTOM;
        html! {
            svg class=(class) viewBox=(format!("0 0 {} {HEIGHT}", self.width)) role="img"
                aria-label=(self.chart.description()) {
                (self.axes(bottom))
                @if let Some(y) = self.chart.level.as_ref().and_then(|&(level, _)| self.y_of(level)) {
                    path.level d=(format!("M{:.1} {y:.1}H{:.1}", self.left, self.width - RIGHT)) {}
                }
                @if let Some(x) = self.chart.mark.as_ref().and_then(|&(mark, _)| self.x_of(mark)) {
                    path.mark d=(format!("M{x:.1} {TOP:.1}V{bottom:.1}")) {}
                }
                @for line in &self.chart.lines { (self.line(line)) }
                @if self.chart.dots.is_empty() { (self.tooltips(bottom)) }
                @for dot in &self.chart.dots { (self.dot(dot)) }
            }
        }
    }

    fn axes(&self, bottom: f64) -> Markup {
        let right = self.width - RIGHT;
        let ys = self
            .y
            .ticks
            .iter()
            .filter_map(|&tick| Some((self.y_of(tick)?, self.y.label(tick))));
        let xs = self
            .x
            .ticks
            .iter()
            .filter_map(|&tick| Some((self.x_of(tick)?, self.chart.x_text(tick))));
        html! {
            @for (y, label) in ys {
                path.grid d=(format!("M{:.1} {y:.1}H{right:.1}", self.left)) {}
                text.tick.end x=(format!("{:.1}", self.left - 6.0)) y=(format!("{:.1}", y + 3.8)) { (label) }
            }
            @for (x, label) in xs {
                path.grid d=(format!("M{x:.1} {bottom:.1}v4")) {}
                text.tick.middle x=(format!("{x:.1}")) y=(format!("{:.1}", bottom + 16.0)) { (label) }
            }
            text.name.middle x=(format!("{:.1}", (self.left + right) / 2.0)) y=(format!("{:.1}", HEIGHT - 5.0)) {
                (self.chart.x_name)
            }
        }
    }

    fn line(&self, line: &Line<'_>) -> Markup {
        let mut path = String::new();
        let mut is_down = false;
        let (mut last, mut count) = (None, 0);
        for (x, y) in thinned(&line.points) {
            let place = self.x_of(x).zip(self.y_of(y));
            if let Some((x, y)) = place {
                path += &format!("{}{x:.1} {y:.1}", if is_down { 'L' } else { 'M' });
                (last, count) = (place, count + 1);
            }
            // A number that has no place leaves a gap.
            is_down = place.is_some();
        }
        html! {
            path class=(format!("line {}", line.class)) d=(path) {}
            @if let Some((x, y)) = last.filter(|_| count == 1) {
                circle class=(format!("dot {}", line.class)) cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="3.5" {}
            }
        }
    }

    fn dot(&self, dot: &Dot<'_>) -> Markup {
        let (x, y) = dot.place;
        html! {
            @if let Some((x, y)) = self.x_of(x).zip(self.y_of(y)) {
                circle class=(format!("dot {}", dot.class)) cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="2.5"
                    fill-opacity="0.6" {
                    title { (dot.title) }
                }
            }
        }
    }

    /// Invisible columns that say the numbers of their place.
    fn tooltips(&self, bottom: f64) -> Markup {
        let longest = self.chart.lines.iter().max_by_key(|line| line.points.len());
        let xs: Vec<f64> = longest.map_or(Vec::new(), |line| {
            line.points.iter().map(|&(x, _)| x).collect()
        });
        let width = (self.width - self.left - RIGHT) / xs.len().saturating_sub(1).max(1) as f64;
        html! {
            @if xs.len() <= TOOLTIPS {
                @for &x in &xs {
                    @if let Some(centre) = self.x_of(x) {
                        rect.hit x=(format!("{:.1}", centre - width / 2.0)) y=(TOP) width=(format!("{width:.1}"))
                            height=(bottom - TOP) { title { (self.tooltip(x)) } }
                    }
                }
            }
        }
    }

    fn tooltip(&self, x: f64) -> String {
        let mut text = format!("{} {}", self.chart.x_name, self.chart.x_text(x));
        for line in &self.chart.lines {
            if let Some((_, y)) = line.points.iter().find(|point| point.0 == x) {
                text += &format!("\n{}: {}", line.name, tidy(*y));
            }
        }
        text
    }
}

/// A line with as many points as can be seen: of each neighbourhood the lowest and the highest.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= POINTS {
        return points.to_vec();
    }
    let mut kept = Vec::new();
    for chunk in points.chunks(points.len().div_ceil(POINTS / 2)) {
        let lowest = chunk.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let highest = chunk.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let mut both: Vec<(f64, f64)> = lowest.into_iter().chain(highest).copied().collect();
        both.sort_by(|a, b| a.0.total_cmp(&b.0));
        both.dedup();
        kept.extend(both);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>) -> Chart<'static> {
        Chart {
            title: "Loss <of> all",
            x_name: "epoch",
            lines: vec![Line {
                name: "a & b",
                class: "a",
                points,
            }],
            ..Chart::default()
        }
    }

    #[test]
    fn a_chart_says_what_it_shows() {
        let page = chart(vec![(1.0, 0.5), (2.0, 0.25)]).figure().into_string();
        assert!(
            page.contains("Loss &lt;of&gt; all: a &amp; b ends at 0.25 (epoch 2)"),
            "{page}"
        );
        assert!(
            page.contains("<title>epoch 1\na &amp; b: 0.5</title>"),
            "{page}"
        );
        assert_eq!(page.matches("class=\"line a\"").count(), 1);
    }

    #[test]
    fn nothing_to_draw_leaves_nothing_and_one_point_is_a_dot() {
        assert_eq!(chart(Vec::new()).figure().into_string(), "");
        assert_eq!(chart(vec![(1.0, f64::NAN)]).figure().into_string(), "");
        assert!(
            chart(vec![(1.0, 3.0)])
                .figure()
                .into_string()
                .contains("<circle")
        );
    }

    #[test]
    fn dots_lie_on_the_scales_and_say_what_they_are() {
        let dots = [(100.0, 0.5), (900.0, 0.75)].map(|place| Dot {
            place,
            class: "b",
            title: format!("<{}>", place.0),
        });
        let chart = Chart {
            dots: dots.to_vec(),
            mark: Some((1000.0, "all there is".to_owned())),
            ..chart(Vec::new())
        };
        let page = chart.figure().into_string();
        assert_eq!(page.matches("<circle class=\"dot b\"").count(), 2, "{page}");
        assert!(page.contains("<title>&lt;900&gt;</title>"), "{page}");
        assert!(
            page.contains(">1000</text>"),
            "the mark has a place: {page}"
        );
    }

    #[test]
    fn numbers_without_a_place_leave_gaps() {
        let page = chart(vec![(1.0, 1.0), (2.0, f64::NAN), (3.0, 1.0), (4.0, 2.0)])
            .figure()
            .into_string();
        let path = page.split("class=\"line a\" d=\"").nth(1).expect("a line");
        let path = path.split('"').next().expect("its end");
        assert_eq!(
            (path.matches('M').count(), path.matches('L').count()),
            (2, 1)
        );
        assert!(!page.contains("NaN."), "{page}");
    }

    #[test]
    fn long_lines_keep_their_extremes() {
        let points: Vec<(f64, f64)> = (0..10_000)
            .map(|i| (f64::from(i), if i == 5_001 { 9.0 } else { 1.0 }))
            .collect();
        let kept = thinned(&points);
        assert!(kept.len() <= POINTS && kept.contains(&(5_001.0, 9.0)));
        assert!(kept.is_sorted_by(|a, b| a.0 < b.0));
    }
}
