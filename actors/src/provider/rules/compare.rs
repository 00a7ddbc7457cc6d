//! Looking for what was asked before: titles compared by the words they share.

use std::collections::BTreeSet;

use convoke_events::{Confidence, Key};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::settings::{SettingsError, key, shape, share};
use super::words::plain;

/// A whole, in millionths.
const WHOLE: u32 = 1_000_000;

/// The least length of a word that tells titles apart, in letters.
const LEAST: usize = 3;

/// When two titles are taken for the same, and what is said then and else.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Compare {
    at_least: Confidence,
    recommend: Key,
    otherwise: Key,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCompare {
    at_least: f64,
    recommend: String,
    otherwise: String,
}

impl Compare {
    pub(super) fn read(field: &str, written: Value) -> Result<Self, SettingsError> {
        let written: WrittenCompare =
            serde_json::from_value(written).map_err(|error| shape(field, &error))?;
        Ok(Self {
            at_least: share(format!("{field}.at_least"), written.at_least)?,
            recommend: key(format!("{field}.recommend"), written.recommend)?,
            otherwise: key(format!("{field}.otherwise"), written.otherwise)?,
        })
    }

    /// Whether one of the documents has a title like this; the first of those most like it is named.
    pub(super) fn answer<'a>(
        &self,
        title: &str,
        documents: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Answer {
        let words = words(title);
        let likeness = |(id, other)| (Likeness::of(&words, other), id, other);
        // `max_by_key` keeps the last of equals, and the first document is to win.
        let documents: Vec<_> = documents.map(likeness).collect();
        let nearest = documents.iter().rev().max_by_key(|(likeness, ..)| likeness.millionths());
        let share = nearest.map_or(0, |(likeness, ..)| likeness.millionths());
        if let Some((Likeness { common, all }, id, other)) =
            nearest.filter(|_| share >= self.at_least.millionths())
        {
            let body = format!("{common} of {all} words are those of {id}, `{other}`");
            let mut answer = answer(&self.recommend, body, share);
            answer.fields.insert("candidates".to_owned(), vec![*other].into());
            return answer;
        }
        let common = nearest.map_or(0, |(likeness, ..)| likeness.common);
        let count = documents.len();
        let body = format!("words in common with the nearest of {count} earlier titles: {common}");
        answer(&self.otherwise, body, WHOLE.saturating_sub(share))
    }
}

fn answer(key: &Key, body: String, millionths: u32) -> Answer {
    Answer {
        recommendation: key.clone(),
        body,
        confidence: Confidence::from_millionths(millionths).map(Confidence::share),
        assumptions: vec!["titles with the same words mean the same".to_owned()],
        sides: None,
        actions: Vec::new(),
        fields: Map::new(),
    }
}

/// How many different words two titles share, of all that either has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Likeness {
    common: usize,
    all: usize,
}

impl Likeness {
    fn of(words: &BTreeSet<String>, other: &str) -> Self {
        let other = self::words(other);
        Self { common: words.intersection(&other).count(), all: words.union(&other).count() }
    }

    /// The share of common words, rounded down; 0 where there are no words at all.
    fn millionths(self) -> u32 {
        let share = self.common.saturating_mul(1_000_000).checked_div(self.all).unwrap_or(0);
        u32::try_from(share).unwrap_or(WHOLE)
    }
}

fn words(text: &str) -> BTreeSet<String> {
    let plain = plain(text);
    let words = plain.split_whitespace().filter(|word| word.chars().count() >= LEAST);
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half() -> Compare {
        let written = serde_json::json!({
            "at_least": 0.5, "recommend": "duplicate", "otherwise": "unique",
        });
        Compare::read("compare", written).unwrap()
    }

    fn compared(title: &str, titles: &[(&str, &str)]) -> Answer {
        half().answer(title, titles.iter().copied())
    }

    #[test]
    fn a_title_with_half_of_its_words_in_common_is_a_duplicate_and_the_other_is_named() {
        let answer = compared(
            "Export the audit trail",
            &[("a", "Dark mode"), ("b", "Let us EXPORT the audit-trail as CSV")],
        );
        assert_eq!(answer.recommendation.as_str(), "duplicate");
        assert_eq!(
            answer.body,
            "4 of 6 words are those of b, `Let us EXPORT the audit-trail as CSV`"
        );
        assert_eq!(answer.confidence, Some(0.666_666));
    }

    #[test]
    fn a_title_with_less_in_common_is_unique() {
        let answer = compared("Export the trail", &[("a", "Dark mode for the export")]);
        assert_eq!(answer.recommendation.as_str(), "unique");
        assert_eq!(answer.body, "words in common with the nearest of 1 earlier titles: 2");
        assert_eq!(answer.confidence, Some(0.666_667));
        let alone = compared("Export", &[]);
        assert_eq!(alone.body, "words in common with the nearest of 0 earlier titles: 0");
        assert_eq!((alone.recommendation.as_str(), alone.confidence), ("unique", Some(1.0)));
    }

    #[test]
    fn of_titles_that_are_equally_like_it_the_first_is_named() {
        let answer =
            compared("Dark mode", &[("a", "Dark sky"), ("b", "Dark mode"), ("c", "mode dark")]);
        assert!(answer.body.contains("those of b,"), "{}", answer.body);
    }

    #[test]
    fn short_words_and_repeated_ones_do_not_count() {
        assert_eq!(
            words("It is so: we do, we DO export Export"),
            BTreeSet::from(["export".to_owned()])
        );
        let answer = compared("Is it so", &[("a", "Is it so")]);
        assert_eq!(answer.recommendation.as_str(), "unique");
    }
}
