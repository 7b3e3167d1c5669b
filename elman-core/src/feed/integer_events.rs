//! From the logits of an int8 net to events, in whole numbers.

use super::chances::IntegerSoftmax;
use super::events::{Course, Rule};

/// A threshold that no probability reaches.
const NEVER: u32 = (1 << 15) + 1;

/// [`Rule`] in whole numbers, for the logits of an int8 net.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegerRule {
    /// The newest probabilities weigh 2 to the minus this in an exponential mean: 0 for no smoothing.
    pub halvings: u32,
    /// From this smoothed probability on a class is an event, in units of 2^-15.
    pub threshold: u32,
    /// For so many steps after an event there is no other.
    pub refractory: u32,
    /// The class that is none: nothing happens.
    pub background: Option<usize>,
    /// From logits to probabilities.
    pub softmax: IntegerSoftmax,
}

impl IntegerRule {
    /// A rule, for logits of which one unit is worth [`QuantizedModel::unit`](crate::quantized::QuantizedModel::unit).
    ///
    /// ```
    /// # use elman_core::feed::*;
    /// let rule = IntegerRule::new(&Rule { smoothing: 0.25, threshold: 0.5, ..Rule::EVERY }, 0.001);
    /// assert_eq!((rule.halvings, rule.threshold), (2, 16384));
    /// assert!(rule.is_by_probability() && !IntegerRule::new(&Rule::EVERY, 0.001).is_by_probability());
    /// ```
    pub fn new(rule: &Rule, unit: f32) -> Self {
        let &Rule {
            smoothing,
            threshold,
            refractory,
            background,
        } = rule;
        Self {
            // Smoothing is a power of two.
            halvings: 127u32.saturating_sub(smoothing.to_bits() >> 23),
            threshold: (libm::ceil(f64::from(threshold) * 32768.0) as u32).min(NEVER),
            refractory,
            background,
            softmax: IntegerSoftmax::new(unit),
        }
    }

    /// As it lies in an image.
    pub(crate) fn words(&self) -> [u32; 7] {
        let IntegerSoftmax {
            farthest,
            shift,
            multiplier,
        } = self.softmax;
        let background = self.background.map_or(u32::MAX, |class| class as u32);
        [
            self.halvings,
            self.threshold,
            self.refractory,
            background,
            farthest,
            shift,
            multiplier,
        ]
    }

    /// From an image; what lies there may be anything.
    pub(crate) const fn from_words(words: [u32; 7]) -> Self {
        let [
            halvings,
            threshold,
            refractory,
            background,
            farthest,
            shift,
            multiplier,
        ] = words;
        Self {
            halvings,
            threshold,
            refractory,
            background: match background {
                u32::MAX => None,
                class => Some(class as usize),
            },
            softmax: IntegerSoftmax {
                farthest,
                shift,
                multiplier,
            },
        }
    }

    /// Whether nothing overflows by this rule, for a net of so many classes.
    pub(crate) fn is_sound(&self, classes: usize) -> bool {
        self.halvings <= 30
            && self.threshold <= NEVER
            && self.background.is_none_or(|class| class < classes)
            && self.softmax.is_sound()
    }

    /// Whether probabilities are needed; if not, the largest logit says all.
    pub const fn is_by_probability(&self) -> bool {
        self.halvings > 0 || self.threshold > 0
    }
}

/// What an int8 net says at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegerEvent {
    /// The step, counted from 0; the sample that came [`Samples::delay`](super::Samples::delay) samples ago.
    pub step: u32,
    /// The likeliest class that is not the background.
    pub class: usize,
    /// Whether this is an event: as [`Event::fires`](super::Event::fires).
    pub fires: bool,
}

/// From logits to events.
#[derive(Debug)]
pub struct IntegerEvents<'a> {
    rule: IntegerRule,
    /// Of every class the smoothed probability in units of 2^-30; not used where the largest logit says all.
    smooth: &'a mut [i32],
    is_first: bool,
    course: Course,
}

impl<'a> IntegerEvents<'a> {
    /// Nothing was read yet. `smooth` has a number for every class.
    ///
    /// ```
    /// # use elman_core::feed::*;
    /// let rule = IntegerRule::new(&Rule { smoothing: 0.5, threshold: 0.7, background: Some(0), ..Rule::EVERY }, 0.01);
    /// let mut smooth = [0; 2];
    /// let mut events = IntegerEvents::new(rule, &mut smooth);
    /// assert!(!events.read(&[2000, 0]).fires);
    /// assert!(!events.read(&[0, 2000]).fires); // a half, smoothed
    /// assert_eq!(events.read(&[0, 2000]), IntegerEvent { step: 2, class: 1, fires: true });
    /// assert_eq!(events.probability(&[0, 2000], 1), 24576); // three quarters
    /// assert!(!events.read(&[0, 2000]).fires); // it lasts
    /// ```
    pub const fn new(rule: IntegerRule, smooth: &'a mut [i32]) -> Self {
        Self {
            rule,
            smooth,
            is_first: true,
            course: Course::START,
        }
    }

    /// Before the first step of a sequence.
    pub const fn reset(&mut self) {
        (self.is_first, self.course) = (true, Course::START);
    }

    /// A step whose answer nobody reads.
    #[inline]
    pub const fn pass(&mut self) {
        self.course.pass();
    }

    /// The logits of a step.
    #[inline]
    pub fn read(&mut self, logits: &[i32]) -> IntegerEvent {
        let background = self.rule.background;
        let (class, is_there) = if self.rule.is_by_probability() {
            self.smooth(logits);
            let (class, most) = largest(self.smooth, -1, background);
            (class, most >= (self.rule.threshold as i32) << 15)
        } else {
            (largest(logits, i32::MIN, background).0, true)
        };
        let (step, fires) = self.course.tell(class, is_there, self.rule.refractory);
        IntegerEvent { step, class, fires }
    }

    /// Takes the probabilities of a step into the mean.
    fn smooth(&mut self, logits: &[i32]) {
        let probabilities = self.rule.softmax.probabilities(logits);
        for (mean, p) in self.smooth.iter_mut().zip(probabilities) {
            let p = (p << 15) as i32;
            if self.is_first {
                *mean = p;
            } else {
                *mean += (p - *mean) >> self.rule.halvings;
            }
        }
        self.is_first = false;
    }

    /// The probability of a class at the last step that was read, smoothed as the rule says, in units of 2^-15. `logits` are those of that step.
    pub fn probability(&self, logits: &[i32], class: usize) -> u32 {
        if self.rule.is_by_probability() {
            return self.smooth.get(class).map_or(0, |&p| p as u32 >> 15);
        }
        self.rule.softmax.probability(logits, class)
    }
}

/// The place of the first of the largest numbers above `least` that is not the background, and that number.
#[inline(always)]
fn largest(numbers: &[i32], least: i32, background: Option<usize>) -> (usize, i32) {
    let others = numbers.iter().copied().enumerate();
    let others = others.filter(|&(i, _)| Some(i) != background);
    others.fold(
        (0, least),
        |most, (i, x)| {
            if x > most.1 { (i, x) } else { most }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::super::events::Events;
    use super::super::samples::numbers;
    use super::*;

    #[test]
    fn whole_numbers_tell_the_events_of_floats() {
        let mut random = numbers();
        let mut next = || random.next().unwrap();
        let rules = [
            Rule::EVERY,
            Rule {
                smoothing: 0.25,
                threshold: 0.4,
                refractory: 3,
                background: Some(0),
            },
            Rule {
                threshold: 0.6,
                refractory: 1,
                ..Rule::EVERY
            },
            Rule {
                background: Some(2),
                refractory: 2,
                ..Rule::EVERY
            },
        ];
        for rule in rules {
            let (mut smooth, mut smooth_of_floats) = ([0; 4], [0.0; 4]);
            let mut events = IntegerEvents::new(IntegerRule::new(&rule, 0.001), &mut smooth);
            let mut of_floats = Events::new(rule, &mut smooth_of_floats);
            let (mut fired, mut apart) = (0, 0);
            for step in 0..2000 {
                if step % 100 == 0 {
                    events.reset();
                    of_floats.reset();
                }
                if step % 7 == 3 {
                    events.pass();
                    of_floats.pass();
                    continue;
                }
                let logits = [0; 4].map(|_| (4000.0 * next()) as i32);
                let exact = logits.map(|y| (f64::from(y) * 0.001).exp());
                let sum: f64 = exact.iter().sum();
                let probabilities = exact.map(|e| (e / sum) as f32);
                let (found, expected) = (events.read(&logits), of_floats.read(&probabilities));
                assert_eq!(found.step, expected.step);
                let p = f64::from(events.probability(&logits, expected.class)) / 32768.0;
                assert!((p - f64::from(expected.probability)).abs() < 2f64.powi(-11));
                fired += usize::from(found.fires);
                apart +=
                    usize::from((found.class, found.fires) != (expected.class, expected.fires));
            }
            assert!(fired > 100, "{rule:?}: {fired}");
            // Where a probability is on the threshold but for the last bits, and what follows from it.
            assert!(apart <= 10, "{rule:?}: {apart} of {fired}");
        }
    }
}
