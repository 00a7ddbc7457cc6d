//! Putting contributions together by counting what they recommend.

use convoke_events::{Confidence, Key};
use serde::Deserialize;

use super::answer::{Answer, shorten};

/// Why documents cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PutTogetherError {
    #[error("there is no document to put together")]
    NoDocuments,
    #[error("document `{id}` is not a contribution: {why}")]
    Unreadable { id: String, why: String },
    #[error("document `{id}` recommends {found:?}, which has no canonical form")]
    NoKey { id: String, found: String },
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

    fn line(&self) -> String {
        let mut body = self.body.split_whitespace().collect::<Vec<_>>().join(" ");
        let excess = body.len().saturating_sub(LINE);
        if excess > 0 {
            shorten(&mut body, excess);
        }
        format!("\n{}: {}, {body}", self.id, self.key)
    }
}

/// What most of the documents recommend, the earlier one on a tie, with everyone who does not.
/// Each document is an id and a contribution's JSON.
pub(super) fn put_together<'a>(
    documents: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Answer, PutTogetherError> {
    let read = documents.map(|(id, content)| Contribution::read(id, content));
    let contributions = read.collect::<Result<Vec<_>, _>>()?;
    let supporters =
        |key: &Key| contributions.iter().filter(|contribution| contribution.key == *key).count();
    // `max_by_key` keeps the last of equals, hence the reversal.
    let leading =
        contributions.iter().rev().max_by_key(|contribution| supporters(&contribution.key));
    let key = leading.ok_or(PutTogetherError::NoDocuments)?.key.clone();
    let lines: String = contributions.iter().map(Contribution::line).collect();
    let body = format!("{} of {} say {key}:{lines}", supporters(&key), contributions.len());
    let shares = contributions.iter().filter_map(|contribution| contribution.confidence);
    let others = contributions.iter().filter(|contribution| contribution.key != key);
    Ok(Answer {
        body,
        confidence: mean(shares).map(Confidence::share),
        assumptions: vec!["every contribution counts the same".to_owned()],
        dissent: Some(others.map(|contribution| contribution.id.to_owned()).collect()),
        recommendation: key,
        actions: Vec::new(),
        fields: serde_json::Map::new(),
    })
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
        put_together(documents.iter().map(|(id, content)| (*id, content.as_str())))
    }

    #[test]
    fn those_who_agree_are_summed_up_without_dissent() {
        let answer =
            of(&[("a", contribution("fix", 0.9)), ("b", contribution("Fix!", 0.6))]).unwrap();
        assert_eq!(answer.recommendation.as_str(), "fix");
        assert_eq!(answer.confidence, Some(0.75));
        assert_eq!(answer.body, "2 of 2 say fix:\na: fix, because of fix\nb: fix, because of Fix!");
        assert_eq!(answer.dissent, Some(vec![]));
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
        assert_eq!(answer.dissent, Some(vec!["a".to_owned(), "d".to_owned()]));
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
        assert_eq!(answer.body, "1 of 1 say fix:\na: fix, ");
    }

    #[test]
    fn a_long_contribution_takes_one_short_line() {
        let content = format!(r#"{{"recommendation":"fix","body":"{}"}}"#, "word\\n".repeat(200));
        let answer = of(&[("a", content)]).unwrap();
        let line = answer.body.lines().nth(1).unwrap();
        assert_eq!(answer.body.lines().count(), 2);
        assert!(line.len() <= LINE + "a: fix, ".len() && line.ends_with('…'), "{line}");
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
