//! Estimates: an upper bound on what a call uses, known before it is sent.

use convoke_events::{ProviderName, Tokens};

/// The most bytes that the schema of an answer takes in a request.
const SCHEMA_BOUND: u64 = 1_536;

/// Bytes a document takes in a request beside its content: its id and its delimiters.
pub(crate) const DOCUMENT_OVERHEAD: u64 = 64;

/// The most bytes of a contribution that a synthesis is shown, longer ones being cut: four for
/// every token that a contribution may have.
pub(crate) const fn document_bound(max_output: Tokens) -> u64 {
    max_output.get().saturating_mul(4)
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
            let length = crate::answer::schema(*purpose).json.to_string().len();
            assert!(u64::try_from(length).unwrap() <= SCHEMA_BOUND, "{purpose}: {length}");
        }
    }

    #[test]
    fn any_other_provider_needs_a_token_for_every_byte_and_some_for_the_frame() {
        assert_eq!(input_bound(&ProviderName::OpenAi, 41), Tokens::new(41 + SCHEMA_BOUND + 256));
    }
}
