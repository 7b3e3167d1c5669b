//! The picture of the source: which file names which. No two files name each other, not even through others, and the wings
//! of elman-cli name only those below them.
//!
//! The files are read as text, without a compiler. A file names another where a `use` or a path in its code leads there;
//! what a folder's `mod.rs` passes on with `pub use` leads to the file that it comes from. Tests do not count.
//!
//! `ELMAN_HOUSE=some/src cargo test -p elman-cli --test house -- --ignored --nocapture` prints the circles of any crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The wings of elman-cli, from above to below: a file names files of its own wing and of those below, without exception.
const WINGS: [&str; 8] = [
    "command", "exchange", "args", "task", "train", "net", "data", "base",
];

/// What stands above the wings.
const ROOF: [&str; 3] = ["hostile.rs", "lib.rs", "main.rs"];

/// Circles that elman-cli still has; none may grow.
const CLI_CIRCLES: &[&[&str]] = &[
    &["task/classify/args.rs", "task/classify/task.rs"],
    &[
        "task/classify/classifier.rs",
        "task/echo/listener.rs",
        "task/forecast/forecaster.rs",
        "task/forecast/predict.rs",
        "task/label/labeller.rs",
        "task/text/args.rs",
        "task/text/generate.rs",
        "task/text/task.rs",
        "task/text/writer.rs",
        "task/trained.rs",
        "task/values.rs",
    ],
    &["task/echo/args.rs", "task/echo/task.rs"],
    &["task/forecast/args.rs", "task/forecast/task.rs"],
    &["task/label/args.rs", "task/label/task.rs"],
    &["train/doctor/advice.rs", "train/doctor/mod.rs"],
    &[
        "train/report/matrix.rs",
        "train/report/mod.rs",
        "train/report/tables.rs",
        "train/task.rs",
    ],
];

/// The same of elman-core.
const CORE_CIRCLES: &[&[&str]] = &[
    &["cell/elman.rs", "cell/mod.rs"],
    &["recurrence.rs", "recurrence/dropout.rs"],
    &["spec.rs", "spec/input.rs", "spec/layer.rs"],
];

#[test]
fn no_circles_in_the_command() {
    assert_eq!(new_circles("elman-cli", CLI_CIRCLES), [""; 0]);
}

#[test]
fn no_circles_in_core() {
    assert_eq!(new_circles("elman-core", CORE_CIRCLES), [""; 0]);
}

/// The circles with a file that no known one holds.
fn new_circles(package: &str, known: &[&[&str]]) -> Vec<String> {
    let is_known = |circle: &[String]| {
        let holds = |known: &&[&str]| circle.iter().all(|file| known.contains(&file.as_str()));
        known.iter().any(holds)
    };
    let found = circles(&source(package)).into_iter();
    found
        .filter(|circle| !is_known(circle))
        .map(|circle| circle.join(" <-> "))
        .collect()
}

#[test]
fn the_top_level_holds_only_wings() {
    let entries = fs::read_dir(source("elman-cli")).unwrap();
    let found: BTreeSet<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let planned = WINGS.iter().chain(&ROOF).map(ToString::to_string);
    assert_eq!(found, planned.collect());
}

#[test]
fn wings_look_down_only() {
    let height = |file: &str| {
        let wing = file.split('/').next().unwrap();
        let place = WINGS.iter().position(|&name| name == wing);
        place.map_or(WINGS.len(), |place| WINGS.len() - 1 - place)
    };
    let mut found = Vec::new();
    for (from, to) in graph(&source("elman-cli")).edges() {
        if height(&from) < height(&to) {
            found.push(format!("{from} -> {to}"));
        }
    }
    assert_eq!(found, [""; 0]);
}

#[test]
#[ignore = "prints the circles of the crate that ELMAN_HOUSE names"]
fn circles_of_another_crate() {
    let source = std::env::var_os("ELMAN_HOUSE").expect("ELMAN_HOUSE=path/to/src");
    let found = circles(Path::new(&source));
    let files: usize = found.iter().map(Vec::len).sum();
    println!("{} circles of {files} files", found.len());
    for circle in found {
        println!("{}: {}", circle.len(), circle.join(" "));
    }
}

#[test]
fn paths_lead_to_files() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("lib.rs", "mod a; mod b; mod c; // use crate::c;");
    put(
        "a.rs",
        "use crate::b::{self, One, child::{Two, Three as Four}}; fn f() { b::g('\"', r#\"crate::c\"#) }",
    );
    put("b/mod.rs", "mod child; pub use child::One; pub fn g() {}");
    put(
        "b/child.rs",
        "/* /* */ use crate::a; */ pub struct One; fn h() { crate::c::i() } #[cfg(test)] mod tests { use crate::a::f; }",
    );
    put("c.rs", "pub fn i() { super::a::f() }");
    let edge = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    assert_eq!(
        graph(folder.path()).edges(),
        [
            edge("a.rs", "b/child.rs"),
            edge("a.rs", "b/mod.rs"),
            edge("b/child.rs", "c.rs"),
            edge("c.rs", "a.rs")
        ]
    );
    assert_eq!(circles(folder.path()), [["a.rs", "b/child.rs", "c.rs"]]);
}

fn source(package: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    workspace.join(package).join("src")
}

/// The files of a crate that name each other in a circle: a list per strongly connected part of its graph.
fn circles(source: &Path) -> Vec<Vec<String>> {
    let reach = graph(source).reach();
    let mutual = |a: &String, b: &String| reach[a].contains(b) && reach[b].contains(a);
    let mut found: Vec<Vec<String>> = Vec::new();
    for file in reach.keys() {
        if found.iter().flatten().any(|other| other == file) {
            continue;
        }
        let circle: Vec<String> = reach.keys().filter(|b| mutual(file, b)).cloned().collect();
        if circle.len() > 1 {
            found.push(circle);
        }
    }
    found
}

/// Which file names which.
struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    fn edges(&self) -> Vec<(String, String)> {
        let pairs = |(from, to): (&String, &BTreeSet<String>)| {
            let from = from.clone();
            let to = to.clone().into_iter();
            to.map(move |to| (from.clone(), to)).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(pairs).collect()
    }

    /// All that a file can get to.
    fn reach(&self) -> BTreeMap<String, BTreeSet<String>> {
        let from = |file: &String| {
            let mut seen = BTreeSet::new();
            let mut open = vec![file];
            while let Some(next) = open.pop() {
                for to in self.0.get(next).into_iter().flatten() {
                    if seen.insert(to.clone()) {
                        open.push(to);
                    }
                }
            }
            (file.clone(), seen)
        };
        self.0.keys().map(from).collect()
    }
}

fn graph(source: &Path) -> Graph {
    let house = House::read(source);
    let mut edges = BTreeMap::new();
    for (file, names) in &house.files {
        let to: &mut BTreeSet<String> = edges.entry(file.clone()).or_default();
        for name in names {
            to.extend(house.file_of(name).filter(|to| to != file));
        }
    }
    Graph(edges)
}

/// Names of modules from the root of the crate on.
type ModulePath = Vec<String>;

/// A path as it stands in the code of a module.
struct Name {
    module: ModulePath,
    path: Vec<String>,
    /// Brought in by `use`: if it is a module, only what is said of it there counts.
    import: bool,
}

/// A crate as text.
#[derive(Default)]
struct House {
    /// What each file names.
    files: BTreeMap<String, Vec<Name>>,
    /// The file of each module.
    modules: BTreeMap<ModulePath, String>,
    /// What `use` brings into a module, by the name it has there.
    imports: BTreeMap<(ModulePath, String), Vec<String>>,
    /// Modules that only tests have.
    tests: BTreeSet<ModulePath>,
}

impl House {
    fn read(source: &Path) -> Self {
        let mut house = Self::default();
        let mut paths = Vec::new();
        list(source, &mut paths);
        for path in &paths {
            let file = path.strip_prefix(source).unwrap();
            let mut module: ModulePath = file
                .with_extension("")
                .iter()
                .map(|part| part.to_str().unwrap().to_owned())
                .collect();
            if matches!(module.last().unwrap().as_str(), "lib" | "main" | "mod") {
                module.pop();
            }
            let file = file.to_str().unwrap().replace('\\', "/");
            if !file.ends_with("main.rs") {
                house.modules.insert(module.clone(), file.clone());
            }
            let tokens = tokens(&fs::read_to_string(path).unwrap());
            let mut reader = Reader {
                tokens: &tokens,
                at: 0,
                module,
                file,
                house: &mut house,
            };
            reader.items();
        }
        let Self { tests, modules, .. } = &house;
        let of_tests = |module: &ModulePath| {
            let name = module.last().is_some_and(|name| name == "tests");
            name || tests.iter().any(|test| module.starts_with(test))
        };
        let ignored: BTreeSet<String> = modules
            .iter()
            .filter(|&(module, _)| of_tests(module))
            .map(|(_, file)| file.clone())
            .collect();
        house.files.retain(|file, _| !ignored.contains(file));
        house.modules.retain(|_, file| !ignored.contains(file));
        house
    }

    /// The file that a name leads to, if it lies in the crate.
    fn file_of(&self, name: &Name) -> Option<String> {
        let (module, item) = self.resolve(&name.module, &name.path, name.import, 0)?;
        match (name.import, item) {
            (true, false) => None,
            _ => self.modules.get(&module).cloned(),
        }
    }

    /// The module that a path of another leads to, and whether it goes on to something in it.
    fn resolve(
        &self,
        from: &ModulePath,
        path: &[String],
        import: bool,
        depth: usize,
    ) -> Option<(ModulePath, bool)> {
        let (first, rest) = path.split_first()?;
        if depth > 20 {
            return None;
        }
        let mut module = from.clone();
        match first.as_str() {
            "crate" => self.descend(Vec::new(), rest, depth),
            "self" => self.descend(module, rest, depth),
            "super" => {
                module.pop()?;
                match rest.first().map(String::as_str) {
                    Some("super") => self.resolve(&module, rest, import, depth + 1),
                    _ => self.descend(module, rest, depth),
                }
            }
            child => {
                module.push(child.to_owned());
                if self.modules.contains_key(&module) {
                    return self.descend(module, rest, depth);
                }
                // `use json::x` is about another crate, whatever else is called so here.
                let imported = self.imports.get(&(from.clone(), child.to_owned()))?;
                if import && imported == path {
                    return None;
                }
                let path: Vec<String> = imported.iter().chain(rest).cloned().collect();
                self.resolve(from, &path, true, depth + 1)
            }
        }
    }

    /// The same from a module down.
    fn descend(
        &self,
        mut module: ModulePath,
        path: &[String],
        depth: usize,
    ) -> Option<(ModulePath, bool)> {
        for (i, name) in path.iter().enumerate() {
            let mut child = module.clone();
            child.push(name.clone());
            if self.modules.contains_key(&child) {
                module = child;
                continue;
            }
            if let Some(imported) = self.imports.get(&(module.clone(), name.clone())) {
                let path: Vec<String> = imported.iter().chain(&path[i + 1..]).cloned().collect();
                return self.resolve(&module, &path, true, depth + 1);
            }
            return Some((module, true));
        }
        Some((module, false))
    }
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Goes through the words of a file.
struct Reader<'a> {
    tokens: &'a [String],
    at: usize,
    module: ModulePath,
    file: String,
    house: &'a mut House,
}

impl Reader<'_> {
    fn token(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", String::as_str)
    }

    fn is(&self, expected: &[&str]) -> bool {
        let there = self.tokens.get(self.at..).unwrap_or(&[]);
        there.len() >= expected.len() && there.iter().zip(expected).all(|(a, b)| a == b)
    }

    /// Up to the brace that closes the block, or to the end.
    fn items(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.tokens.len() {
            match self.token(0) {
                "#" if self.is(&["#", "[", "cfg", "(", "test", ")"])
                    || self.is(&["#", "[", "cfg", "(", "all", "(", "test"]) =>
                {
                    self.skip_item();
                }
                "mod" if self.token(2) == "{" => {
                    let name = self.token(1).to_owned();
                    self.module.push(name);
                    let inner = (self.module.clone(), self.file.clone());
                    self.house.modules.insert(inner.0, inner.1);
                    self.at += 3;
                    self.items();
                    self.module.pop();
                }
                "pub" if self.token(1) == "(" => {
                    self.at += 1;
                    self.skip_group();
                    if self.token(0) == "use" {
                        self.import(true);
                    }
                }
                "pub" if self.token(1) == "use" => {
                    self.at += 1;
                    self.import(true);
                }
                "use" => self.import(false),
                "{" => {
                    depth += 1;
                    self.at += 1;
                }
                "}" if depth == 0 => {
                    self.at += 1;
                    return;
                }
                "}" => {
                    depth -= 1;
                    self.at += 1;
                }
                _ if self.token(1) == "::" && is_word(self.token(0)) => self.path(),
                _ => self.at += 1,
            }
        }
    }

    /// Past `(…)`, `[…]` or `{…}`.
    fn skip_group(&mut self) {
        let mut depth = 0;
        while self.at < self.tokens.len() {
            match self.token(0) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// Past what only tests have.
    fn skip_item(&mut self) {
        while self.token(0) == "#" {
            self.at += 1;
            self.skip_group();
        }
        while self.at < self.tokens.len() {
            match self.token(0) {
                "mod" if self.token(2) == ";" => {
                    let mut module = self.module.clone();
                    module.push(self.token(1).to_owned());
                    self.house.tests.insert(module);
                    self.at += 1;
                }
                ";" | "," => {
                    self.at += 1;
                    return;
                }
                "{" => return self.skip_group(),
                "(" | "[" => self.skip_group(),
                _ => self.at += 1,
            }
        }
    }

    /// `use a::{b, c as d};`, passed on to others or not.
    fn import(&mut self, passed_on: bool) {
        self.at += 1;
        if self.token(0) == "::" {
            self.at += 1;
        }
        self.tree(Vec::new(), passed_on);
    }

    fn tree(&mut self, mut path: Vec<String>, passed_on: bool) {
        loop {
            match self.token(0) {
                "{" => {
                    self.at += 1;
                    while !matches!(self.token(0), "}" | "") {
                        self.tree(path.clone(), passed_on);
                        if self.token(0) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "::" => self.at += 1,
                "*" => {
                    self.at += 1;
                    path.push("*".to_owned());
                    return self.imported(path, None, passed_on);
                }
                "as" => {
                    let name = self.token(1).to_owned();
                    self.at += 2;
                    return self.imported(path, Some(name), passed_on);
                }
                word if is_word(word) => {
                    if word != "self" || path.is_empty() {
                        path.push(word.to_owned());
                    }
                    self.at += 1;
                }
                _ => return self.imported(path, None, passed_on),
            }
        }
    }

    fn imported(&mut self, path: Vec<String>, name: Option<String>, passed_on: bool) {
        let module = self.module.clone();
        let Some(name) = name.or_else(|| path.last().cloned()) else {
            return;
        };
        let key = (module.clone(), name);
        self.house.imports.insert(key, path.clone());
        if !passed_on {
            self.name(path, true);
        }
    }

    /// `a::b::c` in the code.
    fn path(&mut self) {
        let mut path = Vec::new();
        while is_word(self.token(0)) {
            path.push(self.token(0).to_owned());
            self.at += 1;
            if self.token(0) != "::" {
                break;
            }
            self.at += 1;
        }
        self.name(path, false);
    }

    fn name(&mut self, path: Vec<String>, import: bool) {
        let module = self.module.clone();
        let names = self.house.files.entry(self.file.clone()).or_default();
        names.push(Name {
            module,
            path,
            import,
        });
    }
}

fn is_word(token: &str) -> bool {
    let first = token.chars().next();
    first.is_some_and(|first| first == '_' || first.is_alphabetic())
}

/// Words, `::` and signs; without comments and without what stands in quotes.
fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment_len(rest)
        } else if let Some(len) = quoted_len(rest) {
            len
        } else if first == '_' || first.is_alphanumeric() {
            let end = |c: char| c != '_' && !c.is_alphanumeric();
            let len = rest.find(end).unwrap_or(rest.len());
            found.push(rest[..len].to_owned());
            len
        } else if rest.starts_with("::") {
            found.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                found.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[len..];
    }
    found
}

fn comment_len(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of the string or character that the text begins with.
fn quoted_len(text: &str) -> Option<usize> {
    let plain = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - plain.len();
    if prefix <= 1 && plain.starts_with('r') {
        let marks = plain[1..].chars().take_while(|&c| c == '#').count();
        if plain[1 + marks..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(marks));
            let start = marks + 2;
            let len = plain[start..]
                .find(&end)
                .map_or(plain.len(), |len| start + len + end.len());
            return Some(prefix + len);
        }
    }
    if prefix <= 1 && plain.starts_with('"') {
        return Some(prefix + escaped_len(plain, '"'));
    }
    let mut after = plain.strip_prefix('\'')?.chars();
    // A lifetime is no character: 'a and 'static have no quote behind the first letter.
    let (first, second) = (after.next()?, after.next()?);
    (prefix <= 1 && (first == '\\' || second == '\'')).then(|| prefix + escaped_len(plain, '\''))
}

fn escaped_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}
