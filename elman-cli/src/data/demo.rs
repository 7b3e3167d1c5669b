//! A small corpus of sentences with names of people, made from templates. Names, places and firms of the held-out
//! sentences do not occur in the training sentences, and everything capitalised looks alike, so only the
//! surroundings and the spelling tell who is a person.

use super::conll::Sentence;
use crate::base::seeds::{self, Purpose};

/// Slots: FIRST and LAST are parts of a name; PLACE, FIRM and DAY are capitalised too but name nobody;
/// THING and NUMBER add variety.
const TEMPLATES: [&str; 44] = [
    "FIRST LAST was born in PLACE .",
    "FIRST LAST moved from PLACE to PLACE in NUMBER .",
    "Yesterday FIRST bought a THING from FIRM .",
    "Have you seen the THING that FIRST repaired ?",
    "The THING belongs to FIRST LAST .",
    "My neighbour FIRST works for FIRM in PLACE .",
    "Dr. LAST will see you on DAY .",
    "Mrs. LAST teaches music in PLACE .",
    "Mr. LAST sold his THING to FIRM .",
    "On DAY FIRST LAST and FIRST LAST met in PLACE .",
    "FIRM opened a shop in PLACE on DAY .",
    "FIRM sold NUMBER of them last year .",
    "PLACE is a town of NUMBER people .",
    "The train to PLACE leaves on DAY at NUMBER .",
    "We took the train from PLACE to PLACE .",
    "On DAY it rained in PLACE .",
    "\" I lost my THING , \" said FIRST .",
    "\" Where is the THING ? \" asked FIRST LAST .",
    "FIRST asked LAST for a THING .",
    "A letter from FIRST LAST arrived on DAY .",
    "The prize went to FIRST LAST of PLACE .",
    "According to FIRST LAST , FIRM pays well .",
    "FIRM hired FIRST LAST as an engineer .",
    "FIRM and FIRM share a building in PLACE .",
    "The founder of FIRM , FIRST LAST , lives in PLACE .",
    "FIRST , FIRST and FIRST share a THING .",
    "Please call FIRST before DAY .",
    "Please call FIRM before DAY .",
    "Nobody in PLACE had heard of FIRST LAST .",
    "Nobody in PLACE had heard of FIRM .",
    "Together with FIRST , she wrote a book about PLACE .",
    "The museum in PLACE shows a THING by LAST .",
    "In NUMBER , LAST painted his first THING .",
    "In NUMBER , FIRM built its first THING .",
    "Every DAY FIRST walks to the river .",
    "Every DAY the market opens at NUMBER .",
    "This THING was made in PLACE .",
    "This THING was made by FIRST LAST in PLACE .",
    "Thank you , FIRST , for the THING .",
    "They named the bridge after FIRST LAST .",
    "The weather in PLACE was bad until DAY .",
    "FIRST married FIRST in PLACE .",
    "I wrote to FIRM twice and got no answer .",
    "I wrote to FIRST twice and got no answer .",
];

/// Fillers of a slot; the second list is kept for the held-out sentences.
struct Fillers {
    slot: &'static str,
    known: &'static [&'static str],
    unseen: &'static [&'static str],
}

const FILLERS: [Fillers; 7] = [
    Fillers {
        slot: "FIRST",
        known: &[
            "Ada", "Aino", "Amir", "Anouk", "Bela", "Carlos", "Chiara", "Daniel", "Elif", "Emeka",
            "Farah", "Greta", "Hana", "Hugo", "Ines", "Ivan", "Jonas", "Kofi", "Leila", "Lucia",
            "Marek", "Mei", "Nadia", "Noah", "Olga", "Pedro", "Priya", "Ravi", "Rosa", "Samuel",
            "Sofia", "Tomas", "Viola", "Yusuf", "Zoe",
        ],
        unseen: &[
            "Alma", "Bruno", "Celine", "Dmitri", "Esther", "Felix", "Gita", "Henrik", "Isla",
            "Jamal", "Katya", "Liam", "Milena", "Omar", "Petra", "Ruben", "Selma", "Thea",
        ],
    },
    Fillers {
        slot: "LAST",
        known: &[
            "Abara", "Andersen", "Bianchi", "Brandt", "Castillo", "Chen", "Costa", "Dubois",
            "Eriksen", "Fischer", "Garcia", "Haddad", "Horvat", "Ibrahim", "Jansen", "Kaya",
            "Keller", "Kumar", "Lindgren", "Martel", "Mensah", "Moreau", "Nakano", "Novak",
            "Okafor", "Olsen", "Pereira", "Petrov", "Rossi", "Sato", "Schmid", "Silva", "Tanaka",
            "Virtanen", "Weber",
        ],
        unseen: &[
            "Almeida", "Bauer", "Cohen", "Dahl", "Evans", "Ferrari", "Gomez", "Hansen", "Ivanov",
            "Jensen", "Kimura", "Larsen", "Mwangi", "Nilsen", "Osei", "Popov", "Romano",
            "Sorensen",
        ],
    },
    Fillers {
        slot: "PLACE",
        known: &[
            "Accra", "Bergen", "Bologna", "Cordoba", "Delft", "Essen", "Graz", "Izmir", "Kyoto",
            "Lima", "Lyon", "Nairobi", "Oulu", "Porto", "Quito", "Riga", "Sapporo", "Tunis",
            "Utrecht", "Vilnius",
        ],
        unseen: &[
            "Aarhus", "Bilbao", "Cusco", "Dakar", "Ghent", "Kazan", "Lagos", "Malmo", "Turin",
            "Zagreb",
        ],
    },
    Fillers {
        slot: "FIRM",
        known: &[
            "Alpwerk",
            "Bluefin",
            "Corvex",
            "Deltatron",
            "Ferrosol",
            "Glasmark",
            "Hydronic",
            "Kestrel",
            "Lumina",
            "Monsoon",
            "Norvik",
            "Opalix",
            "Quantora",
            "Rivertec",
        ],
        unseen: &[
            "Astralux",
            "Boreal",
            "Cindertec",
            "Everline",
            "Ionix",
            "Nimbus",
            "Solvaro",
        ],
    },
    Fillers {
        slot: "DAY",
        known: &[
            "Monday",
            "Tuesday",
            "Wednesday",
            "Thursday",
            "Friday",
            "Saturday",
            "Sunday",
        ],
        unseen: &[
            "Monday",
            "Tuesday",
            "Wednesday",
            "Thursday",
            "Friday",
            "Saturday",
            "Sunday",
        ],
    },
    Fillers {
        slot: "THING",
        known: &[
            "boat", "camera", "chair", "clock", "guitar", "kettle", "ladder", "lamp", "map",
            "painting", "piano", "radio", "tent", "umbrella", "violin", "watch",
        ],
        unseen: &[
            "bicycle", "drum", "kettle", "lamp", "mirror", "painting", "sledge", "watch",
        ],
    },
    Fillers {
        slot: "NUMBER",
        known: &[
            "7", "12", "40", "300", "1895", "1924", "1958", "1987", "2003", "2019",
        ],
        unseen: &[
            "9", "25", "80", "450", "1888", "1931", "1966", "1992", "2011", "2020",
        ],
    },
];

/// Sentences to learn from, sentences to choose the best epoch by, and sentences with names never seen before.
#[derive(Debug)]
pub struct DemoCorpus {
    pub train: Vec<Sentence>,
    pub valid: Vec<Sentence>,
    pub test: Vec<Sentence>,
}

/// How often each template is filled.
const TRAIN_ROUNDS: usize = 9;
const VALID_ROUNDS: usize = 1;
const TEST_ROUNDS: usize = 2;

impl DemoCorpus {
    /// The corpus of a seed.
    pub fn generate(seed: u64) -> Self {
        let mut rng = seeds::generator(seed, Purpose::Demo, &[]);
        let mut part = |rounds: usize, is_unseen: bool| {
            let templates = (0..rounds).flat_map(|_| TEMPLATES);
            let mut sentences: Vec<Sentence> = templates
                .map(|template| fill(template, is_unseen, &mut rng))
                .collect();
            seeds::shuffle(&mut rng, &mut sentences);
            sentences
        };
        Self {
            train: part(TRAIN_ROUNDS, false),
            valid: part(VALID_ROUNDS, false),
            test: part(TEST_ROUNDS, true),
        }
    }
}

fn fill(template: &str, is_unseen: bool, rng: &mut impl rand_core::Rng) -> Sentence {
    let mut sentence = Sentence {
        first_line: 1,
        ..Sentence::default()
    };
    let mut previous = "";
    for word in template.split(' ') {
        let fillers = FILLERS.iter().find(|fillers| fillers.slot == word);
        let token = fillers.map_or(word, |fillers| {
            let choice = if is_unseen {
                fillers.unseen
            } else {
                fillers.known
            };
            choice[seeds::below(rng, choice.len())]
        });
        let label = match (previous, word) {
            ("FIRST", "LAST") => "I-NAME",
            (_, "FIRST" | "LAST") => "B-NAME",
            _ => "O",
        };
        sentence.tokens.push(token.to_owned());
        sentence.labels.push(label.to_owned());
        previous = word;
    }
    sentence
}

/// The sentences as a CoNLL file.
pub fn to_conll(sentences: &[Sentence]) -> String {
    let mut text = String::new();
    for sentence in sentences {
        for (token, label) in sentence.tokens.iter().zip(&sentence.labels) {
            text.extend([token, "\t", label, "\n"]);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_test_part_are_new() {
        let corpus = DemoCorpus::generate(1);
        assert_eq!(
            (corpus.train.len(), corpus.valid.len(), corpus.test.len()),
            (396, 44, 88)
        );
        let names = |sentences: &[Sentence]| -> std::collections::HashSet<String> {
            let tokens = sentences
                .iter()
                .flat_map(|sentence| sentence.tokens.iter().zip(&sentence.labels));
            tokens
                .filter(|(_, label)| *label != "O")
                .map(|(token, _)| token.clone())
                .collect()
        };
        let (known, unseen) = (names(&corpus.train), names(&corpus.test));
        assert!(known.len() > 60 && unseen.len() > 25 && known.is_disjoint(&unseen));
    }

    #[test]
    fn slots_are_filled_and_labelled() {
        let mut rng = seeds::generator(1, Purpose::Demo, &[]);
        let sentence = fill("FIRST asked LAST LAST in PLACE .", false, &mut rng);
        assert_eq!(
            sentence.labels,
            ["B-NAME", "O", "B-NAME", "B-NAME", "O", "O", "O"]
        );
        assert!(
            !sentence
                .tokens
                .iter()
                .any(|token| FILLERS.iter().any(|fillers| fillers.slot == token))
        );
        let text = to_conll(&[sentence]);
        assert_eq!(text.lines().count(), 8);
    }
}
