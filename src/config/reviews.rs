//! The table `[reviews]`: what holds for every review.

use convoke_events::ReviewRules;

use super::fields::Field;

/// The most hours that a proposal may be given: ten years.
const MOST: u64 = 87_600;

const HOUR_MS: u64 = 60 * 60 * 1_000;

/// Reads the table `[reviews]`; what it does not say is as usual.
pub(super) fn rules(field: &Field<'_>) -> Option<ReviewRules> {
    let usual = ReviewRules::default();
    let mut fields = field.table()?;
    let rules = fields.get("expires_h").map_or(Some(usual), |field| expiring(&field));
    fields.finish();
    rules
}

/// A proposal waits for some hours, or for ever.
fn expiring(field: &Field<'_>) -> Option<ReviewRules> {
    let hours = match field.as_str() {
        Some("never") => return Some(ReviewRules { expires_ms: None }),
        Some(_) => {
            field.unlike(format!("a whole number from 1 to {MOST}, or never"));
            return None;
        }
        None => field.number(1..=MOST)?,
    };
    Some(ReviewRules { expires_ms: Some(hours.saturating_mul(HOUR_MS)) })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use convoke_events::ReviewRules;

    use crate::config::{ConfigError, parse_scenario};

    const EXAMPLE: &str = include_str!("../../examples/intake.toml");

    fn with(rules: &str) -> Result<Option<ReviewRules>, ConfigError> {
        let text = format!("{EXAMPLE}\n{rules}\n");
        parse_scenario(Path::new("s.toml"), &text).map(|scenario| scenario.reviews)
    }

    #[test]
    fn a_proposal_waits_for_some_hours_or_for_ever_or_as_usual() {
        assert_eq!(with("").unwrap(), None);
        assert_eq!(with("[reviews]").unwrap(), Some(ReviewRules::default()));
        let rules = |expires_ms| Some(ReviewRules { expires_ms });
        assert_eq!(with("[reviews]\nexpires_h = 48").unwrap(), rules(Some(172_800_000)));
        assert_eq!(with("[reviews]\nexpires_h = \"never\"").unwrap(), rules(None));
    }

    #[test]
    fn a_mistake_in_reviews_is_named_with_its_table() {
        for (rules, words) in [
            (
                "expires_h = 0",
                "reviews.expires_h: found `0`, expected a whole number from 1 to 87600",
            ),
            (
                "expires_h = \"soon\"",
                "reviews.expires_h: found `soon`, expected a whole number from",
            ),
            ("reviewers = 2", "reviews.reviewers: found the unknown field `reviewers`"),
        ] {
            let error = with(&format!("[reviews]\n{rules}")).unwrap_err().to_string();
            assert!(error.contains(words), "{words} is not in {error}");
        }
    }
}
