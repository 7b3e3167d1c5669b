//! What stands around a net, for a firmware that has no elman: names of outputs, scaling, vocabularies, and in words what
//! must be done before and after a step.

use elman_core::feed::{ColumnScale, Rule};
use serde::{Deserialize, Serialize, Serializer};

use super::numbers::Numbers;

/// Constants and instructions that travel with an exported net.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Encoding {
    /// What the firmware has to do, one sentence or formula each.
    pub remarks: Vec<String>,
    pub names: Vec<Named<String>>,
    pub numbers: Vec<Named<f64>>,
    /// From raw samples to what the net reads, where it reads measurements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front: Option<Front>,
    /// From raw samples to answers in the units of the data, where these are numbers.
    #[serde(skip)]
    pub answers: Option<Numbers>,
}

/// How raw samples come to what a net reads, in single precision: what [`elman_core::feed`] does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Front {
    /// Of every column.
    pub scale: Vec<Scale>,
    /// Numbers are cut to this many standard deviations.
    #[serde(serialize_with = "hexadecimal")]
    pub farthest: f32,
    /// Rows that a step reads: an odd number.
    pub window: usize,
    /// When an answer is an event, where answers are classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<EventRule>,
}

/// [`ColumnScale`], and what it was made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    pub mean: f32,
    pub rest: f32,
    pub factor: f32,
    moments: (f64, f64),
}

/// The bits of all three in hexadecimal: exact, and read by a chip without much code.
impl Serialize for Scale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bits = [self.mean, self.rest, self.factor].map(f32::to_bits);
        serializer.collect_str(&format_args!(
            "{:08x}{:08x}{:08x}",
            bits[0], bits[1], bits[2]
        ))
    }
}

fn hexadecimal<S: Serializer>(number: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{:08x}", number.to_bits()))
}

/// [`Rule`], as model files hold it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRule {
    pub smoothing: f32,
    pub threshold: f32,
    pub refractory: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<usize>,
}

impl From<&Scale> for ColumnScale {
    fn from(scale: &Scale) -> Self {
        let Scale {
            mean, rest, factor, ..
        } = *scale;
        Self { mean, rest, factor }
    }
}

impl Scale {
    /// Of a column with this mean and standard deviation.
    pub const fn new(mean: f64, deviation: f64) -> Self {
        let moments = (mean, deviation);
        let ColumnScale { mean, rest, factor } = ColumnScale::new(mean, deviation);
        Self {
            mean,
            rest,
            factor,
            moments,
        }
    }

    /// The raw number that lies there on the scale, as near as single precision comes to it.
    fn raw(&self, z: f32) -> f32 {
        let (mean, deviation) = self.moments;
        // A column that never moved has no other number.
        let moved = if self.factor == 0.0 {
            0.0
        } else {
            f64::from(z) * deviation
        };
        ((mean + moved) as f32).clamp(-f32::MAX, f32::MAX)
    }
}

impl Front {
    /// A raw sample that lies there on the scale.
    pub fn raw<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.scale.iter().zip(row).map(|(scale, &z)| scale.raw(z))
    }
}

impl From<&EventRule> for Rule {
    fn from(rule: &EventRule) -> Self {
        let EventRule {
            smoothing,
            threshold,
            refractory,
            background,
        } = *rule;
        Self {
            smoothing,
            threshold,
            refractory,
            background,
        }
    }
}

impl EventRule {
    /// The rule of nets that nobody has tuned: an event whenever another class is the likeliest.
    pub const EVERY: Self = Self {
        smoothing: 1.0,
        threshold: 0.0,
        refractory: 0,
        background: None,
    };

    /// Whether it can be one of a net with so many classes.
    pub fn is_sound(&self, classes: usize) -> bool {
        let halvings = self.smoothing.log2();
        halvings == halvings.trunc()
            && (-16.0..=0.0).contains(&halvings)
            && (0.0..=1.0).contains(&self.threshold)
            && self.background.is_none_or(|class| class < classes)
    }

    /// Whether earlier answers count.
    pub const fn is_smooth(&self) -> bool {
        self.smoothing < 1.0
    }

    /// What the newest answer weighs in the mean: one of so many; none without smoothing.
    pub fn smoothed_over(&self) -> Option<u32> {
        self.is_smooth().then_some((1.0 / self.smoothing) as u32)
    }
}

/// A constant list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Named<T> {
    /// In small letters, with underscores.
    pub name: String,
    /// What the items are.
    pub about: String,
    pub items: Vec<T>,
}

impl Encoding {
    /// What classes are called.
    pub fn labels(&self) -> Option<&[String]> {
        let labels = self.names.iter().find(|list| list.name == "labels");
        labels.map(|list| &*list.items)
    }

    /// Adds a sentence or formula.
    pub fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }

    /// Adds a list of names.
    pub fn add_names(
        &mut self,
        name: impl Into<String>,
        about: impl Into<String>,
        items: Vec<String>,
    ) {
        let (name, about) = (name.into(), about.into());
        self.names.push(Named { name, about, items });
    }

    /// Adds a list of numbers.
    pub fn add_numbers(
        &mut self,
        name: impl Into<String>,
        about: impl Into<String>,
        items: &[f64],
    ) {
        let (name, about, items) = (name.into(), about.into(), items.to_vec());
        self.numbers.push(Named { name, about, items });
    }
}
