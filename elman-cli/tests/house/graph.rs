//! Which file of a crate names which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::reader::{House, ModulePath, Name, Reader};
use crate::tokens::tokens;

/// The files of a crate that name each other in a circle: a list per strongly connected part of its graph.
pub fn circles(source: &Path) -> Vec<Vec<String>> {
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
pub struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    /// Pairs of files: the first names the second.
    pub fn edges(&self) -> Vec<(String, String)> {
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

/// Of the crate whose root lies in this folder.
pub fn graph(source: &Path) -> Graph {
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
            Reader::new(&tokens, module, file, &mut house).items();
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
        let is_module = name.import && !item;
        let is_of_child = name.passed_on && module.starts_with(&name.module);
        let file = self.modules.get(&module).cloned();
        file.filter(|_| !is_module && !is_of_child)
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
