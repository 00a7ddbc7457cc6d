//! Estimates: an upper bound on what a call uses, known before it is sent.

use convoke_events::{ProviderName, Tokens};

/// The most bytes that the schema of an answer takes in a request.
const SCHEMA_BOUND: u64 = 1_536;

/// The most bytes that a synthesis takes for what it is told about the contributions as a whole.
const BRIEF: u64 = 640;

/// The most bytes that a contribution's author and key add to the schema of a synthesis.
const CHOICE: u64 = 288;

/// Bytes a document takes in a request beside its content: its id and its delimiters.
pub(crate) const DOCUMENT_OVERHEAD: u64 = 64;

/// The most bytes of a contribution that a synthesis is shown, longer ones being cut: four for
/// every token that a contribution may have.
pub(crate) const fn document_bound(max_output: Tokens) -> u64 {
    let bytes = max_output.get().saturating_mul(4);
    if bytes < LEAST_DOCUMENT { LEAST_DOCUMENT } else { bytes }
}

/// Room for a recommendation alone, however little its author may put out.
const LEAST_DOCUMENT: u64 = 160;

/// The most bytes that a request takes in which contributions are put together, beside them.
pub(crate) const fn brief_bound(provider: &ProviderName) -> u64 {
    // Twice the longest recommendation, which its schema names too.
    BRIEF.saturating_add(choice_bound(provider))
}

/// The most bytes that each contribution adds to the schema of the answer, where that is counted.
pub(crate) const fn choice_bound(provider: &ProviderName) -> u64 {
    match provider {
        ProviderName::Rules => 0,
        ProviderName::OpenRouter
        | ProviderName::Gemini
        | ProviderName::OpenAi
        | ProviderName::ClaudeCode
        | ProviderName::Host(_) => CHOICE,
    }
}

/// The most tokens that `bytes` of input can come to.
///
/// `rules` counts a token for every four bytes begun. For every other provider a token is taken to
/// be one byte at least, since no tokenizer in use splits bytes, and as many tokens are added as the
/// schema of an answer has bytes at most, and 256 for the roles and delimiters around messages.
pub(crate) fn input_bound(provider: &ProviderName, bytes: u64) -> Tokens {
    Tokens::new(match provider {
        ProviderName::Rules => bytes.div_ceil(4),
        ProviderName::OpenRouter
        | ProviderName::Gemini
        | ProviderName::OpenAi
        | ProviderName::ClaudeCode
        | ProviderName::Host(_) => bytes.saturating_add(SCHEMA_BOUND).saturating_add(256),
    })
}

#[cfg(test)]
mod tests {
    use convoke_events::Purpose;

    use super::*;

    #[test]
    fn a_rules_agent_needs_a_token_for_every_four_bytes_begun() {
        assert_eq!(input_bound(&ProviderName::Rules, 41), Tokens::new(11));
    }

    #[test]
    fn no_schema_is_longer_than_its_bound() {
        for purpose in Purpose::ALL {
            let length = crate::answer::schema(*purpose, &[], &[]).json.to_string().len();
            assert!(u64::try_from(length).unwrap() <= SCHEMA_BOUND, "{purpose}: {length}");
        }
    }

    #[test]
    fn any_other_provider_needs_a_token_for_every_byte_and_some_for_the_frame() {
        assert_eq!(input_bound(&ProviderName::OpenAi, 41), Tokens::new(41 + SCHEMA_BOUND + 256));
    }
}
