//! How a series is looked at: through a curve that evens out its swings, and as differences where it grows.

use serde::{Deserialize, Serialize};

use crate::task::curve::Curve;

/// What the linear part reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Differencing {
    /// The values.
    None,
    /// The change since the step before.
    First,
    /// The change since a season before.
    Seasonal(usize),
}

/// Both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    pub curve: Curve,
    pub differencing: Differencing,
}

impl Differencing {
    /// Steps before the present that a difference reaches back.
    pub const fn span(self) -> usize {
        match self {
            Self::None => 0,
            Self::First => 1,
            Self::Seasonal(season) => season,
        }
    }
}

impl Scale {
    /// For people.
    pub fn describe(&self) -> String {
        let curve = self.curve.name();
        match self.differencing {
            Differencing::None => curve.to_owned(),
            Differencing::First => format!("differences of {curve}"),
            Differencing::Seasonal(season) => {
                format!("differences of {curve} over a season of {season} steps")
            }
        }
    }
}
