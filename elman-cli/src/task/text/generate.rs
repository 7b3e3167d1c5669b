//! `elman generate`: a text net writes.

use std::io::Write;

use serde::Serialize;

use super::lexicon::{LINE_END, UNKNOWN};
use super::model::TextModel;
use super::sample::{Sampling, go_on};
use crate::base::failure::Result;
use crate::base::folder::Run;
use crate::base::json;
use crate::base::tell::tell;
use crate::data::nfc;
use crate::task::args::GenerateArgs;

/// What `--json` prints.
#[derive(Serialize)]
struct Generated<'a> {
    prompt: &'a str,
    /// The prompt and what follows it.
    text: String,
    /// What was added, and how surprising each token is to the net, whatever the temperature.
    tokens: Vec<&'a str>,
    token_nats: Vec<f64>,
}

/// The command.
///
/// # Errors
/// A run that is missing, damaged or of another task.
pub fn run(args: &GenerateArgs) -> Result<()> {
    let net = TextModel::open(&Run::open(&args.run)?)?;
    let lexicon = net.lexicon();
    let written = nfc(&args.prompt);
    let prompt = lexicon.ids(&written);
    if prompt.contains(&UNKNOWN) {
        let (unit, mut unknown) = (lexicon.unit(), Vec::new());
        unit.cut(&written, |token| {
            if lexicon.id(token) == UNKNOWN && !unknown.contains(&token) {
                unknown.push(token);
            }
        });
        let (noun, unknown) = (unit.noun(), unknown.join(" "));
        tell!("elman: warning: the model has never met these {noun}s of the prompt: {unknown}");
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        let generated = collect(&net, args, &prompt)?;
        json::write(&mut out, &generated)?;
        return Ok(writeln!(out)?);
    }
    write!(out, "{}", args.prompt)?;
    let mut before = last_of(&args.prompt, &prompt);
    write_on(&net, args, &prompt, |id, _| {
        write!(out, "{}{}", lexicon.gap(before, id), lexicon.token(id))?;
        before = id;
        Ok(out.flush()?)
    })?;
    if before != LINE_END {
        writeln!(out)?;
    }
    Ok(())
}

fn collect<'a>(
    net: &'a TextModel,
    args: &'a GenerateArgs,
    prompt: &[u32],
) -> Result<Generated<'a>> {
    let lexicon = net.lexicon();
    let mut generated = Generated {
        prompt: &args.prompt,
        text: args.prompt.clone(),
        tokens: Vec::new(),
        token_nats: Vec::new(),
    };
    let mut before = last_of(&args.prompt, prompt);
    write_on(net, args, prompt, |id, surprise| {
        generated.text += lexicon.gap(before, id);
        generated.text += lexicon.token(id);
        generated.tokens.push(lexicon.token(id));
        generated.token_nats.push(surprise);
        before = id;
        Ok(())
    })?;
    Ok(generated)
}

/// What the first new token follows; after a blank no other is needed.
fn last_of(typed: &str, prompt: &[u32]) -> u32 {
    match prompt.last() {
        Some(&id) if !typed.ends_with(char::is_whitespace) => id,
        _ => LINE_END,
    }
}

/// Reads the prompt and hands out what comes next, token by token, each with its nats.
fn write_on(
    net: &TextModel,
    args: &GenerateArgs,
    prompt: &[u32],
    hand_out: impl FnMut(u32, f64) -> Result<()>,
) -> Result<()> {
    let sampling = Sampling {
        temperature: args.temperature,
        top_k: args.top_k,
        seed: args.seed,
    };
    let (length, model) = (args.length, net.network.model()?);
    go_on(model, net.has_items(), &sampling, prompt, length, hand_out)
}
