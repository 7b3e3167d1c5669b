//! The program that shows how the net is used: self-test, a few samples, what comes out.

use elman_core::quantized::QuantizedModel;
use elman_core::{HeadKind, Inputs};

use super::super::c::text::c_number;
use super::super::feed::FeedProof;
use super::super::numbers::NumberProof;
use super::super::parts::Parts;
use super::super::source::list;
use crate::base::failure::Result;

/// How a program prints, and how it begins and ends.
pub struct Host {
    /// The header that declares `print`; none where it is part of the sketch.
    pub header: &'static str,
    pub print: &'static str,
    pub entry: &'static str,
    pub success: &'static str,
    pub failure: &'static str,
}

impl Host {
    /// A program with `main`.
    pub const MAIN: Self = Self {
        header: "stdio.h",
        print: "printf",
        entry: "int main(void)",
        success: " 0",
        failure: " 1",
    };
    /// An application of ESP-IDF.
    pub const IDF: Self = Self {
        entry: "void app_main(void)",
        success: "",
        failure: "",
        ..Self::MAIN
    };
    /// An application of Zephyr.
    pub const ZEPHYR: Self = Self {
        header: "zephyr/kernel.h",
        print: "printk",
        ..Self::MAIN
    };
}

/// Samples take about so many numbers: a chip may hold them in RAM.
const NUMBERS: usize = 48;

/// How many of so many numbers each.
fn steps_of(width: usize) -> usize {
    (NUMBERS / width).clamp(2, 8)
}

/// The parts of an example that know the net. `net_` and `NET_` stand for its name.
pub struct Example {
    /// State, outputs and samples.
    data: String,
    /// The function that prints what comes out: with `printf`, and with `Serial`.
    show: [String; 2],
    /// The call of the self-test.
    test: &'static str,
    run: String,
}

impl Example {
    /// Of a net; of the one in whole numbers, where its words are given.
    ///
    /// # Errors
    /// Words that are no net of this shape.
    pub fn new(parts: &Parts<'_>, words: Option<&[u32]>) -> Result<Self> {
        if let Some(feed) = &parts.proof.feed {
            return Ok(Self::fed(feed, words.is_some()));
        }
        if let Some(numbers) = &parts.proof.numbers {
            return Ok(Self::fed_numbers(numbers));
        }
        let spec = &parts.spec;
        let output = if words.is_some() { "int32_t" } else { "float" };
        let (element, rows) = samples(parts, words)?;
        let steps = rows.len();
        let items = list(rows.into_iter().map(|row| format!("{{{row}}}")), 1);
        let samples =
            format!("static const {element} samples[{steps}][NET_INPUTS] = {{\n{items}\n}};\n");
        let (buffers, test, run) = if spec.is_bidirectional() {
            let work = if words.is_some() { "int16_t" } else { "float" };
            let run = format!(
                "    net_run(&samples[0][0], {steps}, work, y);
    for (i = 0; i < NET_ROWS({steps}); i++) {{
        show(y + i * NET_OUTPUTS);
    }}
"
            );
            let buffers = format!(
                "static {work} work[NET_WORK(NET_SELF_TEST_STEPS)];
static {output} y[NET_ROWS(NET_SELF_TEST_STEPS) * NET_OUTPUTS];
"
            );
            (buffers, "net_self_test(work, y)", run)
        } else {
            let run = format!(
                "    net_reset(&net);
    for (i = 0; i < {steps}; i++) {{
        net_step(&net, samples[i], y);
        show(y);
    }}
"
            );
            let buffers = format!("static net_state net;\nstatic {output} y[NET_OUTPUTS];\n");
            (buffers, "net_self_test(&net, y)", run)
        };
        Ok(Self {
            data: format!(
                "{buffers}/* Rows as the net reads them; the head of HEADER says how they come from what is measured. */\n{samples}"
            ),
            show: show(parts, words.is_some())
                .map(|body| format!("static void show(const {output} *row)\n{{\n{body}}}\n")),
            test,
            run,
        })
    }

    /// Of a net that takes raw samples, and tells events.
    fn fed(feed: &FeedProof, is_int8: bool) -> Self {
        let (samples, steps) = raw_samples(&feed.raw, feed.front.scale.len(), feed.is_whole());
        let call = match feed.is_whole() {
            true => "net_feed_i16",
            false => "net_feed",
        };
        let waits = "/* What the net says after a sample: 1 of an event, -1 if it waits for later samples. */\nstatic void show(int told)\n{\n    if (told < 0) {\n        return;\n    }\n";
        let value = match is_int8 {
            true => "(long)(1000u * net_probability(&stream, event.label) >> 15)",
            false => "(long)(1000.0f * event.probability)",
        };
        let printf = format!(
            "    PRINT(\"%s: %ld / 1000%s\\n\", net_class_name(event.label), {value}, told == 1 ? \", an event\" : \"\");\n"
        );
        let serial = format!(
            "    Serial.print(net_class_name(event.label));\n    Serial.print(\": \");\n    Serial.print({value});\n    \
             Serial.println(told == 1 ? \" / 1000, an event\" : \" / 1000\");\n"
        );
        Self {
            data: format!("static net_stream stream;\nstatic net_event event;\n{samples}"),
            show: [printf, serial].map(|print| format!("{waits}{print}}}\n")),
            test: "net_feed_self_test(&stream)",
            run: format!(
                "    net_stream_reset(&stream);
    for (i = 0; i < {steps}; i++) {{
        show({call}(&stream, samples[i], &event));
    }}
    show(net_feed_end(&stream, &event));
"
            ),
        }
    }

    /// Of a net that takes raw samples, and answers with numbers.
    fn fed_numbers(proof: &NumberProof) -> Self {
        let waits = "/* What the net says after a sample: 0 with an answer, -1 if it waits for later samples. */\nstatic void show(int told)\n{\n    size_t i;\n    if (told < 0) {\n        return;\n    }\n    for (i = 0; i < NET_TARGETS; i++) {\n";
        let value = "(long)(1000.0f * out[i])";
        let printf = format!(
            "        PRINT(\"%ld / 1000%s\", {value}, i + 1 < NET_TARGETS ? \", \" : \"\\n\");\n"
        );
        let serial = format!(
            "        Serial.print({value});\n        Serial.print(i + 1 < NET_TARGETS ? \" / 1000, \" : \" / 1000\\n\");\n"
        );
        let (samples, steps) = raw_samples(&proof.raw, proof.numbers.columns(), false);
        let end = if proof.numbers.is_late() {
            "    for (i = 0; i < NET_DELAY; i++) {\n        show(net_feed_end(&stream, out));\n    }\n"
        } else {
            ""
        };
        Self {
            data: format!("static net_stream stream;\nstatic float out[NET_TARGETS];\n{samples}"),
            show: [printf, serial].map(|print| format!("{waits}{print}    }}\n}}\n")),
            test: "net_feed_self_test(&stream)",
            run: format!(
                "    net_stream_reset(&stream);
    for (i = 0; i < {steps}; i++) {{
        show(net_feed(&stream, samples[i], out));
    }}
{end}"
            ),
        }
    }

    /// Puts the parts into a template.
    pub fn fill(&self, template: &str, name: &str, host: &Host, is_sketch: bool) -> String {
        let parts = [
            ("@data@", &*self.data),
            ("@show@", &self.show[usize::from(is_sketch)]),
            ("@run@", &self.run),
            ("@test@", self.test),
            ("@stdio@", host.header),
            ("@entry@", host.entry),
            ("@print@", host.print),
            ("@success@", host.success),
            ("@failure@", host.failure),
        ];
        let (small, large) = (format!("{name}_"), format!("{}_", name.to_uppercase()));
        let named = |text: &str| {
            let text = text
                .replace("PRINT", host.print)
                .replace("HEADER", &format!("{name}.h"));
            // A name may have these letters in itself.
            let text = text.replace("net_", "\0small").replace("NET_", "\0large");
            text.replace("\0small", &small).replace("\0large", &large)
        };
        parts
            .iter()
            .fold(template.to_owned(), |text, (key, value)| {
                text.replace(key, &named(value))
            })
    }
}

/// The first raw samples of a proof, as a table of C; and how many they are.
fn raw_samples(raw: &[f32], columns: usize, is_whole: bool) -> (String, usize) {
    let element = if is_whole { "int16_t" } else { "float" };
    let row = |row: &[f32]| {
        let numbers = row.iter().map(|&x| match is_whole {
            true => x.to_string(),
            false => c_number(x),
        });
        format!("{{{}}}", numbers.collect::<Vec<String>>().join(", "))
    };
    let rows = raw.chunks_exact(columns).take(steps_of(columns));
    let rows: Vec<String> = rows.map(row).collect();
    let (steps, items) = (rows.len(), list(rows, 1));
    let table = format!(
        "/* Raw samples: what the columns of the training data hold, in their order. */\n\
         static const {element} samples[{steps}][NET_COLUMNS] = {{\n{items}\n}};\n"
    );
    (table, steps)
}

/// Rows of inputs, each as the inside of braces: the first of the golden vectors, of one sequence.
fn samples(parts: &Parts<'_>, words: Option<&[u32]>) -> Result<(&'static str, Vec<String>)> {
    let golden = parts.proof.golden();
    let width = parts.spec.golden_width();
    let longest = golden.lengths.first().map_or(0, |&length| length as usize);
    let steps = steps_of(width).min(longest).max(1);
    let row = |numbers: &[String]| -> Vec<String> {
        numbers.chunks(width).map(|row| row.join(", ")).collect()
    };
    Ok(match (golden.inputs, words) {
        (Inputs::Dense(x), None) => {
            let numbers: Vec<String> = x[..steps * width].iter().map(|&x| c_number(x)).collect();
            ("float", row(&numbers))
        }
        (Inputs::Dense(x), Some(words)) => {
            let model = QuantizedModel::new(parts.spec, words)?;
            let numbers = x[..steps * width].iter();
            let numbers: Vec<String> = numbers.map(|&x| model.integer(x).to_string()).collect();
            ("int16_t", row(&numbers))
        }
        (Inputs::Tokens(ids), _) => {
            let numbers: Vec<String> = ids[..steps * width]
                .iter()
                .map(|id| format!("{id}u"))
                .collect();
            ("uint32_t", row(&numbers))
        }
    })
}

/// The statements that print a row of outputs, its likeliest class by name or its numbers: by `printf`, and by `Serial`.
fn show(parts: &Parts<'_>, is_int8: bool) -> [String; 2] {
    // A float in thousandths: few printf of chips know floats.
    let [value, unit] = if is_int8 {
        ["(long)row[i]", ""]
    } else {
        ["(long)(1000.0f * row[i])", " / 1000"]
    };
    if matches!(parts.spec.head.kind, HeadKind::Softmax { .. }) {
        return show_class(parts, value, unit);
    }
    let each = "    size_t i;\n    for (i = 0; i < NET_OUTPUTS; i++) {\n";
    [
        format!(
            "{each}        PRINT(\"%ld{unit}%s\", {value}, i + 1 < NET_OUTPUTS ? \", \" : \"\\n\");\n    }}\n"
        ),
        format!(
            "{each}        Serial.print({value});\n        Serial.print(i + 1 < NET_OUTPUTS ? \"{unit}, \" : \"{unit}\\n\");\n    }}\n"
        ),
    ]
}

/// The likeliest class and what speaks for it.
fn show_class(parts: &Parts<'_>, value: &str, unit: &str) -> [String; 2] {
    let mut names = parts.encoding.names.iter();
    let names = names.find(|names| {
        // What tasks call their classes, and the units of a text.
        ["labels", "tokens"].contains(&&*names.name)
            && names.items.len() == parts.spec.output_width()
    });
    let (format, name) = match names {
        Some(names) => ("%s", format!("net_{}[i]", names.name)),
        None => ("class %lu", "(unsigned long)i".to_owned()),
    };
    let best = "    size_t i = 0, other;
    for (other = 1; other < NET_OUTPUTS; other++) {
        if (row[other] > row[i]) {
            i = other;
        }
    }
";
    [
        format!("{best}    PRINT(\"{format}: %ld{unit}\\n\", {name}, {value});\n"),
        format!(
            "{best}    Serial.print({name});\n    Serial.print(\": \");\n    Serial.print({value});\n    Serial.println(\"{unit}\");\n"
        ),
    ]
}
