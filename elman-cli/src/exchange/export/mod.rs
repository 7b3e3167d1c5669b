//! `elman export`: a trained net as source or as a file for a chip, with the proof that it computes there what it
//! computed here.

mod c;
mod c_int8;
mod costs;
mod feed;
mod image;
mod int8;
mod numbers;
mod onnx;
mod package;
mod parts;
mod proof;
mod rust;
mod rust_feed;
mod rust_numbers;
mod rust_scale;
mod size;
mod source;
mod table;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::{Path, PathBuf};

use elman_core::{Dropout, Spec};
use serde::Serialize;

use crate::args::{ExportArgs, ExportFormat};
use crate::base::encoding::Encoding;
use crate::base::failure::{Failure, Result};
use crate::base::folder::{Run, write_atomic};
use crate::base::tell::tell;
use crate::net::describe;
use crate::net::int8_file::{self, Int8Net};
use crate::task::events::{ChosenRule, Origin};
use crate::task::registry;
use crate::task::trained::Trained;

pub use c::scratch_len as c_scratch;
pub use c_int8::memory as c_int8_memory;
pub use proof::validation;

use parts::{Output, Parts};
use proof::Proof;
use size::Size;

/// What `--json` prints.
#[derive(Serialize)]
struct ExportReport<'a> {
    files: Vec<String>,
    golden: &'a str,
    golden_steps: usize,
    tolerance: f32,
    #[serde(flatten)]
    size: Size,
}

/// The command.
///
/// # Errors
/// A run, data or a name that do not fit; a net that cannot be exported so; writing fails.
pub fn run(args: &ExportArgs) -> Result<()> {
    if args.int8 && args.format == ExportFormat::Onnx {
        return Err(Failure::input(
            "--int8 is for --format c, --format rust and --format image; ONNX holds the float net",
        ));
    }
    if args.raw && args.format != ExportFormat::Onnx {
        return Err(Failure::input(
            "--raw is for --format onnx; other exports have the scaling and the names beside the net",
        ));
    }
    check_name(args)?;
    let path = source_path(args)?;
    let run = Run::open(&args.run)?;
    let mut trained = registry::open(&run)?;
    let mut int8 = int8_of(args, &run, trained.as_ref())?;
    let whose = int8.as_mut().map(|int8| trained.take_errors(int8));
    let network = trained.network();
    if !network.params().iter().all(|x| x.is_finite()) {
        return Err(Failure::input("a weight of the net is not finite").in_file(&run.model()));
    }
    let holds_tables = matches!(args.format, ExportFormat::Rust | ExportFormat::C);
    if network.transitions().is_some() && (args.bare || !holds_tables) {
        tell!(
            "elman: note: the learnt transitions between labels are left out: what is exported gives the probabilities of single \
             steps (--format c and --format rust hold them as tables)"
        );
    }
    if args.format == ExportFormat::Onnx {
        return onnx::run(args, &run, trained.as_ref());
    }
    let mut encoding = match args.bare {
        true => Encoding::default(),
        false => trained.encoding(),
    };
    if let Some((answers, whose)) = encoding.answers.as_mut().zip(whose) {
        answers.errors_of = whose;
    }
    let origin = int8.as_ref().and_then(|int8| choose(int8, &mut encoding));
    let proof = Proof::collect(args, &run, trained.as_ref(), &encoding)?;
    if let (Some(origin), Some(_)) = (origin, &proof.feed) {
        let sentence = origin.sentence();
        encoding.remark(format!("The rule of events in feed: {sentence}."));
    }
    let dropout = Dropout::NONE;
    let spec = *network.spec();
    let parts = Parts {
        network,
        spec: Spec { dropout, ..spec },
        proof,
        encoding,
        run: name_of(run.folder()),
    };
    let words = int8.as_ref().map(|int8| &*int8.words);
    let (outputs, size) = outputs(args, &parts, words, &path)?;
    for Output { path, content } in &outputs {
        write_atomic(path, content)?;
    }
    report(args, &parts, &outputs, size)
}

/// The net in whole numbers, where that is to be exported.
fn int8_of(args: &ExportArgs, run: &Run, trained: &dyn Trained) -> Result<Option<Int8Net>> {
    if !args.int8 {
        return Ok(None);
    }
    // A net that has none needs no elman quantize either.
    trained.must_run_quantized()?;
    int8_file::load(&run.quantized(), trained.network()).map(Some)
}

/// Puts the rule of an int8 net in place of that of the float net, if it has one; says which it is, where events are told.
fn choose(int8: &Int8Net, encoding: &mut Encoding) -> Option<Origin> {
    let rule = encoding.front.as_mut()?.rule.as_mut()?;
    let chosen = ChosenRule::of_int8(int8.events, *rule);
    *rule = chosen.rule;
    Some(chosen.origin)
}

/// The files, and what the net takes.
fn outputs(
    args: &ExportArgs,
    parts: &Parts<'_>,
    words: Option<&[u32]>,
    path: &Path,
) -> Result<(Vec<Output>, Size)> {
    let (mut outputs, size) = match (args.format, words) {
        (ExportFormat::Rust, Some(words)) => int8::write(parts, words, path)?,
        (ExportFormat::C, Some(words)) => c_int8::write(parts, words, path)?,
        (ExportFormat::Rust, None) => rust::write(parts, path),
        (ExportFormat::C, None) => c::write(parts, path)?,
        (ExportFormat::Image, Some(words)) => image::write_int8(parts, words, path)?,
        (ExportFormat::Image | ExportFormat::Onnx, _) => image::write(parts, path)?,
    };
    if let Some(kind) = args.package {
        let name = c::identifier(path)?;
        let more = package::files(parts, words, kind, &args.out, &name)?;
        outputs.extend(more);
        package::make_folders(&outputs)?;
    }
    Ok((outputs, size))
}

/// Where the source goes: where the command line says, or within the folder of a package, named after it.
fn source_path(args: &ExportArgs) -> Result<PathBuf> {
    if args.package.is_none() {
        return Ok(args.out.clone());
    }
    // Small letters, as package managers want their names.
    let path = PathBuf::from(format!("{}.c", name_of(&args.out).replace('.', "_")));
    let name = c::identifier(&path)
        .map_err(|_| {
            let out = args.out.display();
            Failure::input(format!(
                "-o {out}: the net is called as the folder is, so its name must begin with a letter, e.g. -o gestures"
            ))
        })?;
    Ok(args.out.join("src").join(name).with_extension("c"))
}

/// Refuses names that would surprise: source without its ending.
fn check_name(args: &ExportArgs) -> Result<()> {
    if args.package.is_some() {
        return match args.format {
            ExportFormat::C => Ok(()),
            _ => Err(Failure::input(
                "--package is for --format c: packages hold C",
            )),
        };
    }
    let ending = match args.format {
        ExportFormat::Rust => "rs",
        ExportFormat::C => "c",
        ExportFormat::Image | ExportFormat::Onnx => return Ok(()),
    };
    if args.out.extension().is_some_and(|found| found == ending) {
        return Ok(());
    }
    let out = args.out.display();
    Err(Failure::input(format!(
        "-o {out}: the name must end in .{ending}, e.g. -o net.{ending}"
    )))
}

/// The last part of a path.
fn name_of(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let name = absolute.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn report(args: &ExportArgs, parts: &Parts<'_>, outputs: &[Output], size: Size) -> Result<()> {
    let proof = &parts.proof;
    let mut out = std::io::stdout().lock();
    let files = outputs
        .iter()
        .map(|output| output.path.display().to_string());
    let files: Vec<String> = files.collect();
    if args.json {
        let report = ExportReport {
            files,
            golden: &proof.source,
            golden_steps: proof.steps(),
            tolerance: if args.int8 {
                0.0
            } else {
                proof.golden().tolerance
            },
            size,
        };
        serde_json::to_writer(&mut out, &report).map_err(std::io::Error::from)?;
        return Ok(writeln!(out)?);
    }
    writeln!(out, "{}: {}", files.join(", "), describe::line(&parts.spec))?;
    for line in size.lines() {
        writeln!(out, "{line}")?;
    }
    if args.format == ExportFormat::Image
        && let Some(buffers) = image::c_buffers(parts, args.int8, &size)
    {
        writeln!(out, "from C   {buffers} (elman.h)")?;
    }
    let (steps, source) = (proof.steps(), &proof.source);
    Ok(writeln!(
        out,
        "golden   {steps} steps of {source}; the self-test runs them on the chip"
    )?)
}
