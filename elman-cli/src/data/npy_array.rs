//! One array in NumPy's `.npy` format: a magic number, one line of a Python dictionary, the elements.

use std::io::Read;

/// More elements than that are a mistake in the header, not data.
const MOST_ELEMENTS: u64 = 1 << 32;
/// NumPy itself refuses longer headers.
const LONGEST_HEADER: usize = 10_000;
/// Characters of an element that is text.
const LONGEST_TEXT: usize = 1 << 16;

/// The elements in C order, the last axis running fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub values: Values,
}

/// The elements.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    Numbers(Vec<f64>),
    Text(Vec<String>),
}

/// What one element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Float,
    Signed,
    Unsigned,
    /// UTF-32.
    Unicode,
    /// One byte per character.
    Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Header {
    kind: Kind,
    /// Bytes of an element.
    size: usize,
    is_big_endian: bool,
    is_fortran: bool,
    shape: Vec<usize>,
}

impl Array {
    /// Reads header and elements. Memory grows with what is really there, whatever the header claims.
    ///
    /// # Errors
    /// What is wrong.
    pub fn read(mut reader: impl Read) -> Result<Self, String> {
        let header = Header::read(&mut reader)?;
        let count: usize = header.shape.iter().product();
        let mut element = vec![0; header.size];
        let mut values = match header.kind {
            Kind::Unicode | Kind::Bytes => Values::Text(Vec::new()),
            _ => Values::Numbers(Vec::new()),
        };
        for done in 0..count {
            reader.read_exact(&mut element).map_err(|error| {
                format!("the array breaks off after {done} of {count} elements: {error}")
            })?;
            match &mut values {
                Values::Numbers(numbers) => numbers.push(header.number(&element)?),
                Values::Text(texts) => texts.push(header.text(&element)?),
            }
        }
        if header.is_fortran {
            values = match values {
                Values::Numbers(numbers) => Values::Numbers(to_c_order(&numbers, &header.shape)),
                Values::Text(texts) => Values::Text(to_c_order(&texts, &header.shape)),
            };
        }
        Ok(Self {
            shape: header.shape,
            values,
        })
    }

    /// Every element as text; whole numbers without a point.
    pub fn to_text(&self) -> Vec<String> {
        match &self.values {
            Values::Text(texts) => texts.clone(),
            Values::Numbers(numbers) => numbers.iter().map(f64::to_string).collect(),
        }
    }

    /// As Python prints it.
    pub fn shape_text(&self) -> String {
        let sizes: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        match &sizes[..] {
            [one] => format!("({one},)"),
            _ => format!("({})", sizes.join(", ")),
        }
    }
}

/// From the first axis running fastest to the last.
fn to_c_order<T: Clone>(values: &[T], shape: &[usize]) -> Vec<T> {
    let mut index = vec![0; shape.len()];
    let mut ordered = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        let place = shape
            .iter()
            .zip(&index)
            .rev()
            .fold(0, |place, (&size, &i)| place * size + i);
        ordered.push(values[place].clone());
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    ordered
}

impl Header {
    fn read(reader: &mut impl Read) -> Result<Self, String> {
        let mut take = |bytes: &mut [u8]| {
            reader
                .read_exact(bytes)
                .map_err(|error| format!("the header of the array breaks off: {error}"))
        };
        let mut start = [0; 8];
        take(&mut start)?;
        if !start.starts_with(super::format::NPY) {
            return Err("this is no NumPy array".to_owned());
        }
        let mut length = [0; 4];
        match start[6] {
            1 => take(&mut length[..2])?,
            2 | 3 => take(&mut length)?,
            version => return Err(format!("version {version} of the .npy format is unknown")),
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST_HEADER {
            return Err(format!("the header claims to be {length} bytes long"));
        }
        let mut text = vec![0; length];
        take(&mut text)?;
        let text = std::str::from_utf8(&text).map_err(|_| "the header is no text".to_owned())?;
        Self::parse(text)
    }

    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
    fn parse(text: &str) -> Result<Self, String> {
        let value = |key: &str| {
            let missing = || format!("the header of the array has no {key}");
            let (_, rest) = text.split_once(&format!("'{key}'")).ok_or_else(missing)?;
            let rest = rest.trim_start().strip_prefix(':').ok_or_else(missing)?;
            Ok::<_, String>(rest.trim_start())
        };
        let is_fortran = match value("fortran_order")? {
            rest if rest.starts_with("False") => false,
            rest if rest.starts_with("True") => true,
            _ => return Err("fortran_order is neither True nor False".to_owned()),
        };
        let shape = value("shape")?;
        let inside = shape
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'));
        let (inside, _) = inside.ok_or("the shape of the array is no tuple")?;
        let shape = parse_shape(inside)?;
        let descr = value("descr")?.strip_prefix('\'');
        let descr = descr.and_then(|rest| rest.split_once('\''));
        let (descr, _) = descr.ok_or("arrays of records are not read; save plain numbers")?;
        let (kind, size, is_big_endian) = parse_descr(descr)?;
        Ok(Self {
            kind,
            size,
            is_big_endian,
            is_fortran,
            shape,
        })
    }

    fn number(&self, bytes: &[u8]) -> Result<f64, String> {
        // Little-endian, at the low end of eight bytes.
        let mut wide = [0; 8];
        wide[..self.size].copy_from_slice(bytes);
        if self.is_big_endian {
            wide[..self.size].reverse();
        }
        let bits = u64::from_le_bytes(wide);
        let unused = 64 - 8 * self.size as u32;
        let value = match (self.kind, self.size) {
            (Kind::Float, 2) => f64::from(half::f16::from_bits(bits as u16)),
            (Kind::Float, 4) => f64::from(f32::from_bits(bits as u32)),
            (Kind::Float, _) => f64::from_bits(bits),
            (Kind::Signed, _) => ((bits << unused) as i64 >> unused) as f64,
            _ => bits as f64,
        };
        if value.is_infinite() {
            return Err("an element of the array is infinite".to_owned());
        }
        Ok(value)
    }

    /// Text is padded with zeros.
    fn text(&self, bytes: &[u8]) -> Result<String, String> {
        if self.kind == Kind::Bytes {
            let end = bytes
                .iter()
                .rposition(|&byte| byte != 0)
                .map_or(0, |i| i + 1);
            let text = std::str::from_utf8(&bytes[..end]);
            return text
                .map(str::to_owned)
                .map_err(|_| "a text of the array is not UTF-8".to_owned());
        }
        let code = |four: &[u8]| {
            let four = [four[0], four[1], four[2], four[3]];
            let code = if self.is_big_endian {
                u32::from_be_bytes(four)
            } else {
                u32::from_le_bytes(four)
            };
            char::from_u32(code).ok_or("a text of the array holds no valid character".to_owned())
        };
        let text: String = bytes.chunks_exact(4).map(code).collect::<Result<_, _>>()?;
        Ok(text.trim_end_matches('\0').to_owned())
    }
}

fn parse_shape(inside: &str) -> Result<Vec<usize>, String> {
    let sizes = inside
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty());
    let sizes: Vec<u64> = sizes
        .map(|size| size.trim_end_matches('L').parse())
        .collect::<Result<_, _>>()
        .map_err(|_| format!("({inside}) is no shape"))?;
    let count = sizes
        .iter()
        .try_fold(1u64, |count, &size| count.checked_mul(size));
    match count {
        Some(0) => Err("the array is empty".to_owned()),
        Some(count) if count <= MOST_ELEMENTS => {
            Ok(sizes.into_iter().map(|size| size as usize).collect())
        }
        _ => Err(format!(
            "the header claims an array of shape ({inside}), more than anybody has"
        )),
    }
}

/// From `<f4` to kind, bytes and byte order.
fn parse_descr(descr: &str) -> Result<(Kind, usize, bool), String> {
    let unknown = || {
        format!(
            "elements of type {descr} are not read; save float16, float32, float64, integers or strings"
        )
    };
    if descr.ends_with('O') {
        return Err(format!(
            "elements of type {descr} are Python objects, as of sequences of different lengths; fill short ones up with NaN and save one \
             array of float32"
        ));
    }
    let mut letters = descr.chars();
    let order = letters.next().ok_or_else(unknown)?;
    let kind = letters.next().ok_or_else(unknown)?;
    let size: usize = letters.as_str().parse().map_err(|_| unknown())?;
    let (kind, size) = match (kind, size) {
        ('f', 2 | 4 | 8) => (Kind::Float, size),
        ('i', 1 | 2 | 4 | 8) => (Kind::Signed, size),
        ('u', 1 | 2 | 4 | 8) | ('b', 1) => (Kind::Unsigned, size),
        ('U', 1..=LONGEST_TEXT) => (Kind::Unicode, 4 * size),
        ('S', 1..=LONGEST_TEXT) => (Kind::Bytes, size),
        _ => return Err(unknown()),
    };
    match order {
        '<' | '|' | '=' => Ok((kind, size, false)),
        '>' => Ok((kind, size, true)),
        _ => Err(unknown()),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(descr: &str, is_fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
        let order = if is_fortran { "True" } else { "False" };
        let mut header =
            format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    /// An array of doubles as NumPy writes it.
    pub fn npy(shape: &str, values: &[f64]) -> Vec<u8> {
        let data: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        file("<f8", false, shape, &data)
    }

    /// An array of text, four characters each.
    pub fn npy_text(shape: &str, texts: &[&str]) -> Vec<u8> {
        let code = |text: &str| {
            let mut codes: Vec<u32> = text.chars().map(u32::from).collect();
            codes.resize(4, 0);
            codes
                .into_iter()
                .flat_map(u32::to_le_bytes)
                .collect::<Vec<_>>()
        };
        let data: Vec<u8> = texts.iter().flat_map(|text| code(text)).collect();
        file("<U4", false, shape, &data)
    }

    fn numbers(bytes: &[u8]) -> Vec<f64> {
        match Array::read(bytes).unwrap().values {
            Values::Numbers(numbers) => numbers,
            Values::Text(texts) => panic!("{texts:?}"),
        }
    }

    #[test]
    fn every_type_of_number() {
        assert_eq!(
            numbers(&file(">i2", false, "(2,)", &[0xFF, 0xFE, 1, 0])),
            [-2.0, 256.0]
        );
        assert_eq!(numbers(&file("|u1", false, "(1,)", &[200])), [200.0]);
        assert_eq!(numbers(&file("|i1", false, "(1,)", &[200])), [-56.0]);
        assert_eq!(numbers(&file("|b1", false, "()", &[1])), [1.0]);
        let single = 1.5f32.to_le_bytes();
        assert_eq!(numbers(&file("<f4", false, "(1,)", &single)), [1.5]);
        assert_eq!(
            numbers(&file("<f2", false, "(2,)", &[0x00, 0x3E, 0x01, 0x80])),
            [1.5, -(0.5f64.powi(24))]
        );
        let wide = (-5i64).to_le_bytes();
        assert_eq!(numbers(&file("<i8", false, "(1,)", &wide)), [-5.0]);
    }

    #[test]
    fn fortran_order_is_turned_round() {
        let bytes = file("|u1", true, "(2, 3)", &[1, 4, 2, 5, 3, 6]);
        assert_eq!(numbers(&bytes), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn text_comes_without_its_padding() {
        let array = Array::read(&npy_text("(2,)", &["né", ""])[..]).unwrap();
        assert_eq!(array.to_text(), ["né", ""]);
        let array = Array::read(&file("|S3", false, "(1,)", b"ab\0")[..]).unwrap();
        assert_eq!(array.to_text(), ["ab"]);
        assert_eq!(
            Array::read(&npy("(2,)", &[3.0, 0.5])[..])
                .unwrap()
                .to_text(),
            ["3", "0.5"]
        );
    }

    #[test]
    fn absurd_headers_are_refused_before_anything_is_allocated() {
        let complaint = |bytes: &[u8]| Array::read(bytes).unwrap_err();
        assert!(complaint(&npy("(1000000, 1000000)", &[])).contains("more than anybody has"));
        assert!(complaint(&npy("(99999999999, 99999999999)", &[])).contains("anybody"));
        assert!(complaint(&npy("(4000000000,)", &[1.0])).contains("after 1 of 4000000000"));
        assert_eq!(complaint(&npy("(3, 0)", &[])), "the array is empty");
        assert!(complaint(&file("|O", false, "(1,)", &[])).contains("type |O"));
        assert!(complaint(&npy("(1,)", &[f64::INFINITY])).contains("infinite"));
        assert!(complaint(b"\x93NUMPY\x02\x00\xFF\xFF\xFF\xFF").contains("bytes long"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(values in prop::collection::vec(-1e9f64..1e9, 1..50)) {
            let bytes = npy(&format!("({},)", values.len()), &values);
            prop_assert_eq!(numbers(&bytes), values);
        }

        #[test]
        fn damage_is_an_error_or_a_value(place in 0usize..150, change in 1u8.., cut in 0usize..150) {
            let mut bytes = npy("(3, 2)", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
            let whole = bytes.len();
            prop_assert_eq!(Array::read(&bytes[..cut.min(whole)]).is_ok(), cut >= whole);
            bytes[place % whole] ^= change;
            let _ = Array::read(&bytes[..]);
        }
    }
}
