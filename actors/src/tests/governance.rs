//! Nothing is asked of an agent that governance does not permit, and every denial is recorded.

use convoke_events::{
    AttemptBlocked, BlockReason, CollectiveEvent, Conclusion, ConsensusStatus, Event,
    GovernanceDefault, GovernanceEvent, PolicyRef, Purpose, TaskOutcome, TrustLevel, Verb,
};

use super::cast::{
    agent, all_answer, allow, ends, found, hand_in, question, reason, settled, started, task,
    triage, word, workshop,
};
use crate::command::Command;
use crate::decision::Story;
use crate::governance::{Attempt, Grant, enforce};
use crate::testkit::{Scene, Then, hub, member, task_rules};

const SETTINGS: &str = r#"{"rules":[{"any":["x"],"recommend":"x","confidence":1,"reason":"x"}],
    "otherwise":{"recommend":"x","confidence":1,"reason":"x"}}"#;

const BLOCKED: &[&str] =
    &["TaskSubmitted", "AccountOpened", "RoutingDecided", "AttemptBlocked", "TaskConcluded"];
const SENT: &[&str] =
    &["TaskSubmitted", "AccountOpened", "RoutingDecided", "Reserved", "InvocationStarted"];

/// A hub with one agent that triages, and no governance policy.
fn ungoverned() -> Scene {
    let limits = convoke_events::Limits::default();
    let (task_type, agent) = (word("triage"), word("scout"));
    let orders = [
        Command::OpenHub { name: "Workshop".to_owned(), limits },
        Command::RegisterAgent(member("scout", SETTINGS)),
        Command::SetRoutingPolicy { task_type, agent, priority: 1, active: true },
    ];
    Scene::given(hub(), orders)
}

fn denials(then: &Then) -> Vec<&AttemptBlocked> {
    found!(then, Event::Governance(GovernanceEvent::AttemptBlocked(blocked)) => blocked)
}

fn because(then: &Then) -> &BlockReason {
    &denials(then)[0].because
}

/// What governance says of a request, asked where everything is.
fn asked(scene: &Scene, slug: &str, verb: Verb) -> Result<Grant, BlockReason> {
    let story = Story { task: task("a"), cause: None };
    let artifact = word("request");
    let attempt = Attempt { story, purpose: Purpose::Triage, verb, artifact: &artifact };
    let answer = enforce(scene.state(), attempt, agent(slug));
    answer.map_err(|denial| {
        assert_eq!(denial.record.event.event_type(), "AttemptBlocked", "no denial goes unrecorded");
        denial.because
    })
}

fn permit(scene: &mut Scene) {
    let then = scene.command(Command::SetGovernanceDefault(GovernanceDefault::Permit));
    then.leaves(&["GovernanceDefaultSet"]);
}

#[test]
fn without_a_policy_a_hub_denies_unless_it_chose_otherwise() {
    let then = hand_in(&mut ungoverned(), triage("a")).leaves(BLOCKED);
    assert_eq!(because(&then), &BlockReason::NoPolicy);
    assert_eq!(ends(&then), [(TaskOutcome::Blocked, Conclusion::Governance)]);
}

#[test]
fn without_a_policy_a_hub_that_permits_lets_it_pass_in_nobodys_name() {
    let mut scene = ungoverned();
    permit(&mut scene);
    let then = hand_in(&mut scene, triage("a")).leaves(SENT);
    assert_eq!(started(&then)[0].granted_by, None);
}

#[test]
fn a_call_names_the_version_of_the_policy_that_grants_it() {
    let mut scene = ungoverned();
    scene.command(allow("scout", "request", &[Verb::Propose], true));
    scene.command(allow("scout", "request", &[Verb::Read], true));
    let then = hand_in(&mut scene, triage("a")).leaves(SENT);
    assert_eq!(started(&then)[0].granted_by.map(|policy| policy.version), Some(2));
    assert_eq!(started(&then)[0].verb, Verb::Read);
}

#[test]
fn a_policy_that_is_switched_off_denies_and_is_named() {
    let mut scene = ungoverned();
    scene.command(allow("scout", "request", &[Verb::Read], true));
    scene.command(allow("scout", "request", &[Verb::Read], false));
    let then = hand_in(&mut scene, triage("a")).leaves(BLOCKED);
    assert!(
        matches!(because(&then), BlockReason::PolicyInactive(PolicyRef { version: 2, .. })),
        "{:?}",
        because(&then)
    );
}

#[test]
fn a_policy_that_is_switched_off_leaves_it_to_a_hub_that_permits() {
    let mut scene = ungoverned();
    permit(&mut scene);
    scene.command(allow("scout", "request", &[Verb::Read], false));
    let then = hand_in(&mut scene, triage("a")).leaves(SENT);
    assert_eq!(started(&then)[0].granted_by, None);
}

#[test]
fn a_policy_without_the_verb_denies_even_where_the_hub_permits() {
    let mut scene = ungoverned();
    permit(&mut scene);
    scene.command(allow("scout", "request", &[Verb::Propose], true));
    let then = hand_in(&mut scene, triage("a")).leaves(BLOCKED);
    assert!(
        matches!(because(&then), BlockReason::VerbNotAllowed(PolicyRef { version: 1, .. })),
        "{:?}",
        because(&then)
    );
}

#[test]
fn no_policy_and_no_default_grants_more_than_the_trust_level() {
    let verbs = [Verb::Read, Verb::Propose, Verb::Delegate, Verb::AutoApply];
    for (trust, granted) in
        [(TrustLevel::Advisory, 2), (TrustLevel::Elevated, 3), (TrustLevel::Autonomous, 4)]
    {
        let mut by_policy = ungoverned();
        let scout = crate::command::AgentRegistration { trust, ..member("scout", SETTINGS) };
        by_policy.command(Command::RegisterAgent(scout));
        let mut by_default = by_policy.clone();
        permit(&mut by_default);
        by_policy.command(allow("scout", "request", &verbs, true));
        for (scene, policy) in [(by_policy, true), (by_default, false)] {
            for (place, verb) in verbs.into_iter().enumerate() {
                let answer = asked(&scene, "scout", verb);
                if verb == Verb::AutoApply && !policy {
                    assert_eq!(answer, Err(BlockReason::NoPolicy), "nobody said so of this agent");
                } else if place < granted {
                    let grant = answer.unwrap();
                    assert_eq!((grant.verb(), grant.by().is_some()), (verb, policy));
                } else {
                    let Err(BlockReason::BeyondTrust { policy: named, trust: found }) = answer
                    else {
                        panic!("{trust} may {verb}");
                    };
                    assert_eq!((named.is_some(), found), (policy, trust));
                }
            }
        }
    }
}

#[test]
fn an_agent_nobody_registered_is_denied_even_where_the_hub_permits() {
    let mut scene = ungoverned();
    permit(&mut scene);
    let answer = asked(&scene, "ghost", Verb::Read);
    assert_eq!(answer, Err(BlockReason::NoPolicy));
}

#[test]
fn a_blocked_attempt_is_recorded_in_words_and_nothing_is_sent() {
    let mut scene = ungoverned();
    let then = hand_in(&mut scene, triage("a"));
    let denial = denials(&then)[0];
    assert_eq!((denial.agent, denial.agent_version), (agent("scout"), 1));
    assert_eq!((denial.purpose, denial.verb), (Purpose::Triage, Verb::Read));
    assert_eq!(denial.artifact.as_str(), "request");
    assert_eq!(
        reason(&then, "AttemptBlocked"),
        "scout may not read `request`: no policy speaks of this agent and artifact, and the hub \
         denies by default"
    );
    let owed = scene.state().owed();
    assert_eq!((owed.step, owed.calls, owed.deadline), (None, Vec::new(), None));
}

#[test]
fn a_policy_withdrawn_between_convening_and_synthesis_blocks_the_synthesis() {
    let mut scene = workshop();
    hand_in(&mut scene, question("a", task_rules()));
    all_answer(&mut scene, &[("forge", "fix"), ("helm", "fix")]);
    scene.command(allow("forge", "implementation", &[Verb::Propose], false));
    let then = all_answer(&mut scene, &[("quill", "fix")]);
    let statuses = found!(then, Event::Collective(CollectiveEvent::VerdictReached(verdict)) => verdict.verdict.status());
    assert_eq!(statuses, [ConsensusStatus::Consensus]);
    assert_eq!(denials(&then)[0].purpose, Purpose::Synthesis);
    assert_eq!(started(&then).len(), 0, "{:?}", then.types());
    assert_eq!(ends(&then), [(TaskOutcome::Blocked, Conclusion::Governance)]);
    let last = settled(&then)[1];
    assert_eq!(last.settlement, convoke_events::Settlement::Released);
    assert!(last.charged.is_zero());
}
