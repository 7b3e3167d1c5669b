use super::*;

fn dense([width, hidden, outputs]: [usize; 3]) -> Spec {
    Spec::dense(width, hidden, outputs)
}

/// Every chip and route of the table.
fn counted() -> Vec<(&'static str, &'static str)> {
    let rows = table().rows.iter();
    let mut all: Vec<_> = rows.map(|row| (&*row.chip, &*row.route)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn the_table_is_read() {
    let table: Table = serde_json::from_str(TABLE).expect("a table");
    assert!(table.rows.len() > 300 && !compiler("rust").is_empty());
    assert!(compiler("c-int8").contains("gcc") && compiler("int8") == compiler("image"));
    for chip in ["m0", "m3", "m4f", "m33", "m55", "rv32"] {
        for route in ["rust", "int8", "c", "c-int8"] {
            assert!(counted().contains(&(chip, route)), "{chip} {route}");
        }
    }
    assert!(counted().contains(&("avr", "c")) && counted().contains(&("avr", "c-int8")));
    assert!(counted().contains(&("m4f", "image")) && counted().contains(&("m0", "image")));
}

#[test]
fn every_row_is_met() {
    for (chip, route) in counted() {
        let figures =
            Figures::of(chip, route).unwrap_or_else(|| panic!("no figures of {chip} {route}"));
        let exact = |net: &str| row(chip, route, net, "3").and_then(|row| row.instructions);
        for (net, size) in sizes(chip) {
            assert_eq!(
                Some(figures.instructions(&dense(size))),
                exact(net),
                "{chip} {route} {net}"
            );
        }
        let (linear, size) = base(chip);
        for cell in [Cell::gru(), Cell::lstm(), Cell::FastRnn, Cell::FastGrnn] {
            let layer = Layer {
                cell,
                ..Layer::tanh(size[1])
            };
            let spec = Spec {
                layers: Layers::of([layer]),
                ..dense(size)
            };
            if let Some(count) = exact(figures.name(cell)) {
                assert_eq!(
                    figures.instructions(&spec),
                    count,
                    "{chip} {route} {cell:?}"
                );
            }
        }
        let kind = HeadKind::Softmax { outputs: size[2] };
        let head = Head {
            kind,
            read: elman_core::Read::EveryStep,
        };
        let softmax = Spec {
            head,
            ..dense(size)
        };
        if let Some(count) = exact("softmax") {
            assert_eq!(figures.instructions(&softmax), count, "{chip} {route}");
        }
        let spec = dense(size);
        assert_eq!(
            figures.code(&spec),
            row(chip, route, linear, "s").and_then(|row| row.code),
            "{chip} {route}"
        );
        assert!(
            figures
                .stack(&spec)
                .is_some_and(|stack| (50..4_000).contains(&stack)),
            "{chip} {route}"
        );
    }
}

/// Costs are those of a chip, not of three points that a line was forced through.
#[test]
fn products_and_units_cost_something() {
    for (chip, route) in counted() {
        let [product, unit, _] = Figures::of(chip, route).expect("figures").costs;
        assert!(
            product > 0.1 && unit > 1.0,
            "{chip} {route}: {product} and {unit}"
        );
        let [small, large] = [[6, 30, 5], [6, 34, 5]].map(|size| {
            Figures::of(chip, route)
                .expect("figures")
                .instructions(&dense(size))
        });
        let [_, middle, _] = [
            small,
            Figures::of(chip, route)
                .expect("figures")
                .instructions(&dense([6, 32, 5])),
            large,
        ];
        assert!(small < middle && middle < large, "{chip} {route}");
    }
}

#[test]
fn a_softmax_and_scaling_come_on_top() {
    let figures = Figures::of("m4f", "rust").expect("figures");
    let linear = dense([16, 64, 10]);
    let kind = HeadKind::Softmax { outputs: 10 };
    let softmax = Spec {
        head: Head {
            kind,
            ..linear.head
        },
        ..linear
    };
    let count = row("m4f", "rust", "softmax", "3").and_then(|row| row.instructions);
    assert_eq!(Some(figures.instructions(&softmax)), count);
    assert!(figures.code(&softmax) > figures.code(&linear));
    assert_eq!(
        figures.scaling(&dense([6, 8, 2])),
        row("m4f", "rust", "scale", "3").and_then(|row| row.instructions)
    );
}

#[test]
fn equations_without_an_answer_have_none() {
    assert_eq!(
        solved([
            [1.0, 2.0, 3.0, 4.0],
            [2.0, 4.0, 6.0, 8.0],
            [0.0, 0.0, 1.0, 1.0]
        ]),
        None
    );
    assert_eq!(
        solved([
            [0.0, 2.0, 0.0, 4.0],
            [2.0, 0.0, 0.0, 2.0],
            [0.0, 0.0, 4.0, 12.0]
        ]),
        Some([1.0, 2.0, 3.0])
    );
}

/// A line of a table, a number for each of some rows; what was not counted is left open.
fn line(head: &str, numbers: impl IntoIterator<Item = Option<usize>>) -> String {
    let cells = numbers
        .into_iter()
        .map(|n| n.map_or(String::new(), |n| n.to_string()));
    let cells: Vec<String> = cells.collect();
    format!("| {head} | {} |", cells.join(" | "))
}

/// One number of rows of the table.
fn numbers<'a>(
    [chip, route, level]: [&'a str; 3],
    nets: &'a [&'a str],
    number: impl Fn(&Row) -> Option<usize> + 'a,
) -> impl Iterator<Item = Option<usize>> + 'a {
    nets.iter()
        .map(move |net| number(row(chip, route, net, level)?))
}

/// What the README says in numbers of the table.
fn quoted() -> Vec<String> {
    let (sizes, cells) = (["s", "m", "l"], ["m", "fastrnn", "fastgrnn", "gru", "lstm"]);
    let (fast, small) = (["m4f", "rust", "3"], ["m4f", "rust", "s"]);
    let count = |row: &Row| row.instructions;
    let counts = |head: &str, place, nets| line(head, numbers(place, nets, count));
    let mut lines = vec![
        counts("instructions, `opt-level` 3", fast, &sizes),
        counts("instructions, `opt-level` \"s\"", small, &sizes),
        line(
            "flash, bytes at \"s\"",
            numbers(small, &sizes, |row| row.code),
        ),
        line("stack, bytes", numbers(fast, &sizes, |row| row.stack)),
        counts("instructions, `opt-level` 3", fast, &cells),
        counts(
            "instructions on a Cortex-M0, without an FPU, `opt-level` 3",
            ["m0", "rust", "3"],
            &cells,
        ),
        counts("instructions, `opt-level` \"s\"", small, &cells),
        line(
            "flash, bytes at \"s\"",
            numbers(small, &cells, |row| row.code),
        ),
        line(
            "stack, bytes at \"s\"",
            numbers(small, &cells, |row| row.stack),
        ),
        counts(
            "in whole numbers, `opt-level` 3, instructions",
            ["m4f", "int8", "3"],
            &cells,
        ),
        counts(
            "Cortex-M4F, `opt-level` \"s\"",
            ["m4f", "int8", "s"],
            &sizes,
        ),
    ];
    let [linear, softmax] = ["m", "softmax"].map(|net| row("m4f", "rust", net, "s"));
    if let (Some(linear), Some(softmax)) = (linear, softmax) {
        let [code, stack] = [|row: &Row| row.code, |row: &Row| row.stack].map(|number| {
            [linear, softmax]
                .map(|row| number(row).unwrap_or(0).to_string())
                .join(", ")
        });
        lines.push(format!(
            "| Rust, `opt-level` \"s\": linear head, softmax | {code} | {stack} |"
        ));
    }
    let [m4f, m0] = ["m4f", "m0"].map(|chip| row(chip, "int8", "m", "s"));
    if let (Some(m4f), Some(m0)) = (m4f, m0) {
        let [code, stack, code_m0, stack_m0] =
            [m4f.code, m4f.stack, m0.code, m0.stack].map(|number| number.unwrap_or(0));
        lines.push(format!(
            "| Rust in whole numbers, \"s\" (on a Cortex-M0: {code_m0} and {stack_m0}) | {code} | {stack} |"
        ));
    }
    let chips = [
        ("m55", "Cortex-M55, Helium"),
        ("m33", "Cortex-M33"),
        ("m4f", "Cortex-M4F"),
        ("m3", "Cortex-M3, without an FPU"),
        ("m0", "Cortex-M0, without an FPU"),
        ("rv32", "RISC-V (RV32IMAC), without an FPU"),
    ];
    for (chip, words) in chips {
        if Figures::of(chip, "rust").is_some() && Figures::of(chip, "int8").is_some() {
            for route in ["rust", "int8"] {
                lines.push(counts(words, [chip, route, "3"], &sizes));
            }
        }
    }
    lines.extend(quoted_of_c());
    lines
}

/// Counts of two places, side by side.
fn side_by_side(head: &str, places: [[&str; 3]; 2], between: &str) -> String {
    let cells: Vec<String> = SIZES
        .iter()
        .map(|(net, _)| {
            let counts = places.map(|[chip, route, level]| {
                let count = row(chip, route, net, level).and_then(|row| row.instructions);
                count.map_or(String::new(), |count| count.to_string())
            });
            counts.join(between)
        })
        .collect();
    format!("| {head} | {} |", cells.join(" | "))
}

/// The same of exports to C, and of images.
fn quoted_of_c() -> Vec<String> {
    let sizes = ["s", "m", "l"];
    let both = |head: &str, [chip, route]: [&'static str; 2], between| {
        side_by_side(head, [[chip, route, "3"], [chip, route, "s"]], between)
    };
    let counts = |head: &str, place| line(head, numbers(place, &sizes, |row| row.instructions));
    let mut lines = vec![
        both("Cortex-M4F, gcc 12 -O3 / -Os", ["m4f", "c"], " / "),
        both("Cortex-M4F, clang 14 -O3 / -Os", ["m4f", "c-clang"], " / "),
        counts("Cortex-M3, without an FPU, gcc 12 -O3", ["m3", "c", "3"]),
        counts("Cortex-M0, without an FPU, gcc 12 -O3", ["m0", "c", "3"]),
        counts("RV32IMAC, without an FPU, gcc 12 -O3", ["rv32", "c", "3"]),
        counts(
            "an image on a Cortex-M4F, `opt-level` 3",
            ["m4f", "image", "3"],
        ),
        both(
            "exported C on a Cortex-M4F: gcc 12 -O3, -Os",
            ["m4f", "c-int8"],
            ", ",
        ),
        both(
            "exported C on a Cortex-M4F: clang 14 -O3, -Os",
            ["m4f", "c-int8-clang"],
            ", ",
        ),
        both(
            "exported C on a Cortex-M0: gcc 12 -O3, -Os",
            ["m0", "c-int8"],
            ", ",
        ),
        side_by_side(
            "exported C on a Cortex-M55: gcc 12, clang 14 -O3",
            [["m55", "c-int8", "3"], ["m55", "c-int8-clang", "3"]],
            ", ",
        ),
        counts(
            "exported C on a Cortex-M3: gcc 12 -O3",
            ["m3", "c-int8", "3"],
        ),
        counts(
            "exported C on RV32IMAC: gcc 12 -O3",
            ["rv32", "c-int8", "3"],
        ),
    ];
    for (words, chip) in [
        ("Cortex-M4F", "m4f"),
        ("Cortex-M0", "m0"),
        ("Cortex-M55", "m55"),
    ] {
        let head = format!("an image on a {words}, `opt-level` 3");
        lines.push(counts(&head, [chip, "image-int8", "3"]));
    }
    let cycles = |route, net| row("avr", route, net, "s").and_then(|row| row.instructions);
    let code_of = |route, net| row("m4f", route, net, "s").and_then(|row| row.code);
    let code = |net| code_of("image", net);
    let sentences = [
        ("in", cycles("c-int8", "gesture"), "cycles a step"),
        ("one of 32 units in", cycles("c-int8", "s"), "cycles"),
        ("in `f32` in", cycles("c", "gesture"), "cycles"),
        ("takes", code("m"), "bytes of code"),
        ("with GRU", code("gru"), "bytes"),
        ("alone\n ", code_of("image-int8", "m"), "bytes"),
        ("and", code_of("image-int8", "gru"), "bytes"),
    ];
    lines.extend(sentences.map(|(before, number, after)| {
        format!("{before} {} {after}", number.map_or(0, |number| number))
    }));
    lines
}

#[test]
fn the_readme_quotes_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(path).expect("the README beside the packages");
    let missing: Vec<String> = quoted()
        .into_iter()
        .filter(|line| !readme.contains(line))
        .collect();
    assert!(
        missing.is_empty(),
        "README.md lacks, or has other numbers of:\n{}",
        missing.join("\n")
    );
}
