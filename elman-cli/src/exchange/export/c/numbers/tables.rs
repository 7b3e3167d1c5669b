//! What rows and series are written with.

use elman_core::feed::Split;

use crate::exchange::export::c::text::{Source, c_number};
use crate::exchange::export::source::list;
use crate::net::figures::PANEL;

/// What makes rows of inputs of samples: functions, and statements of the reset and of a sample.
pub struct Pieces {
    pub functions: String,
    pub reset: String,
    pub taken: String,
}

pub fn centers(to: &mut Source, about: &str, name: &str, centers: &[Split]) {
    let numbers = centers.iter().flat_map(|&Split { high, low }| [high, low]);
    to.table(
        about,
        &format!("static const NET_FLASH float net_{name}[2 * NET_COLUMNS]"),
        &list(numbers.map(c_number), 2),
    );
}

pub fn weights(to: &mut Source, about: &str, weights: &[f32]) {
    to.table(
        about,
        &format!(
            "static const NET_FLASH float net_sum_weights[{}]",
            weights.len()
        ),
        &list(weights.iter().map(|&x| c_number(x)), PANEL),
    );
}
