//! `elman import`: a net that was trained elsewhere as a run of ours.
//!
//! Reading order: `net` (what comes in, and how it becomes a spec and parameters) → `state_dict` (PyTorch) → `graph`, `reader`,
//! `flow`, `follow`, `operator`, `rnn`, `ops`, `head` (ONNX) → `meaning` (what the user says of the numbers).

#[cfg(test)]
mod dict_tests;
mod flow;
mod follow;
mod graph;
mod head;
mod meaning;
mod net;
mod operator;
mod ops;
mod other;
mod reader;
mod rnn;
mod state_dict;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::Path;

use elman_core::{Activation, Cell, HeadKind, Input, Layer, Read, Spec};
use serde::Serialize;

use crate::args::{IMPORTED, ImportArgs};
use crate::base::failure::{Failure, Result};
use crate::base::folder::{Run, write_atomic};
use crate::base::json;
use crate::base::tell::plain;
use crate::exchange::onnx;
use crate::net::cell::{self, CellName};
use crate::net::describe;
use crate::net::model_file::{self, About};
use crate::net::spec_file::StoredSpec;
use crate::task::registry;

use meaning::Meaning;
use net::{Foreign, Net, blame_file};
use state_dict::Hints;

/// What a file holds.
enum Content {
    /// A net of ours, with all that belongs to it.
    Ours(Net, Meaning),
    /// A net.
    Bare(Net),
}

/// What `--json` prints.
#[derive(Serialize)]
struct ImportReport<'a> {
    run: String,
    task: &'a str,
    parameters: usize,
    notes: &'a [String],
}

/// What stands in the run's configuration.
#[derive(Serialize)]
struct Config<'a> {
    task: &'a str,
    from: String,
}

/// The command.
///
/// # Errors
/// A file that is missing, damaged, or holds no net that elman can run; flags that do not fit it.
pub fn run(args: &ImportArgs) -> Result<()> {
    let path = &args.file;
    let content = std::fs::read(path).map_err(|error| Failure::read(path, &error))?;
    let is_tensors = is_safetensors(&content);
    let found = find(args, content).map_err(|failure| failure.in_file(path))?;
    let (net, meaning) = match found {
        Content::Ours(net, meaning) => (net, meaning),
        Content::Bare(mut net) => {
            let meaning = meaning::decide(args, &mut net)?;
            if is_tensors && args.spec.is_none() {
                note_read(&mut net);
            }
            (net, meaning)
        }
    };
    let run = write(args, &net, &meaning)?;
    report(args, &run, &net, &meaning)
}

/// A state_dict cannot say where a head reads a net of two directions, and much code reads it at the last place.
fn note_read(net: &mut Net) {
    if net.spec.is_bidirectional() && net.spec.head.read == Read::LastStep {
        net.notes.push(
            "read at the end of both directions (h_n), the reverse one after the first step; a net trained on output[:, -1] gives \
             other answers here"
                .to_owned(),
        );
    }
}

/// Reads an ONNX file: spec and parameters, without what its numbers mean.
///
/// # Errors
/// What is wrong with it.
pub fn reads_onnx(content: Vec<u8>) -> Result<()> {
    of_onnx(content).map(drop)
}

/// The same with a state_dict.
///
/// # Errors
/// What is wrong with it.
pub fn reads_state_dict(content: &[u8]) -> Result<()> {
    let about = About::find(content)?;
    if let Some(about) = about {
        return ours(about, content).map(drop);
    }
    let hints = Hints {
        layers: Vec::new(),
        window: 1,
    };
    let foreign = state_dict::read(content, &hints)?;
    let spec = foreign.spec(Read::LastStep, false)?;
    foreign.params(&spec);
    Ok(())
}

/// Reads a file by its content.
fn find(args: &ImportArgs, content: Vec<u8>) -> Result<Content> {
    // A length of 640 in front of tensors begins as a pickle does.
    let is_tensors = is_safetensors(&content);
    if !is_tensors && let Some(what) = other::name(&content) {
        return Err(Failure::input(what));
    }
    if let Some(like) = &args.like {
        if !is_tensors {
            return Err(Failure::input("--like is for the tensors of a state_dict"));
        }
        let about = About::read(&Run::open(like)?.trained_model()?)?;
        return ours(about, &content);
    }
    if is_tensors {
        return match About::find(&content)? {
            Some(about) if !says_more(args) => ours(about, &content),
            _ => state_dict(args, &content),
        };
    }
    if args.spec.is_some() || args.activation.is_some() || args.read.is_some() {
        return Err(Failure::input(
            "--spec, --activation and --read are for a state_dict; an ONNX file says all that by itself",
        ));
    }
    match of_onnx(content)? {
        Content::Ours(net, _) if says_more(args) => Ok(Content::Bare(net)),
        found => Ok(found),
    }
}

/// The net of an ONNX file: one that `elman export` wrote, or one of another program.
fn of_onnx(content: Vec<u8>) -> Result<Content> {
    let model = onnx::decode(content)?;
    if let Some((about, params)) = graph::ours(&model)? {
        let net = of_ours(&about, params)?;
        return Ok(match meaning_of(about) {
            Some(meaning) => Content::Ours(net, meaning),
            None => Content::Bare(net),
        });
    }
    let foreign = graph::read(&model)?;
    let spec = foreign.spec(foreign.read.unwrap_or(Read::EveryStep), foreign.softmax)?;
    Ok(Content::Bare(of_foreign(foreign, spec)))
}

/// Whether the user says what the numbers mean.
const fn says_more(args: &ImportArgs) -> bool {
    args.task.is_some()
        || args.labels.is_some()
        || args.columns.is_some()
        || args.mean.is_some()
        || args.deviation.is_some()
        || args.vocabulary.is_some()
        || args.spec.is_some()
}

/// Tensors under our names, and what is known about them.
fn ours(about: About, content: &[u8]) -> Result<Content> {
    let spec = about.spec.restore().map_err(blame_file)?;
    let net = of_ours(&about, model_file::params(content, &spec)?)?;
    match meaning_of(about) {
        Some(meaning) => Ok(Content::Ours(net, meaning)),
        None => Ok(Content::Bare(net)),
    }
}

fn of_ours(about: &About, params: Vec<f32>) -> Result<Net> {
    Ok(Net {
        spec: about.spec.restore().map_err(blame_file)?,
        params,
        knows_read: true,
        notes: Vec::new(),
    })
}

fn meaning_of(about: About) -> Option<Meaning> {
    let (task, json) = (about.task?, about.meaning?);
    Some(Meaning { task, json })
}

/// Tensors under PyTorch's names.
fn state_dict(args: &ImportArgs, content: &[u8]) -> Result<Content> {
    let Some(text) = &args.spec else {
        let activation = args.activation.map_or(Activation::Tanh, Into::into);
        let hints = Hints {
            layers: vec![Layer {
                cell: Cell::elman(activation),
                ..Layer::tanh(0)
            }],
            window: 1,
        };
        let foreign = state_dict::read(content, &hints)?;
        if let (Some(_), Some(cell)) = (args.activation, gated(&foreign)) {
            return Err(Failure::input(format!(
                "--activation is for {}; the tensors are those of {}, whose activations are fixed",
                cell::ELMAN.torch.unwrap_or_default(),
                cell.names().torch.unwrap_or_default()
            )));
        }
        let read = args.read.map(Read::from);
        let spec = foreign.spec(read.unwrap_or(Read::EveryStep), false)?;
        let net = of_foreign(foreign, spec);
        return Ok(Content::Bare(Net {
            knows_read: read.is_some(),
            ..net
        }));
    };
    let wanted = given_spec(text)?;
    // Our own names say all, and our tables end in a padding row, which those of others do not.
    if let Ok(params) = model_file::params(content, &wanted) {
        return Ok(Content::Bare(Net {
            spec: wanted,
            params,
            knows_read: true,
            notes: Vec::new(),
        }));
    }
    let hints = Hints {
        layers: wanted.layers.as_slice().to_vec(),
        window: match wanted.input {
            Input::Dense { .. } => 1,
            Input::Tokens { window, .. } => window,
        },
    };
    let softmax = matches!(wanted.head.kind, HeadKind::Softmax { .. });
    let foreign = state_dict::read(content, &hints)?;
    let found = foreign.spec(wanted.head.read, softmax)?;
    let same = Spec {
        dropout: found.dropout,
        ..wanted
    };
    if found != same {
        return Err(Failure::input(format!(
            "--spec: the tensors make {}, and the spec says {}",
            describe::line(&found),
            describe::line(&wanted)
        )));
    }
    Ok(Content::Bare(Net {
        knows_read: true,
        ..of_foreign(foreign, wanted)
    }))
}

/// The cell of the layers, if they are gated.
fn gated(foreign: &Foreign) -> Option<CellName> {
    let layers = foreign.layers.iter().map(|layer| CellName::of(layer.cell));
    layers.into_iter().find(|name| *name != CellName::Elman)
}

/// The spec that the command line holds, or names the file of.
fn given_spec(text: &str) -> Result<Spec> {
    let blame = |what: String| Failure::input(format!("--spec: {what}"));
    let json = if text.trim_start().starts_with('{') {
        text.to_owned()
    } else {
        std::fs::read_to_string(text).map_err(|error| blame(format!("{text}: {error}")))?
    };
    let stored: StoredSpec =
        serde_json::from_str(&json).map_err(|error| blame(error.to_string()))?;
    stored
        .restore()
        .map_err(|failure| blame(failure.to_string()))
}

fn of_foreign(foreign: Foreign, spec: Spec) -> Net {
    Net {
        params: foreign.params(&spec),
        spec,
        knows_read: foreign.read.is_some(),
        notes: foreign.notes,
    }
}

/// Eight bytes that say how long a JSON object is, and the object.
fn is_safetensors(content: &[u8]) -> bool {
    let Some((length, rest)) = content.split_first_chunk() else {
        return false;
    };
    u64::from_le_bytes(*length) <= rest.len() as u64 && rest.first() == Some(&b'{')
}

/// Makes the run; one that could not be opened again is not left behind.
fn write(args: &ImportArgs, net: &Net, meaning: &Meaning) -> Result<Run> {
    let from =
        std::path::absolute(&args.file).map_err(|error| Failure::read(&args.file, &error))?;
    let config = toml::to_string(&Config {
        task: IMPORTED,
        from: from.display().to_string(),
    });
    let config =
        config.map_err(|error| Failure::run(format!("cannot write the settings: {error}")))?;
    let run = Run::create(args.out.as_deref(), IMPORTED)?;
    write_atomic(&run.config(), config.as_bytes())?;
    let Meaning { task, json } = meaning;
    let saved = model_file::save(&run.model(), task, &net.spec, json, &net.params);
    let opened = saved.and_then(|()| registry::open(&run).map(drop));
    if opened.is_err() {
        remove(&run.model());
        remove(&run.config());
        // Only tidiness is at stake.
        let _ = std::fs::remove_dir(run.folder());
    }
    opened.map(|()| run).map_err(blame_file)
}

/// Only tidiness is at stake.
fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
}

fn report(args: &ImportArgs, run: &Run, net: &Net, meaning: &Meaning) -> Result<()> {
    let folder = run.folder().display().to_string();
    let mut out = std::io::stdout().lock();
    if args.json {
        let report = ImportReport {
            run: folder,
            task: &meaning.task,
            parameters: net.params.len(),
            notes: &net.notes,
        };
        json::write(&mut out, &report)?;
        return Ok(writeln!(out)?);
    }
    writeln!(
        out,
        "{folder}: {}, task {}",
        describe::line(&net.spec),
        meaning.task
    )?;
    for note in &net.notes {
        writeln!(out, "note: {}", plain(note))?;
    }
    Ok(writeln!(
        out,
        "next: elman predict {folder} --data FILE, elman export {folder} --format c -o net.c"
    )?)
}
