//! From the answers of a net to events.

/// When the answers of a net are an event: a class reaches the threshold that has not been there since its last event. `elman eval
/// --events` finds what fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// What the newest probabilities weigh in an exponential mean: 1 for no smoothing, else 1/2, 1/4 and so on.
    pub smoothing: f32,
    /// From this smoothed probability on a class is an event.
    pub threshold: f32,
    /// For so many steps after an event there is no other.
    pub refractory: u32,
    /// The class that is none: nothing happens.
    pub background: Option<usize>,
}

impl Rule {
    /// Whenever another class is the likeliest.
    pub const EVERY: Self = Self {
        smoothing: 1.0,
        threshold: 0.0,
        refractory: 0,
        background: None,
    };
}

/// What a net says at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// The step, counted from 0; the sample that came [`Samples::delay`](super::Samples::delay) samples ago.
    pub step: u32,
    /// The likeliest class that is not the background.
    pub class: usize,
    /// Its smoothed probability.
    pub probability: f32,
    /// Whether this is an event: [`Rule::threshold`] is reached, the last event is long enough ago, and not of this class if it has been
    /// the likeliest ever since.
    pub fires: bool,
}

/// How events follow each other, whatever tells that a class is there.
#[derive(Debug)]
pub(super) struct Course {
    step: u32,
    quiet: u32,
    /// The class of the last event, while it lasts.
    held: Option<usize>,
}

impl Course {
    /// Before the first step of a sequence.
    pub const START: Self = Self {
        step: 0,
        quiet: 0,
        held: None,
    };

    /// A step whose answer nobody reads.
    #[inline]
    pub const fn pass(&mut self) {
        self.step = self.step.wrapping_add(1);
        self.quiet = self.quiet.saturating_sub(1);
    }

    /// A step whose likeliest class `is_there` or is too unlikely: the step, and whether an event comes.
    #[inline]
    pub fn tell(&mut self, class: usize, is_there: bool, refractory: u32) -> (u32, bool) {
        let lasts = is_there && self.held == Some(class);
        let fires = is_there && !lasts && self.quiet == 0;
        self.held = (lasts || fires).then_some(class);
        let step = self.step;
        self.pass();
        if fires {
            self.quiet = refractory;
        }
        (step, fires)
    }
}

/// From probabilities to events.
#[derive(Debug)]
pub struct Events<'a> {
    rule: Rule,
    smooth: &'a mut [f32],
    is_first: bool,
    course: Course,
}

impl<'a> Events<'a> {
    /// Nothing was read yet. `smooth` has a number for every class.
    ///
    /// ```
    /// # use elman_core::feed::*;
    /// let (mut smooth, rule) = ([0.0; 2], Rule { smoothing: 0.5, threshold: 0.7, background: Some(0), ..Rule::EVERY });
    /// let mut events = Events::new(rule, &mut smooth);
    /// assert!(!events.read(&[1.0, 0.0]).fires);
    /// assert!(!events.read(&[0.0, 1.0]).fires); // a half, smoothed
    /// assert_eq!(events.read(&[0.0, 1.0]), Event { step: 2, class: 1, probability: 0.75, fires: true });
    /// assert!(!events.read(&[0.0, 1.0]).fires); // it lasts
    /// ```
    pub fn new(rule: Rule, smooth: &'a mut [f32]) -> Self {
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

    /// The probabilities of a step.
    #[inline]
    pub fn read(&mut self, outputs: &[f32]) -> Event {
        let Rule {
            smoothing,
            threshold,
            refractory,
            background,
        } = self.rule;
        let (mut class, mut probability) = (0, -1.0);
        for (i, (mean, &p)) in self.smooth.iter_mut().zip(outputs).enumerate() {
            *mean = if self.is_first || smoothing >= 1.0 {
                p
            } else {
                // Exact but for the sum, since smoothing is a power of two.
                *mean + smoothing * (p - *mean)
            };
            if *mean > probability && Some(i) != background {
                (class, probability) = (i, *mean);
            }
        }
        self.is_first = false;
        let (step, fires) = self
            .course
            .tell(class, probability >= threshold, refractory);
        Event {
            step,
            class,
            probability,
            fires,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_once_while_they_last() {
        let rule = Rule {
            threshold: 0.5,
            refractory: 2,
            background: Some(0),
            ..Rule::EVERY
        };
        let mut smooth = [0.0; 3];
        let mut events = Events::new(rule, &mut smooth);
        let mut fires = |p: [f32; 3]| {
            let event = events.read(&p);
            event.fires.then_some(event.class)
        };
        assert_eq!(fires([0.0, 1.0, 0.0]), Some(1));
        assert_eq!(fires([0.0, 1.0, 0.0]), None, "it lasts");
        assert_eq!(fires([0.0, 0.0, 1.0]), None, "too soon");
        assert_eq!(fires([0.0, 0.0, 1.0]), Some(2), "it waited");
        assert_eq!(fires([1.0, 0.0, 0.0]), None);
        assert_eq!(fires([1.0, 0.0, 0.0]), None);
        assert_eq!(fires([0.4, 0.0, 0.6]), Some(2), "it came back");
    }
}
