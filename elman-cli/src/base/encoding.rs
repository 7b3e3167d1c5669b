//! What stands around a net, for a firmware that has no elman: names of outputs, scaling, vocabularies, and in words what
//! must be done before and after a step.

use elman_core::feed::{ColumnScale, Curve, Lags, Readout, Regression, Rule, Split};
use serde::{Deserialize, Serialize, Serializer};

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
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "words")]
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

/// Smoothing, threshold, refractory time and background of a rule, as 32 bits each in hexadecimal; all ones where there is no background.
fn words<S: Serializer>(rule: &Option<EventRule>, serializer: S) -> Result<S::Ok, S::Error> {
    let EventRule {
        smoothing,
        threshold,
        refractory,
        background,
    } = rule.unwrap_or(EventRule::EVERY);
    let background = background.map_or(u32::MAX, |class| class as u32);
    let (smoothing, threshold) = (smoothing.to_bits(), threshold.to_bits());
    serializer.collect_str(&format_args!(
        "{smoothing:08x}{threshold:08x}{refractory:08x}{background:08x}"
    ))
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

/// From raw samples to the net, and from its outputs to the units of the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    pub reads: Reads,
    /// Of every target.
    pub readouts: Vec<Readout>,
    /// How far answers may be off on their curves, where that is known.
    pub reaches: Vec<Reach>,
    /// Whose errors on validation data say so.
    pub errors_of: Whose,
}

/// The net whose errors were measured, beside the one that answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// The net itself.
    #[default]
    Own,
    /// Those of the int8 net that answers.
    Int8,
    /// Those of the float net, though an int8 net answers.
    Float,
}

impl Whose {
    /// For comments, behind "the errors".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Own => "",
            Self::Int8 => " of this net in whole numbers",
            Self::Float => " of the float net, which this one was rounded from,",
        }
    }
}

/// What makes rows of inputs of samples.
#[derive(Clone, Debug, PartialEq)]
pub enum Reads {
    /// Rows on one scale, and linear sums of them beside the net.
    Rows(Front, Sums),
    /// A series that is forecast.
    Series(SeriesTables),
}

/// [`Regression`], as a model holds it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    pub centers: Vec<Split>,
    pub weights: Vec<f32>,
    pub rows: usize,
    pub with_mean: bool,
}

/// [`Lags`], as a model holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesTables {
    pub curve: Curve,
    pub centers: Vec<Split>,
    pub weights: Vec<f32>,
    pub inputs: Vec<ColumnScale>,
    pub farthest: f32,
    pub span: usize,
    pub base: Option<usize>,
    pub offset: f32,
    /// How far ahead it looks.
    pub horizon: usize,
    /// So many of the columns, the last ones, are known ahead.
    pub known: usize,
}

/// How far off the answer for each target may be on its curve, if an interval is to hold that share.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    pub percent: u32,
    pub of_targets: Vec<f32>,
}

/// What exports say beside the formulas.
pub const FED: &str = "feed, where the export has one, does all of this in single precision: raw samples in, answers in their units out.";

/// The shares of [`Numbers::reaches`], in percent.
pub const SHARES: [u32; 3] = [80, 90, 95];

/// The nearest finite number in single precision.
pub const fn single(x: f64) -> f32 {
    const LARGEST: f64 = f32::MAX as f64;
    x.clamp(-LARGEST, LARGEST) as f32
}

impl Sums {
    /// As core reads it.
    pub fn regression(&self) -> Regression<'_> {
        Regression {
            centers: &self.centers,
            weights: &self.weights,
            rows: self.rows,
            with_mean: self.with_mean,
        }
    }

    /// Whether there is anything to add up.
    pub const fn is_none(&self) -> bool {
        self.rows == 0 && !self.with_mean
    }
}

impl SeriesTables {
    /// As core reads it.
    pub fn lags(&self) -> Lags<'_> {
        Lags {
            curve: self.curve,
            centers: &self.centers,
            weights: &self.weights,
            inputs: &self.inputs,
            farthest: self.farthest,
            span: self.span,
            base: self.base,
            offset: self.offset,
        }
    }

    /// Columns beside the target.
    pub fn others(&self) -> usize {
        self.centers.len() - 1
    }

    /// The raw sample of which the net reads these inputs, where they are not cut.
    fn raw(&self, inputs: &[f32]) -> Vec<f32> {
        let unscaled = |place: usize| {
            let scale = self.inputs[place];
            let moved = if scale.factor == 0.0 {
                0.0
            } else {
                inputs[place] / scale.factor
            };
            (moved + scale.rest) + scale.mean
        };
        let target = self.centers[0].beyond(unscaled(2 * self.others()));
        let others = self.centers[1..].iter().enumerate();
        let others = others.map(|(i, center)| center.beyond(unscaled(2 * i)));
        std::iter::once(self.curve.invert(target))
            .chain(others)
            .map(|x| x.clamp(-f32::MAX, f32::MAX))
            .collect()
    }
}

impl Numbers {
    /// Of a net whose outputs are what they are.
    pub fn plain(front: Front, outputs: usize) -> Self {
        let readout = Readout {
            curve: Curve::Identity,
            residual: 1.0,
            start: Split::new(0.0),
        };
        Self {
            reads: Reads::Rows(front, Sums::default()),
            readouts: vec![readout; outputs],
            reaches: Vec::new(),
            errors_of: Whose::Own,
        }
    }

    /// This, if all numbers of it are finite.
    pub fn sound(self) -> Option<Self> {
        let split = |split: &Split| split.high.is_finite() && split.low.is_finite();
        let finite = |x: &f32| x.is_finite();
        let scale = |scale: &ColumnScale| {
            [scale.mean, scale.rest, scale.factor]
                .iter()
                .all(|x| x.is_finite())
        };
        let reads = match &self.reads {
            Reads::Rows(front, sums) => {
                front
                    .scale
                    .iter()
                    .map(ColumnScale::from)
                    .all(|of| scale(&of))
                    && sums.centers.iter().all(split)
                    && sums.weights.iter().all(finite)
            }
            Reads::Series(series) => {
                series.inputs.iter().all(scale)
                    && series.centers.iter().all(split)
                    && series.weights.iter().all(finite)
                    && series.offset.is_finite()
            }
        };
        let readout = |readout: &Readout| readout.residual.is_finite() && split(&readout.start);
        let is_sound = reads
            && self.readouts.iter().all(readout)
            && (self.reaches.iter()).all(|reach| reach.of_targets.iter().all(finite));
        is_sound.then_some(self)
    }

    /// How far off answers may be, where `reach` says so for every target and share.
    pub fn with_reaches(mut self, reach: impl Fn(f64) -> Option<Vec<f64>>) -> Self {
        let found = SHARES.into_iter().filter_map(|percent| {
            let of_targets = reach(f64::from(percent) / 100.0)?;
            let of_targets = of_targets.into_iter().map(single).collect();
            Some(Reach {
                percent,
                of_targets,
            })
        });
        self.reaches = found.collect();
        self
    }

    /// Numbers of a raw sample.
    pub fn columns(&self) -> usize {
        match &self.reads {
            Reads::Rows(front, _) => front.scale.len(),
            Reads::Series(series) => series.centers.len(),
        }
    }

    /// Whether a step waits for later samples.
    pub const fn is_late(&self) -> bool {
        matches!(&self.reads, Reads::Rows(front, _) if front.window > 1)
    }

    /// A raw sample of which the net reads this row, itself in the middle of its neighbours.
    pub fn raw(&self, row: &[f32]) -> Vec<f32> {
        match &self.reads {
            Reads::Rows(front, _) => {
                let columns = front.scale.len();
                let own = front.window / 2 * columns;
                front.raw(&row[own..own + columns]).collect()
            }
            Reads::Series(series) => series.raw(row),
        }
    }
}
