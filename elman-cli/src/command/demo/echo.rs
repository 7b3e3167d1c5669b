//! `elman demo echo`: a net of four units learns to repeat what it heard, before one's eyes.

use std::io::Write;
use std::time::Duration;

use elman_core::Level;

use crate::args::{DemoArgs, TrainTask, parse_job};
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::plot::{Screen, bars, curve};
use crate::data::Sequences;
use crate::net::infer;
use crate::task::echo::{self, EchoArgs, EchoTask};
use crate::train::{Preview, train_in};

/// Passes over the bits: the net is perfect after one or two.
const EPOCHS: usize = 6;

/// Steps that are shown.
const SHOWN: usize = 64;

/// Columns and lines of the loss curve.
const COLUMNS: usize = 64;
const LINES: usize = 6;

/// Updates from one picture to the next, and how long each is shown.
const UPDATES: usize = 30;
const PAUSE: Duration = Duration::from_millis(40);

/// The story.
///
/// # Errors
/// A folder that exists or cannot be written.
pub fn run(args: &DemoArgs) -> Result<()> {
    let run = Run::create(args.out.as_deref(), "demo-echo")?;
    let [seed, threads, epochs] =
        [args.seed, args.threads.into(), EPOCHS as u64].map(|number| number.to_string());
    let flags = [
        ("cell", args.cell.word().as_ref()),
        ("seed", seed.as_ref()),
        ("threads", threads.as_ref()),
        ("epochs", epochs.as_ref()),
    ];
    let TrainTask::Echo(job) = parse_job(echo::TASK, &flags)? else {
        return Err(Failure::run("these are no flags of the echo task"));
    };
    let task = EchoTask::new(&job)?;
    writeln!(
        std::io::stdout(),
        "{} with {} hidden units hears {} random bits, one at a time,\nand must say each of them again {} steps \
         later. All it is told is how wrong it was.\n",
        args.cell.net(),
        job.settings.hidden,
        job.steps_per_epoch,
        job.delay
    )?;
    let delay = job.delay as usize;
    let mut picture = Picture::new(&job, &task);
    let look = move |preview: &Preview<'_>| picture.look(preview);
    let outcome = train_in(&run, &task, *job, Some(Box::new(look)))?;
    tell(&run, delay, outcome.score)
}

fn tell(run: &Run, delay: usize, accuracy: f64) -> Result<()> {
    let folder = run.folder().display();
    Ok(writeln!(
        std::io::stdout(),
        "Of new bits it repeats {:.2} %, not counting the first {delay} of a stream.\n\n\
         Why does the loss jump at the start of every epoch? There the state is set to zero, and the first\n\
         {delay} echoes are of bits that the net has not heard: it can only guess, which costs ln 2 = 0.69 at best.\n\n\
         Next:\n  elman train echo --k1 2 --k2 2      cannot learn: the losses do not reach back over the delay\n  \
         echo 0110100110010110 | elman predict {folder} --data -\n  elman train echo --help",
        100.0 * accuracy
    )?)
}

/// What is drawn while the net learns.
struct Picture {
    screen: Screen,
    delay: usize,
    bits: Vec<u32>,
    sequence: Sequences,
    /// Updates in an epoch.
    batches: usize,
    /// The highest loss of each column of the curve: no peak is lost.
    losses: Vec<Option<f64>>,
    updates: usize,
}

impl Picture {
    fn new(job: &EchoArgs, task: &EchoTask) -> Self {
        let (bits, sequence) = task.sample(job.settings.seed, SHOWN);
        let steps = job.steps_per_epoch as usize / job.settings.batch;
        Self {
            screen: Screen::new(),
            delay: job.delay as usize,
            bits,
            sequence,
            batches: steps.div_ceil(job.settings.truncation().k1),
            losses: vec![None; COLUMNS],
            updates: 0,
        }
    }

    /// Follows an update; draws now and then.
    fn look(&mut self, preview: &Preview<'_>) -> Result<()> {
        let all = EPOCHS * self.batches;
        let column = (self.updates * COLUMNS / all).min(COLUMNS - 1);
        let highest = &mut self.losses[column];
        *highest = Some(highest.map_or(preview.loss, |highest| highest.max(preview.loss)));
        self.updates += 1;
        let is_due = if self.screen.is_terminal() {
            self.updates % UPDATES == 1
        } else {
            // Before, while and after it learns.
            [1, self.batches / 10, self.batches].contains(&self.updates)
        };
        if is_due || self.updates == all {
            self.screen.draw(&self.lines(preview)?)?;
            if self.screen.is_terminal() {
                std::thread::sleep(PAUSE);
            }
        }
        Ok(())
    }

    fn lines(&self, preview: &Preview<'_>) -> Result<Vec<String>> {
        let outputs = infer::outputs(Level::detect(), preview.model, &self.sequence)?;
        let said: Vec<f32> = outputs.chunks_exact(2).map(|row| row[1]).collect();
        let bits = |bits: &[u32]| bars(bits.iter().map(|&bit| bit as f32));
        let known = self.delay..SHOWN;
        let is_right = |&step: &usize| (said[step] > 0.5) == (self.bits[step - self.delay] == 1);
        let right = known.clone().filter(is_right).count();
        let due = "?".repeat(self.delay) + &bits(&self.bits[..SHOWN - self.delay]);
        let (epoch, batches, all, loss) =
            (preview.epoch, preview.batches, self.batches, preview.loss);
        let mut lines = vec![
            format!("epoch {epoch} of {EPOCHS}, update {batches:>3} of {all}, loss {loss:.4}"),
            String::new(),
            format!("heard   {}", self.screen.paint(34, &bits(&self.bits))),
            format!("target  {}", self.screen.paint(31, &due)),
            format!(
                "said    {}",
                self.screen.paint(32, &bars(said.iter().copied()))
            ),
            format!(
                "        {right} of {} right; the higher, the surer of a one",
                known.len()
            ),
            String::new(),
        ];
        self.add_curve(&mut lines);
        Ok(lines)
    }

    fn add_curve(&self, lines: &mut Vec<String>) {
        let top = 1.1 * std::f64::consts::LN_2;
        for (number, line) in curve(&self.losses, top, LINES).into_iter().enumerate() {
            let name = if number == 0 { "loss" } else { "" };
            lines.push(format!("{name:7} {line}"));
        }
        let mut marks = String::new();
        for epoch in 0..EPOCHS {
            let width = (epoch + 1) * COLUMNS / EPOCHS - epoch * COLUMNS / EPOCHS;
            marks += &format!("{:<width$}", format!("^{}", epoch + 1));
        }
        lines.push(format!("epoch   {}", marks.trim_end()));
        lines.push(String::new());
    }
}
