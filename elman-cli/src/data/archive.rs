//! A zip archive with one file in it is read as that file.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

/// Names beyond this are counted in a complaint and not written out.
const SHOWN: usize = 4;

/// The only file of an archive, unpacked. What systems put beside it does not count.
///
/// # Errors
/// The archive is damaged or holds several files.
pub fn only_file(mut bytes: impl Read) -> Result<Vec<u8>, String> {
    let broken = |error: ZipError| format!("the zip archive cannot be unpacked: {error}");
    let mut packed = Vec::new();
    bytes
        .read_to_end(&mut packed)
        .map_err(|error| broken(error.into()))?;
    let mut archive = ZipArchive::new(Cursor::new(packed)).map_err(broken)?;
    let mut files = Vec::new();
    for place in 0..archive.len() {
        let file = archive.by_index_raw(place).map_err(broken)?;
        let name = file.name().map_err(broken)?.into_owned();
        let last = name.rsplit(['/', '\\']).next().unwrap_or("");
        if !file.is_dir() && !name.starts_with("__MACOSX/") && !last.starts_with('.') {
            files.push((place, name));
        }
    }
    if files.is_empty() {
        return Err("the file is a zip archive with no file in it".to_owned());
    }
    let [(place, _)] = files[..] else {
        let shown = files
            .iter()
            .take(SHOWN)
            .map(|(_, name)| name.escape_debug().to_string());
        let shown: Vec<String> = shown.collect();
        let dots = if files.len() > SHOWN { " …" } else { "" };
        return Err(format!(
            "the file is a zip archive of {} files ({}{dots}); unpack it: unzip FILE",
            files.len(),
            shown.join(", ")
        ));
    };
    let mut file = archive.by_index(place).map_err(broken)?;
    let mut content = Vec::new();
    file.read_to_end(&mut content)
        .map_err(|error| broken(error.into()))?;
    Ok(content)
}
