//! `elman eval --events`: when the answers of a net that is fed step by step are an event.

use std::io::Write;

use crate::base::encoding::EventRule;
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::json;
use crate::base::tell::tell;
use crate::base::threads::on_threads;
use crate::data::Format;
use crate::exchange::export::validation;
use crate::net::int8_file::{self, Int8Net};
use crate::task::args::EvalArgs;
use crate::task::events::{ChosenRule, EventScores, Origin, Recordings, tune};
use crate::task::trained::Trained;

/// Finds a rule on the run's validation data and keeps it, or measures the one that is kept on other data. With --int8 it is the int8 net
/// that answers, fed in whole numbers, and the rule is its own.
///
/// # Errors
/// A net that does not stream classes of measurements; one that was not quantized, with --int8; data that are missing or do not fit; a label
/// that the net does not know.
pub fn run(args: &EvalArgs, run: &Run, trained: &mut dyn Trained) -> Result<()> {
    // First of all: a net that has no events needs no elman quantize either.
    trained.event_front()?;
    let int8 = match args.int8 {
        true => Some(int8_file::load(&run.quantized(), trained.network())?),
        false => None,
    };
    if let Some(int8) = &int8 {
        trained.network_mut().set_quantized(int8.words.clone())?;
    }
    let scores = if args.tunes() {
        tuned(args, run, trained, int8)?
    } else {
        Format::check(args.format, trained.formats())?;
        let sequences = trained
            .sequences(args.file())
            .map_err(|failure| Format::doubt(args.format, &args.data, failure))?;
        let own = int8.and_then(|int8| int8.events);
        let ChosenRule { rule, origin } = ChosenRule::of_int8(own, trained.event_rule());
        let scores = on_threads(args.threads.into(), || {
            Ok::<_, Failure>(EventScores::measure(
                &rule,
                &trained.recordings(&sequences)?,
            ))
        })?;
        match args.int8 {
            true => scores.of_int8(origin),
            false => scores,
        }
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        json::write(&mut out, &scores)?;
        writeln!(out)?;
    } else {
        out.write_all(scores.to_table().as_bytes())?;
    }
    trained.must_be_finite()
}

/// The best rule on the validation data, which is kept, and what it comes to there.
fn tuned(
    args: &EvalArgs,
    run: &Run,
    trained: &mut dyn Trained,
    int8: Option<Int8Net>,
) -> Result<EventScores> {
    let sequences = validation(run).map_err(|failure| {
        Failure::input(format!(
            "the rule is found on the validation data of the run, which cannot be read: {failure}"
        ))
    })?;
    let (rule, scores) = on_threads(args.threads.into(), || {
        let recordings = trained.recordings(&sequences)?;
        let rule = tune(&recordings, background(args, &sequences, &recordings)?);
        let scores = EventScores::measure(&rule, &recordings);
        Ok::<(EventRule, EventScores), Failure>((rule, scores))
    })?;
    if !scores.finds() {
        return Err(Failure::run(
            "no rule tells an event of the validation data: the net never makes a class likely while it lasts, so nothing is kept",
        ));
    }
    if let Some(int8) = int8 {
        let events = Some(rule);
        let int8 = Int8Net { events, ..int8 };
        int8_file::save(&run.quantized(), trained.network(), &int8)?;
        tell!(
            "elman: smoothing, threshold and refractory time are in {} now; exports with --int8 from here on take them",
            run.quantized().display()
        );
        return Ok(scores.of_int8(Origin::Int8));
    }
    trained.keep_event_rule(rule, run)?;
    tell!(
        "elman: smoothing, threshold and refractory time are in {} now; exports from here on take them",
        run.model().display()
    );
    Ok(scores)
}

/// The class that is no event.
fn background(
    args: &EvalArgs,
    sequences: &crate::data::Sequences,
    recordings: &Recordings,
) -> Result<Option<usize>> {
    let Some(label) = &args.background else {
        return Ok(match sequences.read() {
            elman_core::Read::EveryStep => recordings.commonest(),
            elman_core::Read::LastStep => None,
        });
    };
    let names = &recordings.names;
    let place = names.iter().position(|name| name == label);
    place.map(Some).ok_or_else(|| {
        Failure::input(format!(
            "--background {label}: the net does not know this label; it knows {}",
            names.join(", ")
        ))
    })
}
