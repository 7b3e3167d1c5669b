//! `RUN/report.html`: how a training went, on one page that needs nothing else. Text in, text out: everything that
//! comes from data is escaped by construction.
//!
//! `search` is the page of a search for a net. `chart` draws curves, `matrix` confusions, `tables` the rest; `scale` knows where numbers lie on an axis.

mod chart;
mod confusion;
mod evidence;
mod matrix;
mod page;
mod reliability;
mod run;
mod scale;
mod search;
mod source;
mod tables;
#[cfg(test)]
mod tests;

pub use confusion::Confusion;
pub use evidence::{
    Evidence, KindScore, Mistake, Mistakes, NamedConfusion, ReliabilityCurve, Sample, Series,
};
pub use reliability::{Reliability, ReliabilityRow};
pub use run::{RunReport, RunState};
pub use search::{SearchReport, Tried};
