//! Instruction counts beside those of the committed file.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Instructions by workload and level.
pub type Counts = BTreeMap<String, u64>;

/// A count is the same in every run, so this is only for what the compiler does otherwise when code elsewhere changes: it
/// may inline or unroll a little differently. Many small losses add up against the same file and are found together.
const TOLERANCE_PERCENT: u64 = 1;

/// What the counts depend on beside the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// As the compiler says it; another one makes other code.
    pub rustc: String,
    /// Flags for the compiler that no file of this repository holds.
    pub rustflags: String,
}

/// The committed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// How the counted code was built.
    pub build: Build,
    /// What was counted.
    pub counts: Counts,
}

impl Baseline {
    /// From the text of the file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let word = |key: &str| file[key].as_str().map(str::to_owned);
        let counts = file["instructions"].as_object().map(|counts| {
            let count = |(name, count): (&String, &Value)| Some((name.clone(), count.as_u64()?));
            counts.iter().map(count).collect()
        });
        let fields = (word("rustc"), word("rustflags"), counts.flatten());
        let (Some(rustc), Some(rustflags), Some(counts)) = fields else {
            return Err("it needs \"rustc\", \"rustflags\" and \"instructions\"".to_owned());
        };
        let build = Build { rustc, rustflags };
        Ok(Self { build, counts })
    }

    /// The text of the file, a line for each count.
    pub fn to_text(&self) -> String {
        let counts = self.counts.iter();
        let counts: Map<String, Value> = counts
            .map(|(name, &count)| (name.clone(), count.into()))
            .collect();
        let file = serde_json::json!({
            "rustc": self.build.rustc,
            "rustflags": self.build.rustflags,
            "instructions": counts,
        });
        format!("{file:#}\n")
    }
}

/// Counts from what Gungraun prints, a line of JSON for each workload.
///
/// # Errors
/// A line that is something else.
pub fn read(lines: &str) -> Result<Counts, String> {
    lines
        .lines()
        .map(|line| read_line(line).ok_or_else(|| format!("this is no count: {line}")))
        .collect()
}

fn read_line(line: &str) -> Option<(String, u64)> {
    let summary: Value = serde_json::from_str(line).ok()?;
    let (function, level) = (summary["function_name"].as_str()?, summary["id"].as_str()?);
    let values = &summary["profiles"][0]["data"]["total"]["metrics"]["Ir"]["values"];
    // Beside the count there may be that of the run before.
    let count = values["new"].as_u64()?;
    Some((format!("{function}/{level}"), count))
}

/// A sentence for every workload that is more than the tolerance away, or on one side only. Fewer instructions are named as
/// well: with the old count left in the file, a later loss of as much would pass.
pub fn complaints(before: &Counts, now: &Counts) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, &new) in now {
        let Some(&old) = before.get(name) else {
            complaints.push(format!("{name}: {new} instructions, and none in the file"));
            continue;
        };
        let apart = new.abs_diff(old);
        if 100 * apart > TOLERANCE_PERCENT * old {
            let percent = 100.0 * apart as f64 / old as f64;
            let way = if new > old { "more" } else { "fewer" };
            complaints.push(format!(
                "{name}: {old} instructions before, {new} now, {percent:.1} % {way}"
            ));
        }
    }
    let gone = before.keys().filter(|&name| !now.contains_key(name));
    complaints.extend(gone.map(|name| format!("{name}: in the file, and not counted now")));
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(counts: &[(&str, u64)]) -> Counts {
        let counts = counts.iter();
        counts
            .map(|&(name, count)| (name.to_owned(), count))
            .collect()
    }

    #[test]
    fn one_percent_passes_and_more_does_not_either_way() {
        let before = counts(&[("a", 1000), ("b", 1000), ("c", 1000), ("d", 1000)]);
        let now = counts(&[("a", 1010), ("b", 990), ("c", 1011), ("d", 500)]);
        let expected = [
            "c: 1000 instructions before, 1011 now, 1.1 % more",
            "d: 1000 instructions before, 500 now, 50.0 % fewer",
        ];
        assert_eq!(complaints(&before, &now), expected);
    }

    #[test]
    fn workloads_on_one_side_are_named() {
        let complaints = complaints(&counts(&[("old", 1)]), &counts(&[("new", 2)]));
        let expected = [
            "new: 2 instructions, and none in the file",
            "old: in the file, and not counted now",
        ];
        assert_eq!(complaints, expected);
    }

    #[test]
    fn the_file_comes_back() {
        let build = Build {
            rustc: "rustc 1.95.0".to_owned(),
            rustflags: String::new(),
        };
        let counts = counts(&[("tanh/avx2", 7), ("tanh/portable", 9)]);
        let baseline = Baseline { build, counts };
        assert_eq!(Baseline::parse(&baseline.to_text()), Ok(baseline));
        assert!(Baseline::parse("{}").is_err());
    }

    #[test]
    fn the_new_count_of_a_line_is_read() {
        let line = |values: &str| {
            let profile =
                format!(r#"{{"data":{{"total":{{"metrics":{{"Ir":{{"values":{values}}}}}}}}}}}"#);
            format!(r#"{{"function_name":"tanh","id":"avx2","profiles":[{profile}]}}"#)
        };
        let expected = Ok(counts(&[("tanh/avx2", 5)]));
        assert_eq!(read(&line(r#"{"new":5}"#)), expected);
        assert_eq!(read(&line(r#"{"new":5,"old":6}"#)), expected);
        assert!(read(&line(r#"{"old":6}"#)).is_err());
        assert!(read("Error").is_err());
    }
}
