//! What a chip has, and what a net needs of it: known from the net's shape alone, before anything is trained.

use elman_core::Spec;
use serde::{Deserialize, Serialize};

use crate::args::{Chip, SearchFlags};
use crate::net::cost::{Code, Instructions, Memory};

/// What a net needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    pub parameters: usize,
    /// Tables, packed weights and code.
    pub flash_bytes: usize,
    /// Of these the code.
    pub code_bytes: usize,
    /// State, scratch and outputs.
    pub ram_bytes: usize,
    /// Of a step.
    pub instructions: usize,
}

/// What there is, and how needs are counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flash: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ram: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<usize>,
    chip: String,
    int8: bool,
    /// Steps of a sequence, where they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<usize>,
}

impl Budget {
    /// As it was typed.
    pub fn of(flags: &SearchFlags) -> Self {
        Self {
            flash: flags.flash,
            ram: flags.ram,
            instructions: flags.instructions,
            chip: match flags.chip {
                Chip::M4f => "m4f",
                Chip::M0 => "m0",
            }
            .to_owned(),
            int8: flags.int8,
            steps: flags.steps,
        }
    }

    /// What a net needs; `longest` is the longest sequence of the data, which nets that read both ways hold as a whole.
    pub fn needs(&self, spec: &Spec, longest: usize) -> Needs {
        let steps = self.steps.unwrap_or(longest);
        let memory = match self.int8 {
            true => Memory::of_words(spec, steps),
            false => Memory::of_strips(spec, steps),
        };
        let (count, code) = (Instructions::of(spec), Code::of(spec));
        let (instructions, code_bytes) = match (self.chip == "m0", self.int8) {
            (false, false) => (count.m4f_f32, code.f32 + code.softmax),
            (true, false) => (count.m0_f32, code.f32 + code.softmax),
            (false, true) => (count.m4f_int8, code.int8),
            (true, true) => (count.m0_int8, code.m0_int8),
        };
        Needs {
            parameters: spec.params_len(),
            flash_bytes: memory.flash_bytes + code_bytes,
            code_bytes,
            ram_bytes: memory.ram_bytes(),
            instructions,
        }
    }

    /// Each limit beside what a net needs.
    fn limits<'a>(
        &'a self,
        needs: &'a Needs,
    ) -> impl Iterator<Item = (&'static str, usize, usize)> + 'a {
        let limits = [
            ("flash", self.flash, needs.flash_bytes),
            ("ram", self.ram, needs.ram_bytes),
            ("instructions", self.instructions, needs.instructions),
        ];
        limits
            .into_iter()
            .filter_map(|(name, limit, need)| Some((name, limit?, need)))
    }

    /// Whether there is as much as a net needs.
    pub fn holds(&self, needs: &Needs) -> bool {
        self.limits(needs).all(|(_, limit, need)| need <= limit)
    }

    /// How far a net is over the budget: 1 where it uses it up, less where it holds.
    pub fn excess(&self, needs: &Needs) -> f64 {
        let shares = self
            .limits(needs)
            .map(|(_, limit, need)| need as f64 / limit as f64);
        shares.fold(0.0, f64::max)
    }

    /// What a net lacks, in words.
    pub fn complaint(&self, needs: &Needs) -> String {
        let lacking = self.limits(needs).filter(|(_, limit, need)| need > limit);
        let words: Vec<String> = lacking
            .map(|(name, limit, need)| match name {
                "instructions" => {
                    format!("{need} instructions a step, and --instructions is {limit}")
                }
                _ => format!("{need} bytes of {}, and --{name} is {limit}", said(name)),
            })
            .collect();
        words.join("; ")
    }

    /// The limits, in words; none where there are none.
    pub fn words(&self) -> Option<String> {
        let limits = [
            ("flash", self.flash, " bytes"),
            ("RAM", self.ram, " bytes"),
            ("instructions a step", self.instructions, ""),
        ];
        let words: Vec<String> = limits
            .into_iter()
            .filter_map(|(name, limit, unit)| Some(format!("{name} {}{unit}", limit?)))
            .collect();
        let form = if self.int8 { " in int8" } else { "" };
        let chip = if self.chip == "m0" {
            "Cortex-M0"
        } else {
            "Cortex-M4F"
        };
        (!words.is_empty()).then(|| format!("{} on {chip}{form}", words.join(", ")))
    }
}

fn said(name: &str) -> &str {
    if name == "ram" { "RAM" } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(flash: Option<usize>, instructions: Option<usize>, int8: bool) -> Budget {
        Budget {
            flash,
            ram: None,
            instructions,
            chip: "m4f".to_owned(),
            int8,
            steps: None,
        }
    }

    #[test]
    fn needs_are_those_of_the_cost_tables() {
        let spec = Spec::dense(6, 32, 5);
        let needs = budget(None, None, false).needs(&spec, 9);
        let memory = Memory::of_strips(&spec, 9);
        assert_eq!(
            (needs.flash_bytes - needs.code_bytes, needs.ram_bytes),
            (memory.flash_bytes, memory.ram_bytes())
        );
        assert_eq!(needs.instructions, Instructions::of(&spec).m4f_f32);
        let int8 = budget(None, None, true).needs(&spec, 9);
        assert!(int8.flash_bytes - int8.code_bytes < needs.flash_bytes - needs.code_bytes);
    }

    #[test]
    fn a_limit_holds_up_to_its_last_byte() {
        let spec = Spec::dense(6, 32, 5);
        let needs = budget(None, None, false).needs(&spec, 1);
        let exact = budget(Some(needs.flash_bytes), Some(needs.instructions), false);
        assert!(exact.holds(&needs) && exact.excess(&needs) == 1.0);
        let less = budget(Some(needs.flash_bytes - 1), None, false);
        assert!(!less.holds(&needs) && less.excess(&needs) > 1.0);
        let complaint = less.complaint(&needs);
        assert!(
            complaint.contains("bytes of flash, and --flash is"),
            "{complaint}"
        );
    }
}
