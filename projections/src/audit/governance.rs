//! What agents may do and what was denied, in words.

use convoke_events::{GovernanceEvent, PolicyRef, Recorded, TextName, Verb};

use super::because;
use super::told::Told;
use crate::wording;

pub(super) fn tell(
    recorded: &Recorded,
    event: &GovernanceEvent,
    told: &Told,
) -> (String, Vec<PolicyRef>) {
    match event {
        GovernanceEvent::GovernanceDefaultSet(facts) => {
            (format!("where no policy speaks, the hub says `{}`", facts.default), Vec::new())
        }
        GovernanceEvent::GovernancePolicySet(facts) => {
            let policy = wording::policy(facts.policy);
            let (agent, artifact) = (told.newest(facts.agent), &facts.artifact);
            let verbs: Vec<&str> = facts.verbs.iter().map(|verb| Verb::as_str(*verb)).collect();
            let verbs = if verbs.is_empty() { "nothing".to_owned() } else { verbs.join(", ") };
            let text = if facts.active {
                let people = match facts.reviewers {
                    1 => String::new(),
                    several => format!("; what it proposes takes {several} people"),
                };
                format!("governance {policy} allows {agent} on `{artifact}`: {verbs}{people}")
            } else {
                format!("governance {policy} for {agent} on `{artifact}` was switched off")
            };
            (text, vec![facts.policy])
        }
        GovernanceEvent::AttemptBlocked(facts) => {
            let text = format!(
                "{} was blocked by governance: for its {} it would have had to {} `{}`, and {}{}",
                told.agent(facts.agent, facts.agent_version),
                facts.purpose,
                verb(facts.verb),
                facts.artifact,
                wording::block_reason(&facts.because),
                because(recorded.texts.get(&TextName::REASON)),
            );
            (text, wording::denied_by(&facts.because).into_iter().collect())
        }
    }
}

pub(super) const fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Read => "read",
        Verb::Propose => "propose on",
        Verb::Delegate => "delegate on",
        Verb::AutoApply => "apply unreviewed to",
    }
}
