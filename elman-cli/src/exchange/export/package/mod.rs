//! `elman export --package`: a folder that the package manager of a board's world takes as it is. The two files of C, the metadata of
//! that registry, and an example that runs the self-test, feeds samples and prints what comes out.
//!
//! The files are templates in `files` beside this one; `@name@` stands for the name of the export.

mod example;

use std::path::Path;

use super::parts::{Output, Parts};
use crate::args::PackageKind;
use crate::base::failure::{Failure, Result};
use crate::net::describe;
use example::{Example, Host};

/// A template and where it goes.
type File = (&'static str, &'static str);

/// What a kind of package consists of.
struct Kind {
    /// Files of metadata.
    files: &'static [File],
    /// The example and where it goes.
    example: File,
    host: Host,
    /// How it is used, for its README.
    how: &'static str,
}

const README: &str = include_str!("files/README.md");
const STREAM: &str = include_str!("files/stream.c");
const SKETCH: &str = include_str!("files/sketch.ino");

const ARDUINO: Kind = Kind {
    files: &[(
        "library.properties",
        include_str!("files/library.properties"),
    )],
    example: ("examples/stream/stream.ino", SKETCH),
    host: Host::MAIN,
    how: "Put this folder, or a zip archive of it, among the libraries of the Arduino IDE, or say\n`arduino-cli lib install --git-url`; then open File, Examples, @name@, stream.",
};

const PLATFORMIO: Kind = Kind {
    files: &[
        ("library.json", include_str!("files/library.json")),
        (
            "examples/stream/platformio.ini",
            include_str!("files/platformio.ini"),
        ),
    ],
    example: ("examples/stream/src/main.cpp", SKETCH),
    host: Host::MAIN,
    how: "Put this folder into `lib` of a project, or name it in its `lib_deps`; `pio run -d examples/stream` builds the example.",
};

const ESP_IDF: Kind = Kind {
    files: &[
        ("idf_component.yml", include_str!("files/idf_component.yml")),
        ("CMakeLists.txt", include_str!("files/idf.cmake")),
        (
            "examples/stream/CMakeLists.txt",
            include_str!("files/idf_project.cmake"),
        ),
        (
            "examples/stream/main/CMakeLists.txt",
            include_str!("files/idf_main.cmake"),
        ),
        (
            "examples/stream/main/idf_component.yml",
            include_str!("files/idf_main.yml"),
        ),
    ],
    example: ("examples/stream/main/main.c", STREAM),
    host: Host::IDF,
    how: "Put this folder into `components` of a project; `idf.py -C examples/stream build` builds the example.",
};

const ZEPHYR: Kind = Kind {
    files: &[
        ("zephyr/module.yml", include_str!("files/module.yml")),
        ("zephyr/CMakeLists.txt", include_str!("files/zephyr.cmake")),
        ("zephyr/Kconfig", include_str!("files/Kconfig")),
        (
            "examples/stream/CMakeLists.txt",
            include_str!("files/zephyr_sample.cmake"),
        ),
        ("examples/stream/prj.conf", include_str!("files/prj.conf")),
    ],
    example: ("examples/stream/src/main.c", STREAM),
    host: Host::ZEPHYR,
    how: "A module of Zephyr: name this folder in `ZEPHYR_EXTRA_MODULES` or in west.yml, and set `CONFIG_@NAME@=y`;\n`west build -b BOARD examples/stream` builds the example.",
};

const CMSIS: Kind = Kind {
    files: &[
        ("Elman.@name@.pdsc", include_str!("files/package.pdsc")),
        (
            "examples/stream/stream.csolution.yml",
            include_str!("files/csolution.yml"),
        ),
        (
            "examples/stream/stream.cproject.yml",
            include_str!("files/cproject.yml"),
        ),
    ],
    example: ("examples/stream/main.c", STREAM),
    host: Host::MAIN,
    how: "`cpackget add Elman.@name@.pdsc` makes it known to the tools of Open-CMSIS, as does a zip archive `Elman.@name@.1.0.0.pack` of this folder;\n`cbuild examples/stream/stream.csolution.yml` builds the example.",
};

const CMAKE: Kind = Kind {
    files: &[("CMakeLists.txt", include_str!("files/CMakeLists.txt"))],
    example: ("examples/stream/main.c", STREAM),
    host: Host::MAIN,
    how: "`add_subdirectory`, or FetchContent, gives the target `@name@`; by itself this folder builds the example and tests it.",
};

const fn kind(kind: PackageKind) -> Kind {
    match kind {
        PackageKind::Arduino => ARDUINO,
        PackageKind::Platformio => PLATFORMIO,
        PackageKind::EspIdf => ESP_IDF,
        PackageKind::Zephyr => ZEPHYR,
        PackageKind::Cmsis => CMSIS,
        PackageKind::Cmake => CMAKE,
    }
}

/// Everything but the two files of C, beside which it goes: `folder/src/name.c`.
///
/// # Errors
/// Words that are no net of this shape.
pub fn files(
    parts: &Parts<'_>,
    words: Option<&[u32]>,
    which: PackageKind,
    folder: &Path,
    name: &str,
) -> Result<Vec<Output>> {
    let kind = kind(which);
    let example = Example::new(parts, words)?;
    let about = format!(
        "{}{}",
        describe::line(&parts.spec),
        if words.is_some() {
            ", in whole numbers"
        } else {
            ""
        }
    );
    let about = about
        .replace("->", "to")
        .replace(['"', '&', '<', '>', '\\'], "")
        .replace(char::is_control, " ");
    let fill = |text: &str| {
        text.replace("@how@", kind.how)
            .replace("@name@", name)
            .replace("@NAME@", &name.to_uppercase())
            .replace("@about@", &about)
            .replace("@version@", env!("CARGO_PKG_VERSION"))
    };
    let mut outputs = vec![("README.md".to_owned(), fill(README))];
    for (path, template) in kind.files {
        outputs.push((fill(path), fill(template)));
    }
    let (path, template) = kind.example;
    let is_sketch = template == SKETCH;
    let filled = example.fill(template, name, &kind.host, is_sketch);
    outputs.push((fill(path), fill(&filled)));
    let outputs = outputs.into_iter().map(|(path, text)| Output {
        path: folder.join(path),
        content: text.into_bytes(),
    });
    Ok(outputs.collect())
}

/// Makes the folders that files lie in.
///
/// # Errors
/// A folder that cannot be made.
pub fn make_folders(outputs: &[Output]) -> Result<()> {
    for Output { path, .. } in outputs {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| {
                Failure::run(format!(
                    "cannot make the folder {}: {error}",
                    folder.display()
                ))
            })?;
        }
    }
    Ok(())
}
