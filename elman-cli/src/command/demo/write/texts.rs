//! Texts: a story of the grammar of `elman demo words`, and names.

use rand_core::Rng;

use super::super::grammar::clauses;
use crate::base::seeds;

/// Sentences in a line of the story.
const LINE: usize = 8;

/// So many sentences: "The girl eats the soup."
pub fn story(seed: u64, part: u64, count: usize) -> String {
    let sentences: Vec<String> = clauses(seed, part, count)
        .iter()
        .map(|words| sentence(words))
        .collect();
    sentences
        .chunks(LINE)
        .map(|line| line.join(" ") + "\n")
        .collect()
}

/// Lines that are as in the story, and the same words in an order that never is.
pub fn lines(seed: u64) -> String {
    let mut text = String::new();
    for mut words in clauses(seed, 12, 4) {
        text += &(sentence(&words) + "\n");
        words.reverse();
        text += &(sentence(&words) + "\n");
    }
    text
}

/// A noun, a verb and perhaps another noun.
fn sentence(words: &[&str]) -> String {
    let mut text = "The ".to_owned() + &words.join(" ");
    if let Some(at) = text.rfind(' ').filter(|_| words.len() > 2) {
        text.insert_str(at, " the");
    }
    text + "."
}

/// Stems and endings of surnames of a language.
const SURNAMES: [(&str, &str, &str); 4] = [
    (
        "danish",
        "Ander Jen Niel Peder Rasmu Lar Han Mad Knud Ol Svend Morten Thom Christian Frederik Jakob Mikkel Poul Iver Harald",
        "sen sgaard strup sholm sdal",
    ),
    (
        "italian",
        "Ross Bianc Ferr Ricc Mar Gall Cont Brun Mor Lomb Grec Pell Sant Vital Bell Cast Font Mont Rinald Barb",
        "i ini elli etti ucci aro one",
    ),
    (
        "japanese",
        "Yama Taka Naka Kawa Matsu Saka Toku Koba Hira Kita Suzu Miya Fuji Ishi Oka Ara Mori Hase Nishi Uchi",
        "da moto mura gawa no shita saki hara guchi",
    ),
    (
        "russian",
        "Ivan Petr Sidor Volk Smirn Kuzn Orl Medved Sokol Pavl Bogdan Gus Zaits Moroz Sobol Tikhon Yegor Roman Kisel Lebed",
        "ov ev in sky enko",
    ),
];

/// A hundred surnames of each language, as `text TAB class`.
pub fn surnames(rng: &mut impl Rng) -> String {
    let mut all = Vec::new();
    for (language, stems, endings) in SURNAMES {
        let mut names = joined(&[stems, endings]);
        seeds::shuffle(rng, &mut names);
        all.extend(
            names
                .into_iter()
                .take(100)
                .map(|name| format!("{name}\t{language}\n")),
        );
    }
    seeds::shuffle(rng, &mut all);
    all.concat()
}

/// Six hundred first names that might be, one per line.
pub fn first_names(rng: &mut impl Rng) -> String {
    let mut names = joined(&[
        "A Be Ca Da E Fi Ga Hi I Jo Ka Le Mi No O Pe Ro Sa Te U",
        "la ri na mo li da vi so",
        "na ra lo mir sa nor ta lin bert gard",
    ]);
    seeds::shuffle(rng, &mut names);
    names.truncate(600);
    names.join("\n") + "\n"
}

/// Every word of the first list before every one of the next, and so on.
fn joined(lists: &[&str]) -> Vec<String> {
    lists.iter().fold(vec![String::new()], |names, list| {
        let longer = |name: &String| {
            list.split(' ')
                .map(|part| name.clone() + part)
                .collect::<Vec<_>>()
        };
        names.iter().flat_map(longer).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::seeds::Purpose;

    #[test]
    fn sentences_have_articles() {
        assert_eq!(sentence(&["girl", "sleeps"]), "The girl sleeps.");
        assert_eq!(
            sentence(&["girl", "eats", "soup"]),
            "The girl eats the soup."
        );
    }

    #[test]
    fn every_name_is_there_once() {
        let rng = &mut seeds::generator(1, Purpose::Demo, &[]);
        for (text, count) in [(surnames(rng), 400), (first_names(rng), 600)] {
            let lines: std::collections::HashSet<&str> = text.lines().collect();
            assert_eq!((lines.len(), text.lines().count()), (count, count));
        }
    }
}
