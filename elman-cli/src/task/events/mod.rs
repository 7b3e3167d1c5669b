//! From the answers of a net that is fed step by step to events: when one has come, and how well that is told.

mod chosen;
mod recording;
mod scores;
mod tune;

pub use chosen::{ChosenRule, Origin};
pub use recording::Recordings;
pub use scores::EventScores;
pub use tune::tune;
