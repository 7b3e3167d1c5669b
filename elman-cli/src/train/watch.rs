//! What looks on: everything that follows an epoch and changes nothing about the training – the doctor, event files, the
//! report page – is called from here.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use elman_core::Spec;

use super::calls;
use super::progress::{Epoch, Progress};
use crate::base::failure::Result;
use crate::base::folder::{Run, write_atomic};
use crate::net::model_file;
use crate::net::network::Network;
use crate::train::doctor::{Case, Checkup, Severity, examine};
use crate::train::events::{End, Events, Histogram};
use crate::train::report::{RunReport, RunState};
use crate::train::settings::Settings;
use crate::train::task::Task;

/// While a training lasts, its report page is written as often as this: it takes a look at the validation data.
const REPORT_EVERY: Duration = Duration::from_secs(30);

/// An epoch with more clipped updates than this makes the doctor look without being asked.
const CLIPPED_OFTEN: f64 = 0.5;

/// Lags that event files hold.
const LAGS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

/// What looks on at a run.
pub struct Watch<'a> {
    run: &'a Run,
    settings: &'a Settings,
    events: Events,
    /// What was told: once is enough.
    told: BTreeSet<String>,
    reported: Instant,
}

impl<'a> Watch<'a> {
    /// Nothing has been seen yet.
    pub fn new(run: &'a Run, settings: &'a Settings, score_name: &'static str) -> Self {
        let mut events = Events::new(run.folder());
        // A run whose settings cannot be read has figures all the same.
        let written = RunReport::of_run(run).map_or_else(|_| Vec::new(), |report| report.settings);
        let compared = written.iter().filter(|(name, _)| name != "out");
        events.describe(
            compared.map(|(name, value)| (name.as_str(), value.as_str())),
            score_name,
        );
        Self {
            run,
            settings,
            events,
            told: BTreeSet::new(),
            reported: Instant::now(),
        }
    }

    /// Has the doctor look after some epochs: every one with `--watch`, else the first, second, fourth …, the last, and
    /// those that look like trouble. Which ones does not depend on time, so neither do the metrics.
    pub fn examine(&self, case: &Case<'_>) -> Option<Checkup> {
        let is_due = self.settings.watch
            || case.course.is_last
            || case.course.epoch.is_power_of_two()
            || (case.recipe.minds_clipping() && case.clipped > CLIPPED_OFTEN);
        if is_due { examine(case) } else { None }
    }

    /// Follows an epoch whose checkpoint is written.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn after_epoch<T: Task>(
        &mut self,
        task: &T,
        epoch: &Epoch,
        params: &[f32],
        progress: &Progress,
    ) -> Result<()> {
        if let Some(checkup) = &epoch.doctor {
            self.tell(checkup, progress);
        }
        self.events.write(
            epoch.epoch,
            &scalars(epoch),
            &histograms(task.spec(), params),
        )?;
        if self.reported.elapsed() >= REPORT_EVERY {
            write_report(task, self.run, RunState::Running)?;
            self.reported = Instant::now();
        }
        Ok(())
    }

    /// What is new: troubles, and to those who watch everything else and the figures.
    fn tell(&mut self, checkup: &Checkup, progress: &Progress) {
        let is_watched = self.settings.watch;
        if is_watched {
            progress.say(&checkup.figures());
        }
        for finding in &checkup.findings {
            let is_wanted = is_watched || finding.severity == Severity::Trouble;
            if is_wanted
                && self
                    .told
                    .insert(format!("{:?} {}", finding.severity, finding.about))
            {
                match finding.severity {
                    Severity::Trouble => progress.warn(&finding.line()),
                    _ => progress.say(&finding.line()),
                }
            }
        }
    }

    /// The run is over, or has failed.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn end(&mut self, how: End) -> Result<()> {
        self.events.end(how)
    }

    /// Training failed: all that the doctor can still see.
    pub fn after_failure(&self, case: &Case<'_>, progress: &Progress) {
        if let Some(checkup) = examine(case) {
            checkup.lines().iter().for_each(|line| progress.say(line));
        }
    }
}

/// Writes the report page of a run from its files, and from what its best model makes of the validation data. Runs on
/// the threads of the rayon pool around it.
///
/// # Errors
/// Files that cannot be read or written.
pub fn write_report<T: Task>(task: &T, run: &Run, state: RunState) -> Result<()> {
    let mut report = RunReport::of_run(run)?;
    report.task = T::NAME.to_owned();
    report.state = state;
    report.calls = calls::of(run);
    report.parameters = task.data().params_len();
    if run.model().exists() {
        let (network, meaning): (Network, T::Meaning) = model_file::load(&run.model(), T::NAME)?;
        report.evidence = task.evidence(&network, &meaning)?;
    }
    write_atomic(&run.report(), report.to_html().as_bytes())
}

/// An epoch as TensorBoard shows it: the part before the slash is a heading.
fn scalars(epoch: &Epoch) -> Vec<(String, f64)> {
    let mut scalars = vec![
        ("loss/train".to_owned(), epoch.train_loss),
        ("loss/valid".to_owned(), epoch.valid_loss),
        (format!("score/{}", epoch.score_name), epoch.score),
        ("training/learning_rate".to_owned(), epoch.learning_rate),
        (
            "training/items_per_second".to_owned(),
            epoch.items_per_second,
        ),
        ("gradient/norm".to_owned(), epoch.gradient_norm),
        ("gradient/clipped".to_owned(), epoch.clipped),
    ];
    if let Some(checkup) = &epoch.doctor {
        let by_lag = |lag| {
            Some((
                format!("gradient_by_lag/{lag:02}"),
                *checkup.gradient_by_lag.get(lag)?,
            ))
        };
        scalars.extend(LAGS.into_iter().filter_map(by_lag));
        for layer in &checkup.layers {
            let name = layer.name.replace(' ', "_");
            scalars.push((format!("spectral_radius/{name}"), layer.spectral_radius));
            scalars.push((format!("saturated/{name}"), layer.saturated));
            scalars.push((format!("dead/{name}"), layer.dead as f64));
        }
        let ratios = checkup.tensors.iter();
        scalars.extend(
            ratios.map(|tensor| (format!("update_ratio/{}", tensor.name), tensor.update_ratio)),
        );
    }
    scalars
}

fn histograms(spec: &Spec, params: &[f32]) -> Vec<(String, Histogram)> {
    let histogram = |tensor: elman_core::Tensor| {
        let histogram = Histogram::of(&params[tensor.range()])?;
        Some((format!("weights/{}", tensor.kind), histogram))
    };
    spec.tensors().filter_map(histogram).collect()
}
