//! The rule of an int8 net: its own, or that of the float net that it was rounded from.

use serde::Serialize;

use crate::base::encoding::EventRule;

/// A rule, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChosenRule {
    pub rule: EventRule,
    pub origin: Origin,
}

/// With which net a rule was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    Int8,
    Float,
    /// Nobody looked for one.
    Untuned,
}

impl ChosenRule {
    /// Of an int8 net that has this rule of its `own`, if any, and was rounded from a net with the rule `float`.
    pub fn of_int8(own: Option<EventRule>, float: EventRule) -> Self {
        let origin = match own {
            Some(_) => Origin::Int8,
            None if float == EventRule::EVERY => Origin::Untuned,
            None => Origin::Float,
        };
        let rule = own.unwrap_or(float);
        Self { rule, origin }
    }
}

impl Origin {
    /// For people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Int8 => "tuned with this net in whole numbers (elman eval RUN --events --int8)",
            Self::Float => {
                "tuned with the float net (elman eval RUN --events); --events --int8 tunes it with this net in whole numbers"
            }
            Self::Untuned => {
                "whenever another class is the likeliest; elman eval RUN --events --int8 tunes it with this net in whole numbers"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_rule_comes_first() {
        let float = EventRule {
            threshold: 0.5,
            ..EventRule::EVERY
        };
        let own = EventRule {
            threshold: 0.75,
            ..float
        };
        let chosen = |own, float| {
            let ChosenRule { rule, origin } = ChosenRule::of_int8(own, float);
            (rule.threshold, origin)
        };
        assert_eq!(chosen(Some(own), float), (0.75, Origin::Int8));
        assert_eq!(chosen(None, float), (0.5, Origin::Float));
        assert_eq!(chosen(None, EventRule::EVERY), (0.0, Origin::Untuned));
        // Even one that says what nobody would have to look for.
        let every = Some(EventRule::EVERY);
        assert_eq!(chosen(every, float), (0.0, Origin::Int8));
    }
}
