//! Who may give which command, and what the refused are told.

use std::collections::BTreeSet;

use convoke_events::{
    AccountId, CollectiveRules, Complexity, DecisionId, DelegationId, GovernanceDefault,
    InvocationId, LifecycleRules, Limits, MicroUsd, PlanDecision, ProposalId, ProviderName, Rate,
    Recovery, RetryRules, ReviewDecision, ReviewRules, Role, RoutingRules, Slug, TaskOutcome,
};

use super::cast::{allow, task, triage, word, workshop};
use super::lifecycle::desk::packet;
use crate::authority::{Authority, HubRoles, LocalOwner};
use crate::command::{Caller, Command, Price, Review};
use crate::hub::Input;
use crate::refusal::Refusal;
use crate::testkit::{Scene, hub, member};

fn person(name: &str) -> Caller {
    Caller::Person(name.to_owned())
}

/// Commands of almost every kind, and the least role that may give each.
fn commands() -> Vec<(Command, &'static str, Role)> {
    let price = Price { input: MicroUsd::ZERO, cached: MicroUsd::ZERO, output: MicroUsd::ZERO };
    let (provider, model) = (ProviderName::Rules, word("rules-9"));
    let reason = || "why not".to_owned();
    let review = Review {
        proposal: ProposalId::derive(&["none"]),
        decision: ReviewDecision::Accepted,
        digest: None,
        note: None,
        revision: None,
        key: None,
    };
    let (task_type, agent) = (word("triage"), word("scout"));
    let (owner, operator) = (Role::Owner, Role::Operator);
    vec![
        (Command::GrantRole { to: person("bob"), role: owner }, "grant roles", owner),
        (Command::WithdrawRole { from: person("bob"), role: owner }, "withdraw roles", owner),
        (Command::RegisterAgent(member("new", "{}")), "register agents", operator),
        (
            Command::DeactivateAgent { slug: word("scout"), reason: reason() },
            "deactivate agents",
            operator,
        ),
        (
            Command::ReactivateAgent { slug: word("scout"), reason: reason() },
            "reactivate agents",
            operator,
        ),
        (
            Command::SetGovernanceDefault(GovernanceDefault::Permit),
            "choose the governance default",
            operator,
        ),
        (allow("scout", "request", &[], true), "set governance policies", operator),
        (
            Command::SetRoutingPolicy { task_type, agent, priority: 1, active: false },
            "set routing policies",
            operator,
        ),
        (Command::SetPrice { provider, model, price }, "set prices", operator),
        (Command::SetHubLimits(Limits::default()), "change the hub's limits", operator),
        (Command::SubmitTask(triage("a")), "hand in tasks", operator),
        (Command::ReviewProposal(review), "review proposals", Role::Reviewer),
    ]
    .into_iter()
    .chain(of_rules())
    .chain(of_work())
    .collect()
}

/// Those by which a hub chooses its rules, and spends.
fn of_rules() -> Vec<(Command, &'static str, Role)> {
    let (owner, operator) = (Role::Owner, Role::Operator);
    let (task_type, artifact) = (word("release_notes"), word("document"));
    let (account, reason) = (AccountId::derive(&["none"]), "why not".to_owned());
    let types = Command::RegisterTaskType { task_type, artifact };
    let lifecycle = Command::SetLifecycleRules(LifecycleRules::default());
    let collective = Command::SetCollectiveRules(CollectiveRules::default());
    vec![
        (types, "register task types", operator),
        (lifecycle, "choose the lifecycle rules", owner),
        (collective, "set the rules of collectives", operator),
        (Command::SetReviewRules(ReviewRules::default()), "choose the rules of reviews", operator),
        (Command::SetRoutingRules(RoutingRules::default()), "set routing rules", operator),
        (Command::SetRetryRules(RetryRules::default()), "choose the retry rules", operator),
        (Command::ReopenAccount { account, reason }, "reopen accounts", owner),
    ]
}

/// Those about agents at work.
fn of_work() -> Vec<(Command, &'static str, Role)> {
    let (owner, operator, reviewer) = (Role::Owner, Role::Operator, Role::Reviewer);
    let reason = || "why not".to_owned();
    let (slug, task) = (word::<Slug>("scout"), task("a"));
    let (decision, plan, note) = (PlanDecision::Approved, None, None);
    let decide = Command::DecidePlan { task, plan, decision, note };
    let permission = word("governance-write");
    let approve = Command::ApproveUse { task, permission, reason: reason() };
    let revoke = Command::RevokeAgent { slug: slug.clone(), reason: reason() };
    let reinstate = Command::ReinstateAgent { slug: slug.clone(), reason: reason() };
    let task_type = word("triage");
    let promote = Command::PromoteAgent { slug: slug.clone(), task_type, reason: reason() };
    let delegation = DelegationId::derive(&["none"]);
    let (invocation, found) = (InvocationId::derive(&["none"]), Recovery::Landed);
    let (agent, amount) = (slug, Rate::new(1));
    let bid = Command::PlaceBid { decision: DecisionId::derive(&["none"]), agent, amount };
    let outcome = TaskOutcome::Completed;
    let complexity = Complexity::new(0.5).unwrap();
    vec![
        (Command::IssuePacket(packet("scout")), "issue instruction packets", operator),
        (decide, "decide on plans", reviewer),
        (approve, "approve uses of permissions", reviewer),
        (revoke, "revoke agents", operator),
        (reinstate, "reinstate agents", owner),
        (promote, "promote agents", owner),
        (bid, "place bids for agents", operator),
        (
            Command::CancelDelegation { delegation, reason: reason() },
            "call delegations off",
            operator,
        ),
        (
            Command::ResolveCall { invocation, found, reason: reason() },
            "settle calls in doubt",
            operator,
        ),
        (Command::ConcludeTask { task, outcome, reason: reason() }, "conclude tasks", operator),
        (
            Command::DeclareComplexity { task, complexity, reason: reason() },
            "say how hard tasks are",
            operator,
        ),
    ]
}

#[test]
fn each_role_may_do_its_own_and_an_owner_everything() {
    for (command, what, needed) in commands() {
        for role in Role::ALL {
            let then = workshop().command_by("eve", BTreeSet::from([*role]), command.clone());
            let caller = person("eve").principal(&hub()).to_string();
            let refused = Err(Refusal::RoleMissing { caller, what, needed });
            let may = *role == needed || *role == Role::Owner;
            assert_eq!(then.answer != refused, may, "{role} may {what}: {:?}", then.answer);
            assert!(may || then.events.is_empty());
        }
    }
}

#[test]
fn a_refused_command_names_the_role_it_lacked() {
    let caller = person("eve").principal(&hub());
    let command = Command::SubmitTask(triage("a"));
    workshop().command_by("eve", BTreeSet::new(), command).is_refused(&format!(
        "{caller} may not hand in tasks in this hub: it takes the role `operator`"
    ));
}

#[test]
fn a_hub_that_was_not_opened_takes_no_other_command() {
    for (command, ..) in commands() {
        Scene::empty(hub()).command(command).is_refused("hub `workshop` has not been opened");
    }
}

#[test]
fn who_opens_a_hub_owns_it_and_opening_it_again_changes_nothing() {
    let mut scene = Scene::empty(hub());
    let open = |limits| Command::OpenHub { name: "Workshop".to_owned(), limits };
    let opened = scene.command_by("ada", BTreeSet::new(), open(Limits::default()));
    opened.leaves(&["HubOpened", "RoleGranted", "AccountOpened"]);
    let ada = person("ada").principal(&hub());
    assert_eq!(scene.state().roles.of(&ada), BTreeSet::from([Role::Owner]));
    let again = scene.command_by("eve", BTreeSet::new(), open(super::cast::limits(1, 1)));
    assert_eq!(again.leaves(&[]).answer, Ok(()));
}

#[test]
fn a_granted_role_holds_until_it_is_withdrawn() {
    let mut scene = workshop();
    let (to, role) = (person("bob"), Role::Operator);
    let as_bob = |scene: &mut Scene, request: &str| {
        let principal = person("bob").principal(&hub());
        let command = Box::new(Command::SubmitTask(triage(request)));
        scene.when(&Input::Command { principal, roles: None, command }).answer.is_ok()
    };
    assert!(!as_bob(&mut scene, "a"));
    scene.command(Command::GrantRole { to: to.clone(), role }).leaves(&["RoleGranted"]);
    scene.command(Command::GrantRole { to: to.clone(), role }).leaves(&[]);
    assert!(as_bob(&mut scene, "b"));
    scene.command(Command::WithdrawRole { from: to.clone(), role }).leaves(&["RoleWithdrawn"]);
    scene.command(Command::WithdrawRole { from: to, role }).leaves(&[]);
    assert!(!as_bob(&mut scene, "c"));
}

#[test]
fn the_last_owner_stays() {
    let mut scene = workshop();
    let owner = Role::Owner;
    let withdraw = |name| Command::WithdrawRole { from: person(name), role: owner };
    scene.command(withdraw("ada")).is_refused("the last owner's role cannot be withdrawn");
    scene.command(Command::GrantRole { to: person("bob"), role: owner });
    scene.command(withdraw("ada")).leaves(&["RoleWithdrawn"]);
    scene.command(withdraw("bob")).is_refused("the last owner's role cannot be withdrawn");
}

#[test]
fn the_authority_of_a_local_command_makes_everybody_an_owner_and_the_default_nobody() {
    let caller = person("anybody");
    assert_eq!(LocalOwner.roles(&hub(), &caller), Some(BTreeSet::from([Role::Owner])));
    assert_eq!(HubRoles.roles(&hub(), &caller), None);
}
