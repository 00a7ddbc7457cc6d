//! Words: which of an agent's a task's description contains.

use std::collections::BTreeSet;

use convoke_events::{AgentProfile, Capability, FoundWord, Keyword, Matched, Strategy};

/// Words that speak of a capability without naming it (§4).
const RELATED: [(&str, &[&str]); 4] = [
    ("code", &["function", "class", "bug", "fix", "implement"]),
    ("write", &["document", "draft", "content", "article"]),
    ("analyze", &["data", "report", "metric", "insight"]),
    ("security", &["vulnerability", "threat", "audit", "scan"]),
];

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
    fn capabilities(&self) -> impl Iterator<Item = Keyword> {
        self.capabilities.iter().map(|capability| word(capability.as_str()))
    }

    fn related(&self) -> impl Iterator<Item = Keyword> {
        let related = self.capabilities.iter().filter_map(|capability| {
            let capability = capability.as_str().to_lowercase();
            RELATED.iter().find(|(name, _)| *name == capability)
        });
        related.flat_map(|(_, words)| *words).map(|one| word(one))
    }

    /// Which of these words were found, as the strategy counts finding.
    pub(super) fn matched(&self, found: &BTreeSet<FoundWord>, strategy: Strategy) -> Matched {
        let is_found = |word: &Keyword| {
            let at = |whole| found.contains(&FoundWord { word: word.clone(), whole });
            at(true) || (strategy == Strategy::Classic && at(false))
        };
        Matched {
            keywords: self.keywords.iter().filter(|one| is_found(one)).cloned().collect(),
            capabilities: self.capabilities().filter(is_found).collect(),
            related: self.related().filter(is_found).collect(),
        }
    }
}

/// Finds every word of these agents that a description contains, lower-cased on both sides, in
/// order.
pub(super) fn found_in<'a>(
    description: &str,
    vocabularies: impl IntoIterator<Item = Vocabulary<'a>>,
) -> BTreeSet<FoundWord> {
    let text = description.to_lowercase();
    let words: BTreeSet<Keyword> = vocabularies
        .into_iter()
        .flat_map(|one| {
            one.keywords
                .iter()
                .cloned()
                .chain(one.capabilities())
                .chain(one.related())
                .collect::<Vec<_>>()
        })
        .collect();
    let found = words.into_iter().filter_map(|word| {
        let whole = find(&text, &word.as_str().to_lowercase())?;
        Some(FoundWord { word, whole })
    });
    found.collect()
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
        vocabulary.matched(&found_in(text, [vocabulary]), strategy)
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
        let words = found_in("Fix the bug in this class", [nobody]);
        assert_eq!(nobody.matched(&words, Strategy::Classic), Matched::default());
    }
}
