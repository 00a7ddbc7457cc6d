//! Whole words, found in any case and whatever stands between them.

/// One word or several in a row, as written and as looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phrase {
    written: String,
    plain: String,
}

impl Phrase {
    /// Takes the words; nothing if there is no letter and no digit among them.
    pub(super) fn new(written: &str) -> Option<Self> {
        let plain = plain(written);
        (plain != " ").then(|| Self { written: written.to_owned(), plain })
    }

    pub(super) fn as_written(&self) -> &str {
        &self.written
    }

    /// Whether it stands in a text that [`plain`] made.
    pub(super) fn stands_in(&self, plain: &str) -> bool {
        plain.contains(&self.plain)
    }
}

/// The text's words in lower case, each between single spaces, so that a search for a phrase in
/// the same form can only meet whole words.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::from(" ");
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        plain.extend(word.chars().flat_map(char::to_lowercase));
        plain.push(' ');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(phrase: &str, text: &str) -> bool {
        Phrase::new(phrase).unwrap().stands_in(&plain(text))
    }

    #[test]
    fn a_word_is_found_in_any_case_and_at_any_edge() {
        for text in ["crash", "It CRASHed: Crash!", "(crash)", "on_crash", "a\ncrash\nb", "«Crash»"]
        {
            assert!(found("crash", text), "{text}");
        }
        assert!(found("Ärger", "nur ÄRGER damit"));
    }

    #[test]
    fn a_part_of_a_word_is_not_found() {
        for text in ["crashes", "uncrash", "crash2", "ecrash", ""] {
            assert!(!found("crash", text), "{text}");
        }
    }

    #[test]
    fn several_words_are_found_in_a_row_only() {
        assert!(found("data loss", "Data  loss?"));
        assert!(found("data loss", "the data-\nloss of May"));
        assert!(found("data-loss", "data loss"));
        assert!(!found("data loss", "loss of data"));
        assert!(!found("data loss", "data was loss"));
        assert!(!found("data loss", "metadata loss"));
    }

    #[test]
    fn nothing_but_signs_is_no_phrase() {
        assert_eq!(Phrase::new(" – …"), None);
    }
}
