//! Files of other programs, known by how they begin, with the way from there to a file that is read.

/// The beginning of a file and what it is.
const KNOWN: [(&[u8], &str); 13] = [
    (
        b"PAR1",
        "a Parquet file; pandas.read_parquet(\"FILE\").to_csv(\"FILE.csv\", index=False) makes a CSV file of it",
    ),
    (
        b"ARROW1",
        "an Arrow file; pandas.read_feather(\"FILE\").to_csv(\"FILE.csv\", index=False) makes a CSV file of it",
    ),
    (
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
        "an old Excel workbook or another Office file; save the sheet as CSV",
    ),
    (
        b"\x89HDF\r\n\x1A\n",
        "an HDF5 file; save the table as CSV, or the arrays x and y with numpy.savez",
    ),
    (
        b"MATLAB 5.0 MAT-file",
        "a MATLAB file; writetable saves a table as CSV",
    ),
    (
        b"SQLite format 3\0",
        "an SQLite database; sqlite3 -header -csv FILE \"SELECT ...\" saves a table as CSV",
    ),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive; unpack it"),
    (b"Rar!\x1A\x07", "a RAR archive; unpack it"),
    (
        b"\xFD7zXZ\0",
        "packed by xz; unxz -k FILE unpacks it, and gzip is read as it is",
    ),
    (
        b"\x28\xB5\x2F\xFD",
        "packed by zstd; unzstd FILE unpacks it, and gzip is read as it is",
    ),
    (b"%PDF-", "a PDF file; data come as text, such as CSV"),
    (
        b"\xFF\xFE\0\0",
        "in UTF-32; iconv -f UTF-32 -t UTF-8 FILE > NEW makes text of it that is read",
    ),
    (
        b"\0\0\xFE\xFF",
        "in UTF-32; iconv -f UTF-32 -t UTF-8 FILE > NEW makes text of it that is read",
    ),
];

/// What a file is that begins with these bytes, and what to do about it; `None` where it may hold data.
pub fn of_bytes(first: &[u8]) -> Option<String> {
    let known = KNOWN.iter().find(|(mark, _)| first.starts_with(mark));
    if let Some((_, what)) = known {
        return Some(format!("the file is {what}"));
    }
    // Packed by bzip2, in blocks of 1 to 9 times 100 kB.
    if let [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..] = first {
        return Some(
            "the file is packed by bzip2; bunzip2 -k FILE unpacks it, and gzip is read as it is"
                .to_owned(),
        );
    }
    of_archive(first)
}

/// How a zip archive begins that holds nothing.
const EMPTY_ARCHIVE: &[u8] = b"PK\x05\x06";

/// The name of the first file in a zip archive.
fn first_member(first: &[u8]) -> Option<String> {
    const NAME: usize = 30;
    if !first.starts_with(b"PK\x03\x04") || first.len() < NAME {
        return None;
    }
    let len = usize::from(u16::from_le_bytes([first[26], first[27]]));
    Some(String::from_utf8_lossy(first.get(NAME..NAME + len)?).into_owned())
}

/// Whether these bytes begin a zip archive that no program takes for its own.
pub fn is_archive(first: &[u8]) -> bool {
    let is_own = |name: String| name.ends_with(".npy") || of_program(&name).is_some();
    first.starts_with(EMPTY_ARCHIVE) || first_member(first).is_some_and(|name| !is_own(name))
}

/// A zip archive, unless it holds arrays.
fn of_archive(first: &[u8]) -> Option<String> {
    let name = first_member(first).filter(|name| !name.ends_with(".npy"))?;
    Some(of_program(&name).unwrap_or_else(|| {
        "the file is a zip archive within another; unpack it: unzip FILE".to_owned()
    }))
}

/// What a zip archive is whose first file is called so.
fn of_program(name: &str) -> Option<String> {
    let parts_of_office = ["[Content_Types].xml", "_rels/", "xl/", "docProps/"];
    if parts_of_office.iter().any(|part| name.starts_with(part)) {
        return Some("the file is an Excel workbook; save the sheet as CSV".to_owned());
    }
    if name == "mimetype" {
        return Some("the file is an OpenDocument sheet; save it as CSV".to_owned());
    }
    if name.contains("data.pkl") {
        return Some("the file holds weights of PyTorch, and no data".to_owned());
    }
    None
}

/// JSON where a table or labelled lines should be.
pub fn json(line: &str) -> Option<String> {
    let mut marks = line.chars().filter(|c| !c.is_whitespace());
    let is_json = matches!(
        (marks.next(), marks.next()),
        (Some('{'), Some('"')) | (Some('['), Some('{' | '['))
    );
    // A TAB parts a text from its class.
    (is_json && !line.contains('\t')).then(|| {
        "the file holds JSON; pandas.read_json(\"FILE\", lines=True).to_csv(\"FILE.csv\", index=False) makes a CSV file of \
         lines with one row each"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(name: &str) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.resize(26, 0);
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(name.as_bytes());
        bytes
    }

    #[test]
    fn files_of_other_programs_are_named() {
        let named = |bytes: &[u8]| of_bytes(bytes).unwrap_or_default();
        assert!(named(b"PAR1\x15\x04").contains("Parquet"));
        assert!(
            named(&archive("[Content_Types].xml"))
                .contains("Excel workbook; save the sheet as CSV")
        );
        assert!(named(&archive("mimetype")).contains("OpenDocument"));
        assert!(named(&archive("a.csv")).contains("zip archive within another"));
        assert!(is_archive(&archive("a.csv")) && !is_archive(&archive("x.npy")));
        assert!(!is_archive(&archive("mimetype")) && !is_archive(b"PK\x03\x04"));
        assert_eq!(
            named(&archive("x.npy")) + &named(b"PK\x03\x04") + &named(b"t,y\n"),
            ""
        );
        assert!(json("{\"a\": 1}").is_some() && json("[\n  {\"a\": 1}]").is_some());
        assert!(
            json("t,y").is_none() && json("[[p]] text\tup").is_none() && json("[1] a").is_none()
        );
    }
}
