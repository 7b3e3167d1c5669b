//! What a file names: its `use` trees and the paths in its code.

use std::collections::{BTreeMap, BTreeSet};

use crate::tokens::is_word;

/// Names of modules from the root of the crate on.
pub type ModulePath = Vec<String>;

/// A path as it stands in the code of a module.
pub struct Name {
    pub module: ModulePath,
    pub path: Vec<String>,
    /// Brought in by `use`: if it is a module, only what is said of it there counts.
    pub import: bool,
    /// By `pub use`: what a module passes on of its children is theirs.
    pub passed_on: bool,
}

/// A crate as text.
#[derive(Default)]
pub struct House {
    /// What each file names.
    pub files: BTreeMap<String, Vec<Name>>,
    /// The file of each module.
    pub modules: BTreeMap<ModulePath, String>,
    /// What `use` brings into a module, by the name it has there.
    pub imports: BTreeMap<(ModulePath, String), Vec<String>>,
    /// Modules that only tests have.
    pub tests: BTreeSet<ModulePath>,
}

/// Goes through the words of a file.
pub struct Reader<'a> {
    tokens: &'a [String],
    at: usize,
    module: ModulePath,
    file: String,
    house: &'a mut House,
}

impl<'a> Reader<'a> {
    /// At the first word of the file that holds this module.
    pub const fn new(
        tokens: &'a [String],
        module: ModulePath,
        file: String,
        house: &'a mut House,
    ) -> Self {
        Self {
            tokens,
            at: 0,
            module,
            file,
            house,
        }
    }

    fn token(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", String::as_str)
    }

    fn is(&self, expected: &[&str]) -> bool {
        let there = self.tokens.get(self.at..).unwrap_or(&[]);
        there.len() >= expected.len() && there.iter().zip(expected).all(|(a, b)| a == b)
    }

    /// Up to the brace that closes the block, or to the end.
    pub fn items(&mut self) {
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
                    let (module, file) = (self.module.clone(), self.file.clone());
                    self.house.modules.insert(module, file);
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
        self.name(path, true, passed_on);
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
        self.name(path, false, false);
    }

    fn name(&mut self, path: Vec<String>, import: bool, passed_on: bool) {
        let module = self.module.clone();
        let names = self.house.files.entry(self.file.clone()).or_default();
        names.push(Name {
            module,
            path,
            import,
            passed_on,
        });
    }
}
