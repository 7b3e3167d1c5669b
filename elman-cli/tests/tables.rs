//! Tables as people have them: read right, or refused with the way out.

mod common;

use std::fmt::Write as _;

use common::Workshop;
use common::tables::{CLASSIFY, FORECAST, plain, sequences, series};

/// A zip archive of some files.
fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(*name, options).unwrap();
        std::io::Write::write_all(&mut archive, content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn a_table_in_a_zip_archive_is_read() {
    let shop = Workshop::new();
    let table = series("t,y\n", |t, y| format!("{t},{y}\n"));
    shop.write("plain.csv", &table);
    let files = [
        ("__MACOSX/y.csv", &b"\0"[..]),
        ("data/y.csv", table.as_bytes()),
    ];
    shop.write("packed.zip", zipped(&files));
    for file in ["plain.csv", "packed.zip"] {
        shop.ok(&format!(
            "train forecast --train {file} {FORECAST} --out {file}.run"
        ));
    }
    let model = |file: &str| shop.read(&format!("{file}.run/model.safetensors"));
    assert!(model("plain.csv") == model("packed.zip"));
    let mut piped = shop.command("predict packed.zip.run --data - --steps 2");
    piped.stdin(std::fs::File::open(shop.path("packed.zip")).unwrap());
    let answers = piped.output().unwrap().stdout;
    assert_eq!(
        answers,
        shop.ok("predict plain.csv.run --data plain.csv --steps 2")
            .into_bytes()
    );
}

#[test]
fn tables_of_many_kinds_give_the_same_model() {
    let shop = Workshop::new();
    shop.write("plain.csv", plain(40));
    shop.ok(&format!(
        "train classify --train plain.csv {CLASSIFY} --out plain"
    ));
    let rows =
        |header: &str, row: &dyn Fn(usize, usize, f64, &str) -> String| sequences(40, header, row);
    let comma = |x: f64| x.to_string().replace('.', ",");
    let kinds = [
        (
            "index",
            rows("Unnamed: 0,seq,t,x,label\n", &|s, t, x, l| {
                format!("{},{s},{t},{x},{l}\n", s * 5 + t)
            }),
        ),
        (
            "nameless",
            rows(",seq,t,x,label\n", &|s, t, x, l| {
                format!("{},{s},{t},{x},{l}\n", s * 5 + t)
            }),
        ),
        (
            "counting",
            rows("nr,seq,t,x,label\n", &|s, t, x, l| {
                format!("{},{s},{t},{x},{l}\n", 7 + s * 5 + t)
            }),
        ),
        (
            "semicolons",
            rows("seq;t;x;label;;\r\n", &|s, t, x, l| {
                format!("{s};{t};{};{l};;\r\n", comma(x))
            }) + ";;;;;\r\n;;;;;\r\n",
        ),
        (
            "remarks",
            rows("#Logger 1.2\n#No: 1\n\nseq,t,x,label\n", &|s, t, x, l| {
                format!("{s},{t},{x},{l}\n")
            }),
        ),
        (
            "preamble",
            rows(
                "Logger 1.2\nStart,12:00\n\nseq,t,x,label\n",
                &|s, t, x, l| format!("{s},{t},{x},{l}\n"),
            ),
        ),
        (
            "units",
            rows("seq,t,x,label\n-,s,m/s2,-\n", &|s, t, x, l| {
                format!("{s},{t},{x},{l}\n")
            }),
        ),
        (
            "quoted",
            rows("seq,t,x,note,label\n", &|s, t, x, l| {
                format!("{s},{t},{x},\"off,\n\"\"back\"\"\",{l}\n")
            }),
        ),
        ("signs", plain(40).replace('-', "\u{2212}")),
        (
            "activity",
            rows("seq,t,x,activity\n", &|s, t, x, l| {
                format!("{s},{t},{x},{l}\n")
            }),
        ),
    ];
    for (kind, text) in kinds {
        shop.write(&format!("{kind}.csv"), text);
        let ran = shop.run(&format!(
            "train classify --train {kind}.csv {CLASSIFY} --out {kind}"
        ));
        assert_eq!(ran.code, 0, "{kind}: {}", ran.err);
        let model = shop.read(&format!("{kind}/model.safetensors"));
        assert!(
            model == shop.read("plain/model.safetensors"),
            "{kind}: {}",
            ran.err
        );
        let is_told = !["signs", "activity", "remarks"].contains(&kind);
        // That few sequences are all learnt from is said of every file.
        let mut notes = ran.err.lines().filter(|line| line.contains("note: "));
        let is_noted = notes.any(|line| !line.contains("would say little"));
        assert_eq!(is_noted, is_told, "{kind}: {}", ran.err);
        let whole = shop.ok("predict plain --data plain.csv");
        assert_eq!(
            shop.ok(&format!("predict plain --data {kind}.csv")),
            whole,
            "{kind}"
        );
    }
    let mut wide: Vec<u8> = vec![0xFF, 0xFE];
    wide.extend(plain(40).encode_utf16().flat_map(u16::to_le_bytes));
    shop.write("utf16.csv", wide);
    shop.ok(&format!(
        "train classify --train utf16.csv {CLASSIFY} --out utf16"
    ));
    assert!(shop.read("utf16/model.safetensors") == shop.read("plain/model.safetensors"));
    // Of a pipe rows are answered one by one, and the line of units is known all the same.
    let units = shop.read("units.csv");
    assert_eq!(
        shop.piped("predict plain --data -", &units).out,
        shop.ok("predict plain --data plain.csv")
    );
}

#[test]
fn the_first_row_of_data_is_not_taken_for_units() {
    let shop = Workshop::new();
    let row = |i: u32| format!("2020-01-{:02};{},5\n", i + 1, 10 + i % 7);
    let text: String = std::iter::once("date;y\n".to_owned())
        .chain((0..30).map(row))
        .collect();
    shop.write("semi.csv", &text);
    shop.ok("train forecast --train semi.csv --target y --epochs 1 --threads 1 --out semi");
    shop.write("above.csv", format!("Logger 1.2\n{text}"));
    for file in ["semi.csv", "above.csv"] {
        let from_file = shop.ok(&format!("predict semi --data {file}"));
        assert_eq!(from_file.lines().count(), 31);
        let ran = shop.piped("predict semi --data -", shop.read(file));
        assert_eq!(ran.out, from_file, "{file}");
    }
    for first in ["\"1,100.00\"", "inf", "$100.00", "\"4,5\""] {
        shop.write(
            "odd.csv",
            format!("date,y\n2020-01-01,{first}\n2020-01-02,3.5\n2020-01-03,4\n"),
        );
        let ran =
            shop.run("train forecast --train odd.csv --target y --epochs 1 --threads 1 --out odd");
        assert!(
            ran.err.contains("odd.csv:2: column 2 (y)"),
            "{first}: {}",
            ran.err
        );
    }
}

#[test]
fn columns_are_called_as_people_say_and_later_too() {
    let shop = Workshop::new();
    let named = sequences(40, "user,ms,x,what\n", |s, t, x, l| {
        format!("u{s},{},{x},{l}\n", t * 20)
    });
    shop.write("walks.csv", named);
    shop.write("plain.csv", plain(40));
    let said = "--seq-column user --step-column ms --label-column what";
    shop.ok(&format!(
        "train classify --train walks.csv {CLASSIFY} {said} --out run"
    ));
    shop.ok(&format!(
        "train classify --train plain.csv {CLASSIFY} --out plain"
    ));
    let accuracy = |run: &str, data: &str| shop.ok(&format!("eval {run} --data {data} --json"));
    assert_eq!(accuracy("run", "walks.csv"), accuracy("plain", "plain.csv"));
    assert!(shop.ok("predict run --data walks.csv").contains("\nu3,"));
    shop.ok("train --resume run");
    shop.fails(
        &format!("train classify --train walks.csv {CLASSIFY} --out none"),
        2,
        &["walks.csv:1: no column is called label", "--label-column"],
    );
}

#[test]
fn words_for_missing_stay_with_the_model() {
    let shop = Workshop::new();
    let with = |word: &str| {
        series("t,y\n", |t, y| match t % 19 {
            7 => format!("{t},{word}\n"),
            _ => format!("{t},{y}\n"),
        })
    };
    shop.write("empty.csv", with(""));
    shop.ok(&format!(
        "train forecast --train empty.csv {FORECAST} --out empty"
    ));
    for word in ["#N/A", "-nan", "1.#QNAN", "--", "."] {
        shop.write("word.csv", with(word));
        shop.ok(&format!(
            "train forecast --train word.csv {FORECAST} --out word"
        ));
        assert!(
            shop.read("word/model.safetensors") == shop.read("empty/model.safetensors"),
            "{word}"
        );
        std::fs::remove_dir_all(shop.path("word")).expect("a folder");
    }
    shop.write("number.csv", with("-999"));
    let ran = shop.run(&format!(
        "train forecast --train number.csv {FORECAST} --out doubted"
    ));
    assert!(
        ran.err.contains("-999 stands 3 times in y") && ran.err.contains("--missing -999"),
        "{}",
        ran.err
    );
    let said = "--missing off --missing -999";
    shop.ok(&format!(
        "train forecast --train number.csv {FORECAST} {said} --out number"
    ));
    let eval = |line: &str| shop.ok(&format!("eval {line} --json"));
    assert_eq!(
        eval("number --data number.csv"),
        eval("empty --data empty.csv")
    );
    let next = |line: &str| shop.ok(&format!("predict {line} --steps 3"));
    assert_eq!(
        next("number --data number.csv"),
        next("empty --data empty.csv")
    );
    shop.ok("train --resume number");
}

#[test]
fn dates_are_put_in_order_and_go_on() {
    let shop = Workshop::new();
    let day = |t: usize| format!("2024-{:02}-{:02}", 1 + t / 28, 1 + t % 28);
    let rows: Vec<String> = (0..28)
        .map(|t| format!("{},{}\n", day(t), 10.0 + 1.5 * t as f64))
        .collect();
    let rising = "Day,y\n".to_owned() + &rows.concat();
    let falling = "Day,y\n".to_owned() + &rows.iter().rev().map(String::as_str).collect::<String>();
    shop.write("rising.csv", &rising);
    shop.write("falling.csv", &falling);
    shop.ok(&format!(
        "train forecast --train rising.csv {FORECAST} --out rising"
    ));
    let ran = shop.run(&format!(
        "train forecast --train falling.csv {FORECAST} --out falling"
    ));
    assert!(
        ran.err
            .contains("note: Day falls from 2024-01-28 to 2024-01-01"),
        "{}",
        ran.err
    );
    assert!(shop.read("rising/model.safetensors") == shop.read("falling/model.safetensors"));
    let next = shop.ok("predict rising --data rising.csv --steps 3");
    assert_eq!(shop.ok("predict rising --data falling.csv --steps 3"), next);
    let lines: Vec<&str> = next.lines().collect();
    assert_eq!(lines[0], "t,Day,y");
    assert!(
        lines[1].starts_with("28,2024-01-29,") && lines[3].starts_with("30,2024-01-31,"),
        "{next}"
    );
    let all = shop.ok("predict rising --data rising.csv");
    assert!(all.starts_with("t,Day,y,y+1\n0,2024-01-01,10,"), "{all}");
    let ran = shop.piped("predict rising --data -", falling.as_bytes());
    assert!(
        ran.code == 2 && ran.err.contains("dates fall"),
        "{}{}",
        ran.out,
        ran.err
    );
    let mut holes = "Day,y\n".to_owned();
    for (t, row) in rows
        .iter()
        .enumerate()
        .filter(|(t, _)| ![9, 10].contains(t))
    {
        holes += row;
        if t == 5 {
            let _ = writeln!(holes, "{},17", day(t));
        }
    }
    shop.write("holes.csv", holes);
    let ran = shop.run(&format!(
        "train forecast --train holes.csv {FORECAST} --out holes"
    ));
    for note in [
        "Day 2024-01-06 comes twice",
        "Day steps by 1 day 96 %, 3 days 4 %",
    ] {
        assert!(ran.err.contains(note), "{note}: {}", ran.err);
    }
    let next = shop.ok("predict holes --data holes.csv --steps 1");
    assert!(next.starts_with("t,Day,y\n27,,"), "{next}");
}

#[test]
fn what_stood_still_or_ran_wild_in_training_does_not_lead() {
    let shop = Workshop::new();
    let with = |flat: &dyn Fn(usize) -> f64, x: &dyn Fn(usize, f64) -> f64| {
        sequences(60, "seq,t,x,flat,label\n", |s, t, value, l| {
            format!("{s},{t},{},{},{l}\n", x(5 * s + t, value), flat(s))
        })
    };
    shop.write("still.csv", with(&|_| 20.0, &|_, x| x));
    shop.write("moves.csv", with(&|s| 20.0 + (s % 4) as f64, &|_, x| x));
    let ran = shop.run(&format!(
        "train classify --train still.csv {CLASSIFY} --out still"
    ));
    assert!(
        ran.err.contains("note: flat never moves in training"),
        "{}",
        ran.err
    );
    let eval = |data: &str| shop.ok(&format!("eval still --data {data} --json"));
    assert_eq!(eval("still.csv"), eval("moves.csv"));
    shop.write(
        "wild.csv",
        with(&|_| 20.0, &|row, x| if row == 33 { 1e9 } else { x }),
    );
    let ran = shop.run(&format!(
        "train classify --train wild.csv {CLASSIFY} --out wild"
    ));
    assert!(
        ran.err
            .contains("1 value lies far outside of all others of x, such as 1e9"),
        "{}",
        ran.err
    );
    let lacking = with(&|_| 20.0, &|row, x| {
        if row % 50 == 7 { f64::NAN } else { x }
    });
    shop.write("lacking.csv", lacking);
    let ran = shop.run(&format!(
        "train classify --train lacking.csv {CLASSIFY} --out lacking"
    ));
    assert!(
        ran.err.contains("note: values are missing, 6 of x"),
        "{}",
        ran.err
    );
}

#[test]
fn what_is_no_table_is_named_as_what_it_is() {
    let shop = Workshop::new();
    let refused = |name: &str, content: &[u8], words: &[&str]| {
        shop.write(name, content);
        for task in ["classify", "label", "forecast --target y"] {
            shop.fails(&format!("train {task} --train {name} --out none"), 2, words);
        }
    };
    refused(
        "t.parquet",
        b"PAR1\x15\x04\x15\x00",
        &["Parquet", "read_parquet"],
    );
    refused(
        "lines.jsonl",
        b"{\"x\": 1, \"label\": \"a\"}\n{\"x\": 2, \"label\": \"b\"}\n",
        &["JSON", "read_json"],
    );
    let mut book = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0".to_vec();
    book.extend(b"[Content_Types].xml");
    refused("book.xlsx", &book, &["Excel workbook", "CSV"]);
    let mut packed = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0".to_vec();
    packed.extend(b"a.csv");
    refused("broken.zip", &packed, &["zip archive cannot be unpacked"]);
    refused(
        "empty.zip",
        &zipped(&[]),
        &["zip archive with no file in it"],
    );
    let two = zipped(&[
        ("a.csv", b"t,y\n"),
        ("b/c.csv", b"t,y\n"),
        ("b/.hidden", b""),
    ]);
    refused(
        "two.zip",
        &two,
        &["archive of 2 files (a.csv, b/c.csv); unpack it"],
    );
    refused(
        "nested.zip",
        &zipped(&[("two.zip", &two)]),
        &["within another"],
    );
    let raw = "33,Walking,4910,-0.09,2.5,2.9;\n".repeat(8)
        + "33,Walking,4911,1.5,2.5,2.9;33,Walking,4912,1.5,2.5,2.9;\n";
    shop.write("raw.txt", raw);
    for task in ["classify", "label", "label --format csv"] {
        let words = [
            "raw.txt:1:",
            "put a header",
            "line 9 is the first that does not fit, with 11 cells",
        ];
        shop.fails(
            &format!("train {task} --train raw.txt --out none"),
            2,
            &words,
        );
    }
    shop.write("latin.csv", b"seq,t,T \xB0C,label\n0,0,1,a\n");
    let words = [
        "latin.csv:1:9: the line is not UTF-8",
        "iconv -f WINDOWS-1252",
    ];
    shop.fails("train classify --train latin.csv --out none", 2, &words);
    shop.write(
        "thousands.csv",
        series("t,y\n", |t, y| format!("{t},\"1,{:06.2}\"\n", 100.0 + y)),
    );
    let words = [
        "thousands.csv:2: column 2 (y)",
        "thousands separators: write 1110.00",
    ];
    shop.fails(
        &format!("train forecast --train thousands.csv {FORECAST} --out none"),
        2,
        &words,
    );
}
