//! Error classes: what two reports of the same error have in common.

use convoke_events::{Digest, Key};

/// The class of an error, for people, and what tells it from others.
///
/// What changes from one time to the next is left out: quoted pieces, anything with a digit in it
/// (numbers, ids, addresses, dates, line numbers), paths, and case. What is left, in order, is the
/// error. Where nothing is left the class is `error`.
pub(super) fn of(message: &str) -> (Key, Digest) {
    let kept = normalised(message);
    let class = Key::canonical(&kept).or_else(|| Key::new("error").ok());
    let class = class.unwrap_or_else(|| unreachable!("`error` is a slug"));
    (class, Digest::of(kept.as_bytes()))
}

fn normalised(message: &str) -> String {
    let unquoted = without_quotes(message);
    let words = unquoted.split(|c: char| c.is_whitespace() || ",;()[]{}<>=".contains(c));
    let words = words.map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/'));
    let kept = words.filter(|word| {
        !word.is_empty() && !word.chars().any(char::is_numeric) && !word.contains(['/', '\\', '@'])
    });
    kept.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// The message without what stands between two quotes of a kind. An apostrophe inside a word is
/// none.
fn without_quotes(message: &str) -> String {
    let mut kept = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(['"', '`', '\'']) {
        let (before, quoted) = rest.split_at(at);
        let mut inner = quoted.chars();
        let quote = inner.next().unwrap_or_default();
        let inside = inner.as_str();
        let in_a_word = quote == '\'' && before.ends_with(char::is_alphanumeric);
        kept.push_str(before);
        kept.push(' ');
        let end = inside.find(quote).filter(|_| !in_a_word);
        let after = end.and_then(|end| inside.get(end.saturating_add(1)..));
        rest = after.unwrap_or(inside);
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(one: &str, other: &str, class: &str) {
        assert_eq!(of(one).0.as_str(), class);
        assert_eq!(of(one), of(other));
    }

    #[test]
    fn numbers_ids_paths_and_quotes_do_not_make_another_error() {
        same(
            "connection to 10.0.0.7:5432 refused after 3 tries",
            "Connection to 10.0.0.9:5432 refused after 12 tries",
            "connection-to-refused-after-tries",
        );
        same(
            "cannot open /srv/a/b.txt: No such file",
            "cannot open /srv/c.txt: no such file",
            "cannot-open-no-such-file",
        );
        same(
            "unknown column \"price\" in table 'orders'",
            "unknown column \"cost\" in table 'items'",
            "unknown-column-in-table",
        );
        same(
            "job 6f9619ff-8b86-d011-b42d-00cf4fc964ff failed",
            "job 7f9619ff-8b86-d011-b42d-00cf4fc964ff failed",
            "job-failed",
        );
    }

    #[test]
    fn other_words_make_another_error() {
        assert_ne!(of("connection refused").1, of("connection reset").1);
    }

    #[test]
    fn a_quote_that_never_ends_loses_nothing_after_it() {
        assert_eq!(of("can't open `it").0.as_str(), "can-t-open-it");
    }

    #[test]
    fn an_error_of_numbers_only_has_a_class() {
        assert_eq!(of("404").0.as_str(), "error");
    }
}
