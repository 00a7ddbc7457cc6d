//! Words: which of an agent's a task's description contains.

use std::collections::BTreeMap;

use convoke_events::{AgentProfile, Capability, Keyword, Matched, Strategy};

/// Words that speak of a capability without naming it (§4).
const RELATED: [(&str, &[&str]); 4] = [
    ("code", &["function", "class", "bug", "fix", "implement"]),
    ("write", &["document", "draft", "content", "article"]),
    ("analyze", &["data", "report", "metric", "insight"]),
    ("security", &["vulnerability", "threat", "audit", "scan"]),
];

/// The words found in a description, and of each whether it stands there as a whole word.
pub(super) type Found = BTreeMap<Keyword, bool>;

/// The words by which an agent is matched, each in its own spelling.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vocabulary<'a> {
    /// Words that mark its field.
    pub(super) keywords: &'a [Keyword],
    /// What it can do.
    pub(super) capabilities: &'a [Capability],
}

impl<'a> From<&'a AgentProfile> for Vocabulary<'a> {
    fn from(profile: &'a AgentProfile) -> Self {
        Self { keywords: &profile.keywords, capabilities: &profile.capabilities }
    }
}

impl Vocabulary<'_> {
    fn related(&self) -> impl Iterator<Item = &'static str> {
        let related = self.capabilities.iter().filter_map(|capability| {
            RELATED.iter().find(|(name, _)| capability.as_str().eq_ignore_ascii_case(name))
        });
        related.flat_map(|(_, words)| *words).copied()
    }

    /// All of them, a word as often as it speaks of the agent.
    fn words(&self) -> impl Iterator<Item = Keyword> {
        let capabilities = self.capabilities.iter().map(|capability| word(capability.as_str()));
        self.keywords.iter().cloned().chain(capabilities).chain(self.related().map(word))
    }

    /// Which of these words were found, as the strategy counts finding.
    pub(super) fn matched(&self, found: &Found, strategy: Strategy) -> Matched {
        let find = |word: &str| {
            let (word, whole) = found.get_key_value(word)?;
            (*whole || strategy == Strategy::Classic).then(|| word.clone())
        };
        let capabilities = self.capabilities.iter().map(Capability::as_str);
        Matched {
            keywords: self.keywords.iter().filter_map(|word| find(word.as_str())).collect(),
            capabilities: capabilities.filter_map(find).collect(),
            related: self.related().filter_map(find).collect(),
        }
    }
}

/// The words of all agents of a hub, so that a description is searched for each only once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lexicon(BTreeMap<Keyword, Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    lower: Box<str>,
    /// How often it speaks of an agent.
    uses: usize,
}

impl Lexicon {
    pub(super) fn add(&mut self, vocabulary: Vocabulary<'_>) {
        for word in vocabulary.words() {
            let lower = || word.as_str().to_lowercase().into();
            match self.0.get_mut(word.as_str()) {
                Some(entry) => entry.uses = entry.uses.saturating_add(1),
                None => drop(self.0.insert(word.clone(), Entry { lower: lower(), uses: 1 })),
            }
        }
    }

    pub(super) fn remove(&mut self, vocabulary: Vocabulary<'_>) {
        for word in vocabulary.words() {
            if let Some(entry) = self.0.get_mut(word.as_str()) {
                entry.uses = entry.uses.saturating_sub(1);
                if entry.uses == 0 {
                    self.0.remove(word.as_str());
                }
            }
        }
    }

    /// Every word that a description contains, lower-cased on both sides.
    pub(super) fn found_in(&self, description: &str) -> Found {
        let text = description.to_lowercase();
        let found = self.0.iter();
        found.filter_map(|(word, entry)| Some((word.clone(), find(&text, &entry.lower)?))).collect()
    }
}

impl<'a> FromIterator<Vocabulary<'a>> for Lexicon {
    fn from_iter<I: IntoIterator<Item = Vocabulary<'a>>>(vocabularies: I) -> Self {
        let mut lexicon = Self::default();
        vocabularies.into_iter().for_each(|vocabulary| lexicon.add(vocabulary));
        lexicon
    }
}

/// Whether a text contains a word, and if it does, whether somewhere as a whole word.
fn find(text: &str, word: &str) -> Option<bool> {
    let mut found = None;
    for (at, _) in text.match_indices(word) {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after =
            text.get(at.saturating_add(word.len())..).and_then(|after| after.chars().next());
        if [before, after].into_iter().flatten().all(|beside| !beside.is_alphanumeric()) {
            return Some(true);
        }
        found = Some(false);
    }
    found
}

/// The text as a word: capabilities and our own related words are words of the same alphabet.
fn word(text: &str) -> Keyword {
    match Keyword::new(text) {
        Ok(word) => word,
        Err(error) => unreachable!("capabilities are words of the same alphabet: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use convoke_events::testkit::word;

    use super::*;

    fn forge() -> (Vec<Keyword>, Vec<Capability>) {
        (vec![word("API"), word("ci")], vec![word("Code"), word("debugging")])
    }

    fn matched(text: &str, strategy: Strategy) -> Matched {
        let (keywords, capabilities) = forge();
        let vocabulary = Vocabulary { keywords: &keywords, capabilities: &capabilities };
        vocabulary.matched(&Lexicon::from_iter([vocabulary]).found_in(text), strategy)
    }

    #[test]
    fn classic_finds_a_word_within_another_and_informed_does_not() {
        let text = "Apiary specification: decode";
        let classic = matched(text, Strategy::Classic);
        assert_eq!(classic.keywords, [word::<Keyword>("API"), word("ci")]);
        assert_eq!(classic.capabilities, [word::<Keyword>("Code")]);
        assert_eq!(matched(text, Strategy::Informed), Matched::default());
    }

    #[test]
    fn a_whole_word_counts_wherever_it_stands_and_in_any_case() {
        for text in ["apiary api", "the (API)!", "api", "über-api"] {
            let found = matched(text, Strategy::Informed).keywords;
            assert_eq!(found, [word::<Keyword>("API")], "{text}");
        }
    }

    #[test]
    fn words_related_to_a_capability_count_for_who_has_it() {
        let found = matched("Fix the bug in this class", Strategy::Informed);
        assert_eq!(found.related, ["class", "bug", "fix"].map(word::<Keyword>));
        let nobody = Vocabulary { keywords: &[], capabilities: &[] };
        let words = Lexicon::from_iter([nobody]).found_in("Fix the bug in this class");
        assert_eq!(nobody.matched(&words, Strategy::Classic), Matched::default());
    }

    #[test]
    fn a_word_is_looked_for_as_long_as_it_speaks_of_an_agent() {
        let (keywords, capabilities) = forge();
        let forge = Vocabulary { keywords: &keywords, capabilities: &capabilities };
        let other = Vocabulary { keywords: &keywords, capabilities: &[] };
        let mut lexicon = Lexicon::from_iter([forge, other]);
        lexicon.remove(forge);
        assert_eq!(lexicon, Lexicon::from_iter([other]));
        lexicon.remove(other);
        assert_eq!(lexicon, Lexicon::default());
    }
}
