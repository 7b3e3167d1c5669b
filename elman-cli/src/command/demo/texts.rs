//! What the stories with texts share: files in the folder of the run, and a net that learns from them.

use crate::args::{DemoArgs, TrainTask, parse_job};
use crate::base::failure::{Failure, Result};
use crate::base::folder::{Run, write_atomic};
use crate::task::text;
use crate::train::{self, Job};

/// Texts of a story.
pub struct Texts {
    pub train: String,
    pub valid: String,
    pub test: String,
}

/// Writes texts to the folder of a run and learns from them, with these settings beside those of the command line.
///
/// # Errors
/// A folder that cannot be written; flags that a text job does not have.
pub fn learn(args: &DemoArgs, run: &Run, texts: &Texts, flags: &[(&str, &str)]) -> Result<()> {
    let files = [
        ("train", &texts.train),
        ("valid", &texts.valid),
        ("test", &texts.test),
    ];
    let [train, valid, test] = files.map(|(name, _)| run.folder().join(format!("{name}.txt")));
    for (path, (_, text)) in [&train, &valid, &test].into_iter().zip(files) {
        write_atomic(path, text.as_bytes())?;
    }
    let (seed, threads) = (args.seed.to_string(), args.threads.to_string());
    let mut line = vec![
        ("train", train.as_os_str()),
        ("valid", valid.as_os_str()),
        ("cell", args.cell.word().as_ref()),
        ("seed", seed.as_ref()),
        ("threads", threads.as_ref()),
    ];
    line.extend(flags.iter().map(|&(name, value)| (name, value.as_ref())));
    let TrainTask::Text(job) = parse_job(text::TASK, &line)? else {
        return Err(Failure::run("these are no flags of a text job"));
    };
    train::train_in(run, &job.load()?, *job, None)?;
    Ok(())
}
