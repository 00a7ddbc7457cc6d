//! Putting contributions together by counting what they recommend.

use std::collections::BTreeSet;

use convoke_events::{Confidence, Key};
use serde::Deserialize;

use super::answer::{Answer, Dissent, Sides, shorten};

/// Why documents cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PutTogetherError {
    #[error("there is no document to put together")]
    NoDocuments,
    #[error("document `{id}` is not a contribution: {why}")]
    Unreadable { id: String, why: String },
    #[error("document `{id}` recommends {found:?}, which has no canonical form")]
    NoKey { id: String, found: String },
    #[error("no document recommends what the answer may choose from")]
    NobodyNamed,
}

/// The longest that one contribution takes in the body, in bytes, so that five and their ids fit
/// into a short answer.
const LINE: usize = 60;

#[derive(Deserialize)]
struct WrittenContribution {
    recommendation: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    confidence: Option<f64>,
}

struct Contribution<'a> {
    id: &'a str,
    key: Key,
    body: String,
    confidence: Option<Confidence>,
}

impl<'a> Contribution<'a> {
    fn read(id: &'a str, content: &str) -> Result<Self, PutTogetherError> {
        let written: WrittenContribution = serde_json::from_str(content).map_err(|error| {
            PutTogetherError::Unreadable { id: id.to_owned(), why: error.to_string() }
        })?;
        let key = Key::canonical(&written.recommendation)
            .ok_or(PutTogetherError::NoKey { id: id.to_owned(), found: written.recommendation })?;
        Ok(Self {
            id,
            key,
            body: written.body,
            confidence: written.confidence.and_then(Confidence::new),
        })
    }

    /// Why it recommends what it does, briefly.
    fn reason(&self) -> String {
        let mut body = self.body.split_whitespace().collect::<Vec<_>>().join(" ");
        let excess = body.len().saturating_sub(LINE);
        if excess > 0 {
            shorten(&mut body, excess);
        }
        body
    }
}

/// What most of the documents recommend of these keys, or of all where there are none, with everyone
/// who does not. Documents count in the order of their ids, whichever they came in; on a tie the
/// first wins. Each is an id and a contribution's JSON.
pub(super) fn put_together<'a>(
    documents: impl Iterator<Item = (&'a str, &'a str)>,
    keys: &[Key],
) -> Result<Answer, PutTogetherError> {
    let read = documents.map(|(id, content)| Contribution::read(id, content));
    let mut contributions = read.collect::<Result<Vec<_>, _>>()?;
    contributions.sort_by_key(|contribution| contribution.id);
    if contributions.is_empty() {
        return Err(PutTogetherError::NoDocuments);
    }
    let supporters =
        |key: &Key| contributions.iter().filter(|contribution| contribution.key == *key).count();
    // `max_by_key` keeps the last of equals, hence the reversal.
    let eligible =
        contributions.iter().rev().filter(|one| keys.is_empty() || keys.contains(&one.key));
    let leading = eligible.max_by_key(|contribution| supporters(&contribution.key));
    let key = leading.ok_or(PutTogetherError::NobodyNamed)?.key.clone();
    let (agree, others): (Vec<_>, Vec<_>) =
        contributions.iter().partition(|contribution| contribution.key == key);
    let mut body = format!("{} of {} say {key}:", agree.len(), contributions.len());
    for one in &agree {
        body.push('\n');
        body.push_str(one.id);
        body.push_str(": ");
        body.push_str(&one.reason());
    }
    let shares = contributions.iter().filter_map(|contribution| contribution.confidence);
    Ok(Answer {
        body,
        confidence: mean(shares).map(Confidence::share),
        assumptions: vec!["every contribution counts the same".to_owned()],
        sides: Some(Sides {
            cites: agree.iter().map(|contribution| contribution.id.to_owned()).collect(),
            dissent: dissent(&others),
        }),
        recommendation: key,
        actions: Vec::new(),
        fields: serde_json::Map::new(),
    })
}

/// Those who do not agree, by what they recommend.
fn dissent(others: &[&Contribution<'_>]) -> Vec<Dissent> {
    let keys: BTreeSet<&Key> = others.iter().map(|one| &one.key).collect();
    let by_key = keys.into_iter().map(|key| {
        let theirs = || others.iter().filter(|one| one.key == *key);
        Dissent {
            recommendation: key.clone(),
            by: theirs().map(|one| one.id.to_owned()).collect(),
            why: theirs().map(|one| one.reason()).collect::<Vec<_>>().join("; "),
        }
    });
    by_key.collect()
}

/// The mean, in whole millionths throughout: a sum of fractions would depend on their order.
fn mean(shares: impl Iterator<Item = Confidence>) -> Option<Confidence> {
    let (sum, count) = shares.fold((0_u64, 0_u64), |(sum, count), share| {
        (sum.saturating_add(u64::from(share.millionths())), count.saturating_add(1))
    });
    let mean = sum.saturating_add(count / 2).checked_div(count)?;
    Confidence::from_millionths(u32::try_from(mean).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contribution(key: &str, confidence: f64) -> String {
        format!(
            r#"{{"recommendation":"{key}","body":"because of {key}","confidence":{confidence}}}"#
        )
    }

    fn of(documents: &[(&str, String)]) -> Result<Answer, PutTogetherError> {
        put_together(documents.iter().map(|(id, content)| (*id, content.as_str())), &[])
    }

    /// Who recommends what lost, in the order of the recommendations.
    fn dissenters(answer: &Answer) -> Vec<(String, Vec<String>)> {
        let sides = answer.sides.clone().unwrap();
        sides.dissent.into_iter().map(|one| (one.recommendation.to_string(), one.by)).collect()
    }

    #[test]
    fn those_who_agree_are_summed_up_without_dissent() {
        let answer =
            of(&[("a", contribution("fix", 0.9)), ("b", contribution("Fix!", 0.6))]).unwrap();
        assert_eq!(answer.recommendation.as_str(), "fix");
        assert_eq!(answer.confidence, Some(0.75));
        assert_eq!(answer.body, "2 of 2 say fix:\na: because of fix\nb: because of Fix!");
        assert_eq!(dissenters(&answer), []);
        assert_eq!(answer.sides.unwrap().cites, ["a", "b"]);
    }

    #[test]
    fn the_key_that_most_name_wins_and_the_others_are_listed_as_dissent() {
        let documents = [
            ("a", contribution("wait", 0.5)),
            ("b", contribution("fix", 0.5)),
            ("c", contribution("fix", 0.5)),
            ("d", contribution("measure", 0.5)),
        ];
        let answer = of(&documents).unwrap();
        assert_eq!(answer.recommendation.as_str(), "fix");
        let expected = [("measure", "d"), ("wait", "a")];
        let expected = expected.map(|(key, by)| (key.to_owned(), vec![by.to_owned()]));
        assert_eq!(dissenters(&answer), expected);
        assert_eq!(answer.sides.unwrap().dissent[1].why, "because of wait");
    }

    #[test]
    fn a_verdict_is_put_into_words_even_if_most_recommend_something_else() {
        let documents = [
            ("a", contribution("wait", 0.5)),
            ("b", contribution("fix", 0.5)),
            ("c", contribution("fix", 0.5)),
        ];
        let documents = documents.iter().map(|(id, content)| (*id, content.as_str()));
        let verdict = Key::canonical("wait").unwrap();
        let answer = put_together(documents.clone(), std::slice::from_ref(&verdict)).unwrap();
        assert_eq!(answer.recommendation, verdict);
        assert_eq!(dissenters(&answer), [("fix".to_owned(), vec!["b".to_owned(), "c".to_owned()])]);
        let foreign = [Key::canonical("measure").unwrap()];
        assert_eq!(put_together(documents, &foreign), Err(PutTogetherError::NobodyNamed));
    }

    #[test]
    fn the_order_of_the_documents_changes_nothing() {
        let one = [("a", contribution("wait", 0.5)), ("b", contribution("fix", 0.5))];
        let other = [one[1].clone(), one[0].clone()];
        assert_eq!(of(&one), of(&other));
    }

    #[test]
    fn on_a_tie_the_first_in_order_wins() {
        let documents = [
            ("a", contribution("wait", 0.5)),
            ("b", contribution("fix", 0.5)),
            ("c", contribution("fix", 0.5)),
            ("d", contribution("wait", 0.5)),
        ];
        assert_eq!(of(&documents).unwrap().recommendation.as_str(), "wait");
    }

    #[test]
    fn the_mean_confidence_does_not_depend_on_the_order() {
        let shares = [0.1, 0.2, 0.3, 0.7, 0.95].map(|share| Confidence::new(share).unwrap());
        let forwards = mean(shares.into_iter());
        assert_eq!(forwards, Confidence::new(0.45));
        assert_eq!(forwards, mean(shares.into_iter().rev()));
    }

    #[test]
    fn a_confidence_nobody_gave_is_unknown() {
        let answer = of(&[("a", r#"{"recommendation":"fix"}"#.to_owned())]).unwrap();
        assert_eq!(answer.confidence, None);
        assert_eq!(answer.body, "1 of 1 say fix:\na: ");
    }

    #[test]
    fn a_long_contribution_takes_one_short_line() {
        let content = format!(r#"{{"recommendation":"fix","body":"{}"}}"#, "word\\n".repeat(200));
        let answer = of(&[("a", content)]).unwrap();
        let line = answer.body.lines().nth(1).unwrap();
        assert_eq!(answer.body.lines().count(), 2);
        assert!(line.len() <= LINE + "a: ".len() && line.ends_with('…'), "{line}");
    }

    #[test]
    fn what_is_no_contribution_is_named() {
        let wrong = of(&[("a", contribution("fix", 0.9)), ("b", "fix".to_owned())]).unwrap_err();
        assert!(matches!(&wrong, PutTogetherError::Unreadable { id, .. } if id == "b"), "{wrong}");
        let wrong = of(&[("c", contribution("…", 0.9))]).unwrap_err();
        assert_eq!(wrong.to_string(), "document `c` recommends \"…\", which has no canonical form");
        assert_eq!(of(&[]).unwrap_err(), PutTogetherError::NoDocuments);
    }
}
