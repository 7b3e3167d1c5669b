//! What a training says that ends before its time.

use super::Trainer;
use crate::base::failure::Failure;
use crate::train::learner::Trouble;
use crate::train::task::Task;

impl<T: Task> Trainer<'_, T> {
    pub(super) fn give_up(&self, trouble: &Trouble, batch: usize) -> Failure {
        let from = match trouble {
            Trouble::Number(_, sequence) => {
                format!(
                    ", which begins in line {}",
                    self.task.data().train_lines[*sequence]
                )
            }
            Trouble::Gradient(_) => String::new(),
        };
        self.explain(
            &format!("{trouble}{from}"),
            &format!("batch {} of {}", batch + 1, self.batches.count()),
        )
    }

    pub(super) fn explain(&self, what: &str, place: &str) -> Failure {
        self.progress.finish();
        let partial = self.state.partial;
        let clipped = partial.clipped as f64 / partial.updates.max(1) as f64;
        let mut case = self.case(clipped, partial.mean_loss());
        case.course.has_failed = true;
        self.watch.after_failure(&case, &self.progress);
        let epoch = self.state.epochs + 1;
        let kept = match self.state.best {
            _ if self.save_model().is_err() => "the best model cannot be written".to_owned(),
            Some((_, best)) => format!(
                "the model of epoch {best} is kept in {}",
                self.run.model().display()
            ),
            None => "there is no good model yet".to_owned(),
        };
        let advice = if self.settings.clip_norm > 0.0 {
            "a smaller --lr"
        } else {
            "a smaller --lr, or --clip-norm 5"
        };
        Failure::run(format!(
            "epoch {epoch}, {place}: {what}; {kept}; try {advice}"
        ))
    }

    /// For those whom a launcher gives little time, or one of whose ranks is gone.
    pub(super) fn last_words(&self) -> String {
        let folder = self.run.folder().display();
        format!(
            "elman: asked to stop, and still waiting for an update of all ranks; whatever ends us now, {folder} keeps its last \
             checkpoint; to go on: elman train --resume {folder}"
        )
    }

    pub(super) fn stop(&self) -> Failure {
        self.progress.finish();
        let (epoch, folder) = (self.state.epochs + 1, self.run.folder().display());
        let (done, all) = (self.state.partial.batches, self.batches.count());
        Failure::Interrupted(format!(
            "stopped in epoch {epoch} after batch {done} of {all}; to go on: elman train --resume {folder}"
        ))
    }
}
