//! `elman predict` for series: after every row the value some steps ahead, or with `--steps N` the next N rows.

use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;

use elman_core::Inputs;
use elman_core::feed::Streaming;
use serde::Serialize;
use serde_json::Number;

use super::calendar;
use super::history::History;
use super::meaning::ForecastMeaning;
use super::memory::Memory;
use super::series::{self, Series};
use crate::base::failure::{Failure, Result};
use crate::base::json;
use crate::base::tell::tell;
use crate::data::csv::Csv;
use crate::data::table::Wanted;
use crate::data::{Format, Lines, quoted};
use crate::net::network::Network;
use crate::task::args::PredictArgs;
use crate::task::trained::TrainedNet;

/// A trained forecasting net.
type ForecastNet = TrainedNet<ForecastMeaning>;

/// The command.
///
/// # Errors
/// Data that are missing or do not fit.
pub fn run(net: &ForecastNet, args: &PredictArgs, out: &mut dyn Write) -> Result<()> {
    // Other formats are read to their end before the first answer.
    let is_array = args.format.is_some_and(|format| format != Format::Csv);
    let mut answers = Answers {
        meaning: &net.meaning,
        as_json: args.json,
        flags: args.flag,
        is_new: true,
        stamp_name: None,
        out,
    };
    match args.steps {
        Some(steps) => roll_out(net, args, steps, &mut answers),
        // What is known ahead stands in rows that come later.
        None if args.data == Path::new("-") && !is_array && net.meaning.view.known == 0 => {
            follow(net, args, &mut answers)
        }
        None => answer_file(net, args, &mut answers),
    }
}

/// So many dates at the beginning tell whether they rise.
const FIRST_DATES: usize = 3;

/// Answers rows from a pipe, each as soon as it comes.
fn follow(net: &ForecastNet, args: &PredictArgs, answers: &mut Answers<'_>) -> Result<()> {
    let wanted = Wanted {
        columns: Some(net.meaning.columns.clone()),
        dialect: net.meaning.dialect.clone(),
        ..Wanted::default()
    };
    let mut rows = Csv::open(Lines::open(&args.data)?, &wanted)?;
    answers.stamp_name = rows.stamp_name();
    let mut next = rows.next_row()?;
    if next.is_none() {
        return Err(Failure::input("standard input holds no rows of data"));
    }
    while let Some(first) = next.take() {
        let name = first.sequence.clone();
        let mut buffers = Buffers::new(net)?;
        let mut roller = Roller::new(net, &mut buffers, args.interval())?;
        let mut row = Some(first);
        let mut step = 0;
        let mut stamps = Vec::new();
        while let Some(current) = row.take() {
            if current.sequence != name {
                next = Some(current);
                break;
            }
            stamps.extend(current.stamp.clone().filter(|_| step < FIRST_DATES));
            if step + 1 == FIRST_DATES && calendar::falls_in(&stamps) {
                return Err(Failure::input(format!(
                    "line {} of the data: dates fall from {} on; rows come oldest first, and a file is put in order by itself",
                    current.line, stamps[0]
                )));
            }
            let due = roller.due();
            let forecast = roller.push(&current.values)?;
            let stamp = current.stamp.as_deref();
            let count = current.step.filter(|count| count.is_finite());
            let count = count.unwrap_or(step as f64);
            answers.write((&name, count, stamp), (current.values[0], due), forecast)?;
            answers.out.flush()?;
            step += 1;
            row = rows.next_row()?;
        }
    }
    Ok(())
}

fn load(net: &ForecastNet, args: &PredictArgs) -> Result<Vec<Series>> {
    series::load(&net.meaning.file(&args.data, args.format, None))
}

fn answer_file(net: &ForecastNet, args: &PredictArgs, answers: &mut Answers<'_>) -> Result<()> {
    let series = load(net, args)?;
    let meaning = &net.meaning;
    series::note_future(&series, &meaning.columns, &args.data);
    let (first_known, horizon) = (
        meaning.columns.len() - meaning.view.known,
        meaning.view.horizon,
    );
    note_unknown(meaning, &series, |one, column| {
        one.len() + if column < first_known { 0 } else { horizon }
    });
    for one in series {
        answers.stamp_name.clone_from(&one.stamp_name);
        let mut buffers = Buffers::new(net)?;
        let mut roller = Roller::new(net, &mut buffers, args.interval())?;
        roller.foresee(&one);
        for step in 0..one.len() {
            let due = roller.due();
            let forecast = if step < one.known_len() {
                roller.push(one.row(step))?
            } else {
                roller.advance(one.row(step))?.1
            };
            let stamp = one.stamps.get(step).map(String::as_str);
            let place = (one.name.as_str(), one.count(step), stamp);
            answers.write(place, (one.target(step), due), forecast)?;
        }
    }
    Ok(())
}

/// Goes on after the end of every series, by taking each forecast for what came.
fn roll_out(
    net: &ForecastNet,
    args: &PredictArgs,
    steps: usize,
    answers: &mut Answers<'_>,
) -> Result<()> {
    let series = load(net, args)?;
    note_unknown(&net.meaning, &series, |one, _| one.known_len() + steps);
    let horizon = net.meaning.view.horizon;
    if let Some(one) = series.iter().find(|one| one.known_len() < horizon) {
        tell!(
            "elman: note: before {horizon} rows are known nothing can be said of the next ones, which are left out here{}",
            if series.len() > 1 {
                format!("; so it is with {}", one.name)
            } else {
                String::new()
            }
        );
    }
    let unknown = vec![f64::NAN; net.meaning.columns.len()];
    for one in series {
        answers.stamp_name.clone_from(&one.stamp_name);
        let mut buffers = Buffers::new(net)?;
        let mut roller = Roller::new(net, &mut buffers, args.interval())?;
        roller.foresee(&one);
        for step in 0..one.known_len() {
            roller.push(one.row(step))?;
        }
        for step in one.known_len()..one.known_len() + steps {
            let row = if step < one.len() {
                one.row(step)
            } else {
                &unknown
            };
            let (Some(value), _) = roller.advance(row)? else {
                continue;
            };
            let stamp = one.stamp(step);
            answers.write_future(&one.name, one.count(step), stamp.as_deref(), value)?;
        }
    }
    Ok(())
}

/// Says which other columns lack values in the rows to come, up to where each is looked at.
fn note_unknown(
    meaning: &ForecastMeaning,
    series: &[Series],
    end: impl Fn(&Series, usize) -> usize,
) {
    let lacks = |column: &usize| {
        series.iter().any(|one| {
            let mut coming = one.known_len()..end(one, *column);
            coming.any(|step| step >= one.len() || one.row(step)[*column].is_nan())
        })
    };
    let lacking = (1..meaning.columns.len()).filter(lacks);
    let names: Vec<&str> = lacking
        .map(|column| meaning.columns[column].as_str())
        .collect();
    if !names.is_empty() {
        tell!(
            "elman: note: nobody knows {} of all the rows to come; the last values stay. Rows without {} at the end of the data may \
             say more",
            names.join(", "),
            meaning.columns[0]
        );
    }
}

/// The memory of a roller: state and scratch of every net.
struct Buffers(Vec<Memory>);

impl Buffers {
    fn new(net: &ForecastNet) -> Result<Self> {
        let memories = net.members().map(|net| Memory::new(&net.network));
        Ok(Self(memories.collect::<Result<_>>()?))
    }
}

/// A series that grows step by step. Several nets forecast their mean.
struct Roller<'a> {
    meaning: &'a ForecastMeaning,
    members: Vec<Member<'a>>,
    /// Forecasts of the steps to come, the next one first; no more than the horizon.
    ahead: VecDeque<Forecast>,
}

/// The series as one net knows it.
struct Member<'a> {
    network: &'a Network,
    meaning: &'a ForecastMeaning,
    history: History,
    stream: Box<dyn Streaming + 'a>,
    inputs: Vec<f32>,
    numbers: Vec<f64>,
    /// How far off the value may be on the curve, if somebody asks.
    reach: Option<f64>,
}

impl<'a> Roller<'a> {
    fn new(net: &'a ForecastNet, buffers: &'a mut Buffers, interval: Option<f64>) -> Result<Self> {
        let members = net.members().zip(&mut buffers.0);
        let member = |(net, memory): (&'a ForecastNet, &'a mut Memory)| {
            Ok(Member {
                network: &net.network,
                meaning: &net.meaning,
                history: net.meaning.history(),
                stream: memory.stream(&net.network)?,
                inputs: Vec::new(),
                numbers: Vec::new(),
                reach: interval
                    .map(|share| net.meaning.errors.reach(share))
                    .transpose()?,
            })
        };
        Ok(Self {
            meaning: &net.meaning,
            members: members.map(member).collect::<Result<_>>()?,
            ahead: VecDeque::new(),
        })
    }

    /// Takes a row and forecasts from it.
    fn push(&mut self, row: &[f64]) -> Result<Forecast> {
        let count = self.members.len() as f64;
        let mut sums = [0.0; 3];
        for member in &mut self.members {
            let found = member.push(row)?;
            sums.iter_mut()
                .zip(found)
                .for_each(|(sum, number)| *sum += number);
        }
        let [value, low, high] = sums.map(|sum| sum / count);
        let forecast = Forecast {
            value,
            bounds: (!low.is_nan()).then_some([low, high]),
        };
        if self.ahead.len() == self.meaning.view.horizon {
            self.ahead.pop_front();
        }
        self.ahead.push_back(forecast);
        Ok(forecast)
    }

    /// What was forecast of the step that comes next.
    fn due(&self) -> Option<Forecast> {
        let is_forecast = self.ahead.len() == self.meaning.view.horizon;
        self.ahead.front().copied().filter(|_| is_forecast)
    }

    /// Takes what a series says of columns that are known ahead, all of it before the first row.
    fn foresee(&mut self, series: &Series) {
        let first = self.meaning.columns.len() - self.meaning.view.known;
        for step in 0..series.len() {
            for member in &mut self.members {
                member.history.foresee(&series.row(step)[first..]);
            }
        }
    }

    /// The next step, which is then taken for what came, and the forecast from there; `row` holds what is known of other
    /// columns. Of the first steps, as many as the horizon has, nothing was forecast.
    fn advance(&mut self, row: &[f64]) -> Result<(Option<f64>, Forecast)> {
        let value = self.due().map(|forecast| forecast.value);
        let others = row[1..].iter().copied();
        let row: Vec<f64> = std::iter::once(value.unwrap_or(f64::NAN))
            .chain(others)
            .collect();
        Ok((value, self.push(&row)?))
    }
}

impl Member<'_> {
    /// Takes a row and forecasts from it: the value, and its bounds.
    fn push(&mut self, row: &[f64]) -> Result<[f64; 3]> {
        self.history.forget(&self.meaning.view);
        self.history.push(row);
        let step = self.history.len() - 1;
        let Self {
            meaning,
            history,
            numbers,
            ..
        } = self;
        let expected = meaning.expect(history, step, numbers);
        self.inputs.clear();
        self.inputs
            .extend(meaning.net_inputs(history, step, expected, numbers));
        let mut output = [0.0];
        self.stream.step(Inputs::Dense(&self.inputs), &mut output)?;
        self.network.look_at(&output);
        let [low, high] = match self.reach {
            Some(reach) => self.meaning.bounds(expected, output[0], reach),
            None => [f64::NAN; 2],
        };
        Ok([self.meaning.value(expected, output[0]), low, high])
    }
}

/// What is said of a value to come.
#[derive(Clone, Copy, Debug)]
struct Forecast {
    value: f64,
    /// Where it should lie, if somebody asked.
    bounds: Option<[f64; 2]>,
}

/// Where answers go.
struct Answers<'a> {
    meaning: &'a ForecastMeaning,
    as_json: bool,
    /// Whether what came is looked at beside what was forecast.
    flags: bool,
    is_new: bool,
    /// What the data call their dates.
    stamp_name: Option<String>,
    out: &'a mut dyn Write,
}

/// One line of `predict --json`.
#[derive(Serialize)]
struct ForecastAnswer<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    seq: &'a str,
    t: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<&'a str>,
    /// Null where it is missing or yet to come.
    value: Option<f64>,
    /// Whether it lay outside of where it was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    unusual: Option<bool>,
    /// Of the value `ahead` steps later; of this one where that is 0.
    forecast: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
    ahead: usize,
}

impl Answers<'_> {
    /// A row, what was forecast of it, and what is forecast from it.
    fn write(
        &mut self,
        (seq, count, date): (&str, f64, Option<&str>),
        (value, due): (f64, Option<Forecast>),
        forecast: Forecast,
    ) -> Result<()> {
        let is_out = |[low, high]: [f64; 2]| !value.is_nan() && !(low..=high).contains(&value);
        let is_unusual = || due.and_then(|due| due.bounds).is_some_and(is_out);
        self.write_answer(&ForecastAnswer {
            unusual: self.flags.then(is_unusual),
            low: forecast.bounds.map(|bounds| bounds[0]),
            high: forecast.bounds.map(|bounds| bounds[1]),
            seq,
            t: as_number(count),
            date,
            value: (!value.is_nan()).then_some(value),
            forecast: forecast.value,
            ahead: self.meaning.view.horizon,
        })
    }

    fn write_future(
        &mut self,
        seq: &str,
        count: f64,
        date: Option<&str>,
        forecast: f64,
    ) -> Result<()> {
        self.write_answer(&ForecastAnswer {
            seq,
            t: as_number(count),
            date,
            value: None,
            unusual: None,
            forecast,
            low: None,
            high: None,
            ahead: 0,
        })
    }

    fn write_answer(&mut self, answer: &ForecastAnswer<'_>) -> Result<()> {
        if self.as_json {
            json::write(&mut *self.out, answer)?;
            return Ok(writeln!(self.out)?);
        }
        let target = &self.meaning.columns[0];
        let is_future = answer.ahead == 0;
        let mut names: Vec<String> = Vec::new();
        let mut cells: Vec<String> = Vec::new();
        let mut cell = |name: String, value: String| {
            names.push(name);
            cells.push(value);
        };
        if !answer.seq.is_empty() {
            cell("seq".to_owned(), quoted(answer.seq));
        }
        cell("t".to_owned(), answer.t.to_string());
        if let Some(date) = answer.date {
            let name = self.stamp_name.as_deref().unwrap_or("date");
            cell(quoted(name), quoted(date));
        }
        if is_future {
            cell(quoted(target), answer.forecast.to_string());
        } else {
            let value = answer
                .value
                .map_or(String::new(), |value| value.to_string());
            cell(quoted(target), value);
            if let Some(is_unusual) = answer.unusual {
                cell("unusual".to_owned(), u8::from(is_unusual).to_string());
            }
            let name = format!("{target}+{}", answer.ahead);
            cell(quoted(&name), answer.forecast.to_string());
            for (end, bound) in [("low", answer.low), ("high", answer.high)] {
                if let Some(bound) = bound {
                    cell(quoted(&format!("{name} {end}")), bound.to_string());
                }
            }
        }
        if std::mem::take(&mut self.is_new) {
            writeln!(self.out, "{}", names.join(","))?;
        }
        Ok(writeln!(self.out, "{}", cells.join(","))?)
    }
}

/// A count as a reader writes it: without a fraction if it has none.
pub(super) fn as_number(count: f64) -> Number {
    if count.fract() == 0.0 && count.abs() < 9e15 {
        Number::from(count as i64)
    } else {
        Number::from_f64(count).unwrap_or_else(|| Number::from(0))
    }
}
