//! Folders for package managers: metadata that names the files that are there, and examples that compile and run.

use elman_core::quantized::QuantizedModel;

use super::*;
use crate::args::PackageKind;
use crate::base::encoding::{Encoding, EventRule};
use crate::exchange::export::{c_int8, package};

const KINDS: [PackageKind; 6] = [
    PackageKind::Arduino,
    PackageKind::Platformio,
    PackageKind::EspIdf,
    PackageKind::Zephyr,
    PackageKind::Cmsis,
    PackageKind::Cmake,
];

/// A net that the examples differ for, and what stands between it and raw samples.
type Chosen = (&'static str, Spec, Option<Encoding>);

/// Classes and numbers, streams and sequences, numbers and tokens; raw samples with events, and with numbers.
fn chosen() -> Vec<Chosen> {
    let wanted = ["plain", "words", "both", "gated_deep", "mixed"];
    let all = specs()
        .into_iter()
        .filter(|(name, _)| wanted.contains(name));
    let fed = feed::nets().into_iter();
    let numbers = numbers::nets().into_iter();
    let numbers = numbers.filter(|(name, ..)| ["fed_late", "fed_season"].contains(name));
    let around = |front, answers| Encoding {
        front,
        answers,
        ..Encoding::default()
    };
    all.map(|(name, spec)| (name, spec, None))
        .chain(fed.map(|(name, spec, front)| (name, spec, Some(around(Some(front), None)))))
        .chain(numbers.map(|(name, spec, numbers)| (name, spec, Some(around(None, Some(numbers))))))
        .collect()
}

/// A package in a folder of its own.
fn written((_, spec, around): &Chosen, kind: PackageKind, is_int8: bool) -> TempDir {
    let home = TempDir::new().unwrap();
    let network = network(spec, 1);
    let gentle = network.params().iter().map(|x| x / 3.0).collect();
    let network = Network::new(*spec, gentle).unwrap();
    let proof = match around {
        Some(around) => Proof::made_up_raw(&network, 1, 20, around),
        None => Proof::made_up(&network, 1, 20),
    };
    let mut parts = parts(&network, proof.unwrap());
    let classes = (0..spec.output_width()).map(|class| format!("class \"{class}\""));
    parts.encoding.names.clear();
    parts
        .encoding
        .add_names("labels", "Classes.", classes.collect());
    let words = is_int8.then(|| quantize::rounded(&network, &generated(spec, 3)).unwrap().0);
    let path = home.path().join("src/my_net_v2.c");
    let (mut outputs, _) = match &words {
        Some(words) => {
            assert!(QuantizedModel::new(*spec, words).is_ok());
            c_int8::write(&parts, words, &path).unwrap()
        }
        None => c::write(&parts, &path).unwrap(),
    };
    let more = package::files(&parts, words.as_deref(), kind, home.path(), "my_net_v2").unwrap();
    outputs.extend(more);
    package::make_folders(&outputs).unwrap();
    save(&outputs);
    for Output { path, content } in &outputs {
        let text = String::from_utf8_lossy(content);
        let left = text.split('@').filter(|part| {
            [
                "name", "NAME", "about", "data", "run", "print", "show", "test",
            ]
            .contains(part)
        });
        assert_eq!(
            left.count(),
            0,
            "{}: a part was not filled in\n{text}",
            path.display()
        );
    }
    home
}

/// Runs a command in a folder; what it prints.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let ran = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let [out, err] =
        [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(ran.status.success(), "{program} {arguments:?}\n{out}{err}");
    out
}

const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Wshadow", "-Werror", "-O1"];

/// A board's own header, in as few lines as the sketch needs.
const ARDUINO_H: &str = "#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct Port {
    void begin(long) {}
    operator bool() const { return true; }
    void print(const char *text) { printf(\"%s\", text); }
    void print(long number) { printf(\"%ld\", number); }
    void print(unsigned long number) { printf(\"%lu\", number); }
    void println(const char *text) { printf(\"%s\\n\", text); }
    void println(unsigned long number) { printf(\"%lu\\n\", number); }
};
static Port Serial;
inline void delay(unsigned long) {}
";

/// What every program must print.
fn check(printed: &str, (_, spec, around): &Chosen, what: &str) {
    let mut lines = printed.lines();
    assert_eq!(lines.next(), Some("self-test ok"), "{what}");
    let rows: Vec<&str> = lines.collect();
    assert!(!rows.is_empty(), "{what}");
    if matches!(spec.head.kind, HeadKind::Softmax { .. }) {
        assert!(
            rows.iter().all(|row| row.starts_with("class \"")),
            "{what}: {rows:?}"
        );
    }
    // Untuned, a net tells an event at its first step.
    let front = around.as_ref().and_then(|around| around.front.as_ref());
    if let Some(rule) = front.and_then(|front| front.rule) {
        let first = rows[0].ends_with(" / 1000, an event");
        assert!(first || rule != EventRule::EVERY, "{what}: {rows:?}");
        assert!(
            rows.iter().all(|row| row.contains(" / 1000")),
            "{what}: {rows:?}"
        );
    }
}

#[test]
fn examples_compile_and_run() {
    if !has("gcc") || !has("g++") {
        return;
    }
    for chosen in chosen() {
        for (index, kind) in KINDS.into_iter().enumerate() {
            let what = format!("{}, {kind:?}", chosen.0);
            let is_int8 = index % 2 == 0;
            let home = written(&chosen, kind, is_int8);
            let at = |path: &str| home.path().join(path).display().to_string();
            std::fs::write(home.path().join("Arduino.h"), ARDUINO_H).unwrap();
            let src = format!("-I{}", at("src"));
            let net = [&["-std=c99", "-c", &src][..], &STRICT, &["src/my_net_v2.c"]].concat();
            run(home.path(), "gcc", &net);
            let (compiler, example) = match kind {
                PackageKind::Arduino => ("g++", "examples/stream/stream.ino"),
                PackageKind::Platformio => ("g++", "examples/stream/src/main.cpp"),
                PackageKind::EspIdf => ("gcc", "examples/stream/main/main.c"),
                PackageKind::Zephyr => ("gcc", "examples/stream/src/main.c"),
                PackageKind::Cmsis | PackageKind::Cmake => ("gcc", "examples/stream/main.c"),
            };
            std::fs::create_dir_all(home.path().join("stub/zephyr")).unwrap();
            let kernel = "#include <stdio.h>\n#define printk printf\n";
            std::fs::write(home.path().join("stub/zephyr/kernel.h"), kernel).unwrap();
            // Whoever calls the program: a sketch, or an application of ESP-IDF.
            let caller = match kind {
                PackageKind::Arduino | PackageKind::Platformio => {
                    "void setup(void); void loop(void); int main(void) { setup(); loop(); return 0; }"
                }
                PackageKind::EspIdf => {
                    "void app_main(void); int main(void) { app_main(); return 0; }"
                }
                _ => "typedef int nothing;",
            };
            let caller_file = if compiler == "g++" {
                "caller.cpp"
            } else {
                "caller.c"
            };
            std::fs::write(home.path().join(caller_file), caller).unwrap();
            let language = if compiler == "g++" { "c++" } else { "c" };
            let compile = [
                "-x",
                language,
                "-I.",
                "-Istub",
                &src,
                "-c",
                "-o",
                "example.o",
            ];
            run(
                home.path(),
                compiler,
                &[&compile[..], &STRICT, &[example]].concat(),
            );
            let link = [caller_file, "example.o", "my_net_v2.o", "-o", "program"];
            run(home.path(), compiler, &link);
            let printed = run(home.path(), &at("program"), &[]);
            check(&printed, &chosen, &what);
        }
    }
}

/// Compilers of chips, each with what it needs to compile a net and an example.
const CHIPS: [(&str, &str, &[&str]); 4] = [
    (
        "arm-none-eabi-gcc",
        "arm-none-eabi-g++",
        &["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard"],
    ),
    (
        "arm-none-eabi-gcc",
        "arm-none-eabi-g++",
        &["-mcpu=cortex-m0", "-mthumb"],
    ),
    (
        "riscv64-unknown-elf-gcc",
        "",
        &["-march=rv32imac", "-mabi=ilp32", "-ffreestanding"],
    ),
    ("avr-gcc", "avr-g++", &["-mmcu=atmega328p"]),
];

#[test]
fn examples_compile_for_chips() {
    for (c_compiler, cpp_compiler, flags) in CHIPS {
        if !has(c_compiler) {
            continue;
        }
        for chosen in chosen() {
            for is_int8 in [false, true] {
                // What C++ and what C there is.
                for kind in [PackageKind::Arduino, PackageKind::Cmsis] {
                    let home = written(&chosen, kind, is_int8);
                    let src = format!("-I{}", home.path().join("src").display());
                    let stub = home.path().join("stub");
                    std::fs::create_dir_all(&stub).unwrap();
                    std::fs::write(stub.join("Arduino.h"), ARDUINO_H).unwrap();
                    // Bare compilers may have no library: declarations are enough to compile.
                    if flags.contains(&"-ffreestanding") {
                        std::fs::write(stub.join("stdio.h"), "int printf(const char *, ...);\n")
                            .unwrap();
                        let string = "#include <stddef.h>\nvoid *memcpy(void *, const void *, size_t);\nvoid *memset(void *, int, size_t);\nint memcmp(const void *, const void *, size_t);\n";
                        std::fs::write(stub.join("string.h"), string).unwrap();
                    }
                    let common = ["-Os", "-Wall", "-Wextra", "-Werror", "-Istub", &src, "-c"];
                    let net = [&["-std=gnu99"][..], flags, &common, &["src/my_net_v2.c"]].concat();
                    run(home.path(), c_compiler, &net);
                    let arduino = kind == PackageKind::Arduino;
                    if arduino && !cpp_compiler.is_empty() && has(cpp_compiler) {
                        let line = [
                            &["-x", "c++"][..],
                            flags,
                            &common,
                            &["examples/stream/stream.ino"],
                        ]
                        .concat();
                        run(home.path(), cpp_compiler, &line);
                    } else if !arduino {
                        let line = [flags, &common, &["examples/stream/main.c"]].concat();
                        run(home.path(), c_compiler, &line);
                    }
                    assert!(home.path().join("my_net_v2.o").exists(), "{}", chosen.0);
                }
            }
        }
    }
}

/// What Zephyr and ESP-IDF give to their modules and components.
const ZEPHYR_STUB: &str = "cmake_minimum_required(VERSION 3.13)
project(stub C)
set(CONFIG_MY_NET_V2 y)
macro(zephyr_include_directories)
  include_directories(zephyr/${ARGV})
endmacro()
macro(zephyr_library)
  set(library_of_module my_net)
endmacro()
macro(zephyr_library_sources)
  add_library(${library_of_module} STATIC ${ARGV})
endmacro()
add_subdirectory(zephyr)
add_executable(stream examples/stream/src/main.c)
target_include_directories(stream PRIVATE stub src)
target_link_libraries(stream PRIVATE my_net)
";
const IDF_STUB: &str = "cmake_minimum_required(VERSION 3.13)
project(stub C)
function(idf_component_register)
  cmake_parse_arguments(of \"\" \"\" \"SRCS;INCLUDE_DIRS;REQUIRES\" ${ARGN})
  get_filename_component(name ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  add_library(${name} STATIC ${of_SRCS})
  target_include_directories(${name} PUBLIC ${of_INCLUDE_DIRS})
  target_link_libraries(${name} PUBLIC ${of_REQUIRES})
endfunction()
add_subdirectory(my_net_v2)
add_subdirectory(my_net_v2/examples/stream/main)
add_executable(stream caller.c)
target_link_libraries(stream PRIVATE main)
";

#[test]
fn folders_build_as_cmake_and_its_like_say() {
    if !has("gcc") || !has("cmake") {
        return;
    }
    let net = chosen().remove(0);
    for kind in [PackageKind::Cmake, PackageKind::Zephyr, PackageKind::EspIdf] {
        let home = written(&net, kind, true);
        let stub = TempDir::new().unwrap();
        let top = match kind {
            PackageKind::Zephyr => {
                std::fs::write(home.path().join("CMakeLists.txt"), ZEPHYR_STUB).unwrap();
                std::fs::create_dir_all(home.path().join("stub/zephyr")).unwrap();
                let kernel = "#include <stdio.h>\n#define printk printf\n";
                std::fs::write(home.path().join("stub/zephyr/kernel.h"), kernel).unwrap();
                home.path()
            }
            PackageKind::EspIdf => {
                let caller = "void app_main(void); int main(void) { app_main(); return 0; }\n";
                std::fs::write(stub.path().join("caller.c"), caller).unwrap();
                std::fs::write(stub.path().join("CMakeLists.txt"), IDF_STUB).unwrap();
                let line = ["-r", &*home.path().display().to_string(), "my_net_v2"];
                run(stub.path(), "cp", &line);
                stub.path()
            }
            _ => home.path(),
        };
        run(top, "cmake", &["-B", "build", "-S", "."]);
        run(top, "cmake", &["--build", "build"]);
        let program = top.join("build/stream").display().to_string();
        check(
            &run(top, &program, &[]),
            &net,
            &format!("{}, {kind:?}", net.0),
        );
        if kind == PackageKind::Cmake {
            run(top, "ctest", &["--test-dir", "build"]);
        }
    }
}

#[test]
fn metadata_are_of_their_form() {
    let net = chosen().remove(0);
    let text = |kind: PackageKind, path: &str| {
        let home = written(&net, kind, false);
        std::fs::read_to_string(home.path().join(path)).unwrap()
    };
    let json: serde_json::Value =
        serde_json::from_str(&text(PackageKind::Platformio, "library.json")).unwrap();
    assert_eq!(json["name"], "my_net_v2");
    let properties = text(PackageKind::Arduino, "library.properties");
    let keys: Vec<&str> = properties
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, _)| key)
        .collect();
    // All that the Arduino library specification requires.
    for key in [
        "name",
        "version",
        "author",
        "maintainer",
        "sentence",
        "paragraph",
        "category",
        "url",
        "architectures",
    ] {
        assert!(keys.contains(&key), "{key}: {properties}");
    }
    let pack = text(PackageKind::Cmsis, "Elman.my_net_v2.pdsc");
    // Every element that is opened is closed; the declaration is none.
    let (closed, empty) = (pack.matches("</").count(), pack.matches("/>").count());
    assert_eq!(pack.matches('<').count(), 1 + 2 * closed + empty, "{pack}");
    assert!(text(PackageKind::Zephyr, "zephyr/module.yml").contains("kconfig: zephyr/Kconfig"));
    assert!(text(PackageKind::EspIdf, "idf_component.yml").starts_with("version: "));
}
