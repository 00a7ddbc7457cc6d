//! What each view says of the history.

use convoke_events::*;

use super::agreement::*;
use super::federation::*;
use super::history::*;
use crate::proposals::ProposalStatus;
use crate::*;

#[test]
fn a_revised_agent_keeps_its_older_version_and_its_activity() {
    let mut history = opened();
    history.add(AgentDeactivated { agent: agent("mace") }, Texts::none());
    let profile = AgentProfile { model: word("rules-2"), ..profile("mace", "mace") };
    let revised = AgentRevised { agent: agent("mace"), version: 2, profile };
    let texts = Texts::none().with(TextName::NAME, "Mace").with(TextName::SYSTEM_PROMPT, "anew");
    history.by_person("Grace");
    history.add(revised, texts);
    let agents = view::<Agents>(&history);
    let mace = agents.find(&hub(), &word("mace")).unwrap();
    assert_eq!((mace.version, mace.active, mace.model.as_str()), (2, false, "rules-2"));
    let history: Vec<_> = mace
        .history
        .iter()
        .map(|one| (one.version, one.by.as_str(), one.system_prompt.as_str()))
        .collect();
    assert_eq!(history, [(1, "Ada", "be brief"), (2, "Grace", "anew")]);
    assert_eq!(agents.of_hub(&hub()).count(), 4);
}

#[test]
fn a_task_knows_its_triage_its_collective_and_how_it_ended() {
    let mut history = opened();
    agreed(&mut history, "login");
    submit(&mut history, "open");
    let tasks = view::<Tasks>(&history);
    let done = tasks.get(task("login")).unwrap();
    assert_eq!((done.request.as_str(), done.title.as_str()), ("login", "login crashes"));
    assert_eq!(done.source.as_deref(), Some("support"));
    assert_eq!(done.triage_key().map(Key::as_str), Some("bug"));
    assert_eq!(done.triage.as_ref().map(|triage| triage.slug.as_str()), Some("scout"));
    assert_eq!(
        (done.collective, done.proposal),
        (Some(collective("login")), Some(proposal("login")))
    );
    assert_eq!(
        (done.outcome, done.because, done.reason.as_deref()),
        (Some(TaskOutcome::Proposed), Some(Conclusion::Consensus), Some("it waits for review"))
    );
    assert!(done.concluded_at.unwrap() > done.submitted_at);
    assert_eq!(tasks.get(task("open")).unwrap().outcome, None);
}

#[test]
fn a_reviewed_proposal_names_its_reviewer() {
    let mut history = opened();
    agreed(&mut history, "login");
    let proposals = view::<Proposals>(&history);
    let proposal = proposals.get(proposal("login")).unwrap();
    assert_eq!(
        (proposal.status, proposal.title.as_str()),
        (ProposalStatus::Accepted, "login crashes")
    );
    assert_eq!((proposal.author.as_deref(), proposal.content.as_str()), (Some("forge"), "fix it"));
    let review = proposal.review.as_ref().unwrap();
    assert_eq!((review.reviewer.as_str(), review.note.as_deref()), ("Grace", Some("well done")));
    assert_eq!(review.reviewed, proposal.digest);
}

#[test]
fn a_collective_shows_contributions_costs_and_who_is_missing_and_why() {
    let mut history = opened();
    agreed(&mut history, "login");
    let collectives = view::<Collectives>(&history);
    let collective = collectives.get(collective("login")).unwrap();
    assert_eq!(collective.status, ConsensusStatus::Consensus);
    let contributions: Vec<_> = collective
        .contributions()
        .map(|(who, answer)| (who.slug.as_str(), answer.key.as_str(), who.call.charged))
        .collect();
    assert_eq!(contributions, [("forge", "fix", tokens(300)), ("mace", "fix", tokens(300))]);
    let (_, answer) = collective.contributions().next().unwrap();
    assert!(answer.content.contains("forge says fix"));
    assert_eq!(answer.tokens_in, Some(Tokens::new(200)));
    let missing = collective.participants[2].missing.as_deref().unwrap();
    assert!(missing.starts_with("blocked: policy "), "{missing}");
    let synthesis = collective.synthesis.as_ref().unwrap();
    assert_eq!(synthesis.call.answer.as_ref().unwrap().key.as_str(), "fix");
    let verdict = collective.verdict.as_ref().unwrap();
    assert_eq!((verdict.figures.leading, verdict.figures.missing), (2, 1));
    assert_eq!(verdict.reason.as_deref(), Some("all name the same"));
    assert_eq!((collective.cost(), collective.proposal), (tokens(900), Some(proposal("login"))));
}

#[test]
fn a_failed_participant_is_missing_with_its_class_and_a_silent_one_by_the_verdict() {
    let mut history = opened();
    convene(&mut history, "login");
    for slug in ["forge", "mace"] {
        start(&mut history, "login", Purpose::Contribution, slug);
    }
    let invocation = call("login", "contribution", "forge");
    let (class, usage) = (FailureClass::Malformed, Usage::default());
    let failed = call_failed(invocation, class, usage);
    history.on("login", failed, Texts::none().with(TextName::REASON, "no key"));
    verdict(&mut history, "login", ConsensusStatus::Insufficient, 0);
    let collectives = view::<Collectives>(&history);
    let missing: Vec<_> = collectives
        .get(collective("login"))
        .unwrap()
        .participants
        .iter()
        .take(2)
        .map(|one| one.missing.as_deref().unwrap_or_default())
        .collect();
    assert_eq!(missing, ["malformed: no key", "no answer by the verdict"]);
}

#[test]
fn no_view_trips_over_events_that_name_what_it_never_met() {
    let mut history = History::new();
    agreed(&mut history, "login");
    assert!(view::<Agents>(&history).iter().next().is_none());
    assert!(view::<Tasks>(&history).get(task("login")).is_some());
    let collectives = view::<Collectives>(&history);
    let slug = &collectives.get(collective("login")).unwrap().participants[0].slug;
    assert_eq!(*slug, agent("forge").to_string());
    assert_eq!(view::<Governance>(&history).blocked(&hub()).count(), 1);
    assert!(view::<Budgets>(&history).of_task(task("login")).is_some());
}

#[test]
fn views_are_json_with_snake_case_names() {
    let mut history = opened();
    agreed(&mut history, "login");
    let proposals = serde_json::to_value(view::<Proposals>(&history)).unwrap();
    let one = &proposals["all"][0];
    assert_eq!((one["status"].as_str(), one["key"].as_str()), (Some("accepted"), Some("fix")));
    let collectives = serde_json::to_value(view::<Collectives>(&history)).unwrap();
    let one = &collectives["all"][0];
    assert_eq!(one["participants"][0]["call"]["answer"]["tokens_in"], 200);
    assert!(serde_json::to_value(view::<Budgets>(&history)).unwrap().is_object());
    assert!(serde_json::to_value(view::<Governance>(&history)).unwrap().is_object());
    assert!(serde_json::to_value(view::<Routing>(&history)).unwrap().is_object());
    assert!(serde_json::to_value(view::<Delegations>(&history)).unwrap().is_object());
    assert!(serde_json::to_value(view::<Calls>(&history)).unwrap().is_object());
    assert!(serde_json::to_value(view::<Estimates>(&history)).unwrap().is_object());
    assert!(serde_json::to_value(view::<Lifecycle>(&history)).unwrap().is_object());
    assert!(serde_json::to_value(view::<Trust>(&history)).unwrap().is_object());
}

#[test]
fn pages_of_views_hold_what_their_filter_takes() {
    use crate::collectives::CollectiveFilter;
    use crate::proposals::{ProposalFilter, ProposalStatus};
    use crate::routing::DecisionFilter;
    use crate::{Order, Paging};
    let mut history = opened();
    for name in ["login", "search", "export"] {
        agreed(&mut history, name);
    }
    convene(&mut history, "open");
    let proposals = view::<Proposals>(&history);
    let paging = Paging { limit: 2, order: Order::Oldest, ..Paging::default() };
    let accepted =
        ProposalFilter { status: Some(ProposalStatus::Accepted), ..ProposalFilter::default() };
    let first = proposals.page(&accepted, paging);
    let ids: Vec<ProposalId> = first.entries.iter().map(|one| one.id).collect();
    assert_eq!(ids, ["login", "search"].map(proposal));
    let second = proposals.page(&accepted, Paging { after: first.next, ..paging });
    assert_eq!((second.entries.len(), second.next), (1, None));
    let foreign = ProposalFilter { hub: Some(word("other")), ..ProposalFilter::default() };
    assert!(proposals.page(&foreign, paging).entries.is_empty());
    let pending =
        CollectiveFilter { status: Some(ConsensusStatus::Pending), ..CollectiveFilter::default() };
    let collectives = view::<Collectives>(&history);
    let found = collectives.page(&pending, paging);
    assert_eq!(found.entries.iter().map(|one| one.id).collect::<Vec<_>>(), [collective("open")]);
    let routing = view::<Routing>(&history);
    let of_helm = DecisionFilter { agent: Some(agent("helm")), ..DecisionFilter::default() };
    let all = Paging { limit: 1_000, ..Paging::default() };
    let found = routing.page(&of_helm, all);
    assert_eq!(found.entries.len(), 4, "helm was considered once a task");
    assert!(found.entries.is_sorted_by(|one, next| one.position > next.position));
}
