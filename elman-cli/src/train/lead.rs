//! What the first of several ranks says to the others before they train: which job it is, and whether all have the same data.

use super::checkpoint::fingerprint;
use super::order::Duty;
use crate::base::failure::{Failure, Result};
use crate::base::ranks::Ranks;
use crate::train::task::Task;

/// What a rank says of its data.
pub const READ: u64 = 1;
pub const NOT_READ: u64 = 2;

/// Tells the others which job it is: they read its data while the first does.
pub fn prepare(ranks: &Ranks, config: &str) {
    let all = ranks.all();
    if !all.is_alone() {
        all.order(Duty::Prepare.order());
        all.give_text(config);
    }
}

/// Asks the others whether they have the same data.
///
/// # Errors
/// They have not.
pub fn agree(ranks: &Ranks, task: &impl Task) -> Result<()> {
    let all = ranks.all();
    if all.is_alone() {
        return Ok(());
    }
    let own = fingerprint(task)?;
    all.order(Duty::Report.order());
    let mut failures = Vec::new();
    for rank in 1..all.count() {
        let mut words = [0; 2];
        all.move_words(&[], &mut [(rank, &mut words)]);
        let name = all.receive_text(rank);
        match words {
            [READ, found] if found == own => {}
            [READ, _] => failures.push(format!(
                "{name} reads other data than rank 0: every machine needs the same files by the same names"
            )),
            _ => failures.push(name),
        }
    }
    match failures.into_iter().next() {
        Some(failure) => Err(Failure::input(failure)),
        None => Ok(()),
    }
}
