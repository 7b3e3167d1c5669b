//! What a training says when it begins.

use elman_core::{Input, Level, Spec};

use super::Trainer;
use crate::train::task::Task;

/// A number with its noun.
fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// What a net can read and say beyond another one.
fn news(old: &Spec, new: &Spec) -> String {
    let ids = |spec: &Spec| match &spec.input {
        Input::Tokens { channels, .. } => {
            channels.as_slice().iter().map(|one| one.vocabulary).sum()
        }
        Input::Dense { .. } => 0,
    };
    let counts: [(usize, &str); 2] = [
        (ids(new) - ids(old), "id"),
        (new.output_width() - old.output_width(), "output"),
    ];
    let counts = counts.into_iter().filter(|&(count, _)| count > 0);
    let counts: Vec<String> = counts.map(|(count, noun)| counted(count, noun)).collect();
    match counts.is_empty() {
        true => String::new(),
        false => format!("; new are {}", counts.join(" and ")),
    }
}

impl<T: Task> Trainer<'_, T> {
    pub(super) fn introduce(&self) {
        let (train, valid) = (self.task.train(), self.task.valid());
        self.progress.say(&format!(
            "{} ({}) to learn from, {} to validate on; cell {}, {} parameters; {}, {}",
            counted(train.len(), "sequence"),
            counted(train.rows(), "step"),
            valid.len(),
            self.settings.cell.word(),
            self.task.data().params_len(),
            self.workforce(),
            Level::detect(),
        ));
        self.mind_the_start();
        self.mind_the_idle();
        let (done, batches) = (self.state.epochs, self.state.partial.batches);
        if done > 0 && self.is_finished() {
            let done = counted(done, "epoch");
            self.progress.say(&format!(
                "already complete after {done}; to go on: elman train --resume {} --epochs {}",
                self.run.folder().display(),
                2 * self.settings.epochs
            ));
        } else if batches > 0 {
            let (epoch, all) = (done + 1, self.batches.count());
            self.progress.say(&format!(
                "going on in epoch {epoch} after batch {batches} of {all}"
            ));
        } else if done > 0 {
            self.progress.say(&format!("going on after epoch {done}"));
        }
    }

    /// Where the net comes from, and what it has not met before.
    fn mind_the_start(&self) {
        let data = self.task.data();
        let pretrained = data.pretrained.as_ref().zip(self.settings.init.as_ref());
        let Some((network, folder)) = pretrained else {
            return;
        };
        let news = news(network.spec(), &data.spec);
        let folder = folder.display();
        self.progress.say(&format!("starting from {folder}{news}"));
    }

    /// Who is at work.
    fn workforce(&self) -> String {
        let threads = counted(self.settings.threads, "thread");
        match self.learner.ranks() {
            1 => threads,
            ranks => format!("{ranks} ranks with {threads} each"),
        }
    }

    /// A batch is cut into shards, and whoever gets none has nothing to do.
    fn mind_the_idle(&self) {
        let (all, busy) = (self.ranks.all().count(), self.learner.ranks());
        if busy < all {
            self.progress.warn(&format!(
                "note: a batch is cut into {}, so {busy} of the {all} ranks are enough; a larger --batch gives work to more",
                counted(busy, "part")
            ));
        }
    }
}
