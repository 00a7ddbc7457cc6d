//! Where no active policy speaks, the hub's rules find the agents: by preferred model, or by bid.

use std::collections::BTreeMap;
use std::time::Duration;

use convoke_events::testkit::NOON;
use convoke_events::{
    BidBasis, BidRule, BreakerOpened, Candidate, CandidateStanding, Event, EventId, Measure,
    MicroUsd, Preference, PreferenceRule, ProposalEvent, ProviderName, Rate, RoutingDecided,
    RoutingEvent, RoutingRules, Strategy, TaskPlan, TextName, Usage, Verb, Way, Weights,
};

use super::cast::{agent, allow, calls_of, found, hand_in, limits, triage, word, workshop};
use crate::command::{AgentRegistration, Command, Price, TaskSubmission};
use crate::testkit::{Scene, Then, member, task_rules};

const SETTINGS: &str = r#"{"rules":[{"any":["odd"],"recommend":"look","confidence":0.9,"reason":"odd"}],"otherwise":{"recommend":"wait","confidence":0.5,"reason":"none"}}"#;

/// An agent for requirements, whose words are these.
fn expert(slug: &str, model: &str, keywords: &[&str], rate: u64) -> [Command; 2] {
    let registration = AgentRegistration {
        model: word(model),
        keywords: keywords.iter().map(|one| word(one)).collect(),
        rate: Rate::new(rate),
        ..member(slug, SETTINGS)
    };
    [Command::RegisterAgent(registration), allow(slug, "requirement", &[Verb::Propose], true)]
}

/// Three agents that nobody routes to: `ann` knows exports, `bob` imports, `cat` nothing.
pub(super) fn market() -> Scene {
    let mut scene = workshop();
    let experts = [
        expert("ann", "large", &["export", "csv"], 30),
        expert("bob", "small", &["import"], 20),
        expert("cat", "small", &[], 50),
    ];
    for command in experts.into_iter().flatten() {
        assert_eq!(scene.command(command).answer, Ok(()));
    }
    scene
}

pub(super) fn bid_rule(strategy: Strategy) -> BidRule {
    BidRule { strategy, window_ms: 0, standing_bids: true, most: None }
}

/// Everything for requirements goes this way, and nothing is left to chance.
pub(super) fn rules(way: Way) -> RoutingRules {
    let ways = BTreeMap::from([(word("requirement_draft"), way)]);
    RoutingRules { ways, exploration: 0, ..RoutingRules::default() }
}

fn set(scene: &mut Scene, way: Way) {
    scene.command(Command::SetRoutingRules(rules(way))).leaves(&["RoutingRulesSet"]);
}

pub(super) fn drafting(request: &str, body: &str) -> TaskSubmission {
    let plan = TaskPlan::Collective {
        task_type: word("requirement_draft"),
        participants: Vec::new(),
        rules: task_rules(),
    };
    TaskSubmission { plan, body: body.to_owned(), ..triage(request) }
}

fn decided(then: &Then) -> &RoutingDecided {
    found!(then, Event::Routing(RoutingEvent::RoutingDecided(decided)) => decided)[0]
}

fn of<'a>(decided: &'a RoutingDecided, slug: &str) -> &'a Candidate {
    decided.candidates.iter().find(|one| one.agent == agent(slug)).unwrap()
}

fn standing(decided: &RoutingDecided, slug: &str) -> CandidateStanding {
    of(decided, slug).standing
}

fn combined(decided: &RoutingDecided, slug: &str) -> Option<f64> {
    of(decided, slug).scored.as_ref()?.combined.map(convoke_events::Score::get)
}

fn prefers(preferred: &[&str], fallbacks: &[&str], max_cost: Option<u64>) -> Way {
    let preferences = |models: &[&str]| {
        let preference =
            |model: &&str| Preference { provider: ProviderName::Rules, model: word(model) };
        models.iter().map(preference).collect()
    };
    Way::Rule(PreferenceRule {
        preferred: preferences(preferred),
        fallbacks: preferences(fallbacks),
        max_cost: max_cost.map(MicroUsd::new),
        most: None,
    })
}

fn price(scene: &mut Scene, model: &str, output: u64) {
    let price = Price { output: MicroUsd::new(output), ..Price::default() };
    let (provider, model) = (ProviderName::Rules, word(model));
    scene.command(Command::SetPrice { provider, model, price });
}

#[test]
fn a_rule_asks_the_agents_of_its_models_in_its_order() {
    let mut scene = market();
    set(&mut scene, prefers(&["small", "large"], &[], None));
    let then = hand_in(&mut scene, drafting("a", "anything"));
    assert_eq!(decided(&then).selected, ["bob", "cat", "ann"].map(agent));
    assert_eq!(decided(&then).rule.as_str(), "preference");
    assert_eq!(decided(&then).rules_version, Some(1));
    let priorities: Vec<u32> = decided(&then).candidates.iter().map(|one| one.priority).collect();
    assert_eq!(priorities, [1, 1, 2]);
    let first = then.events.iter().find(|one| one.event.event_type() == "RoutingDecided");
    assert_eq!(
        first.unwrap().texts.get(&TextName::REASON).unwrap(),
        "the rule for `requirement_draft` prefers, in this order: bob, cat, ann"
    );
}

#[test]
fn a_model_that_costs_more_than_the_rule_allows_or_has_no_price_is_passed_over() {
    let mut scene = market();
    price(&mut scene, "large", 5_000_000);
    set(&mut scene, prefers(&["large", "small"], &[], Some(4_999)));
    let then = hand_in(&mut scene, drafting("a", "anything"));
    assert_eq!(decided(&then).selected, []);
    assert_eq!(standing(decided(&then), "ann"), CandidateStanding::TooDear);
    assert_eq!(standing(decided(&then), "bob"), CandidateStanding::PriceUnknown);
    price(&mut scene, "small", 4_999_000);
    let then = hand_in(&mut scene, drafting("b", "anything"));
    assert_eq!(decided(&then).selected, ["bob", "cat"].map(agent));
}

#[test]
fn fallbacks_are_asked_only_where_none_of_the_preferred_can_be() {
    let mut scene = market();
    set(&mut scene, prefers(&["large"], &["small"], None));
    let then = hand_in(&mut scene, drafting("a", "anything"));
    assert_eq!(decided(&then).selected, ["ann"].map(agent));
    scene.command(allow("ann", "requirement", &[Verb::Read], true));
    let then = hand_in(&mut scene, drafting("b", "anything"));
    assert_eq!(standing(decided(&then), "ann"), CandidateStanding::Governance);
    assert_eq!(decided(&then).selected, ["bob", "cat"].map(agent));
}

#[test]
fn an_active_policy_comes_before_any_rule_and_one_switched_off_does_not() {
    let mut scene = market();
    set(&mut scene, prefers(&["large"], &[], None));
    let policy = |active| {
        let (task_type, agent) = (word("requirement_draft"), word("cat"));
        Command::SetRoutingPolicy { task_type, agent, priority: 1, active }
    };
    scene.command(policy(true));
    let then = hand_in(&mut scene, drafting("a", "anything"));
    assert_eq!((decided(&then).rule.as_str(), decided(&then).rules_version), ("policy", None));
    assert_eq!(decided(&then).selected, ["cat"].map(agent));
    scene.command(policy(false));
    let then = hand_in(&mut scene, drafting("b", "anything"));
    assert_eq!(decided(&then).selected, ["ann"].map(agent));
}

#[test]
fn bids_are_ranked_by_words_and_price_and_every_input_is_on_record() {
    let mut scene = market();
    set(&mut scene, Way::Bid(bid_rule(Strategy::Classic)));
    let then = hand_in(&mut scene, drafting("a", "Export as CSV, please"));
    let decided = decided(&then);
    assert_eq!((decided.rule.as_str(), decided.weights), ("classic", Some(Weights::CLASSIC)));
    assert_eq!((decided.evidence.clone(), decided.seed), (None, None));
    let ann = of(decided, "ann").scored.clone().unwrap();
    let Measure::Match(matched) = &ann.components[0].input else { panic!("{ann:?}") };
    assert_eq!(matched.keywords, ["export", "csv"].map(word::<convoke_events::Keyword>));
    let Measure::Bid { amount, basis: BidBasis::Strategy(strategy) } = &ann.components[1].input
    else {
        panic!("{ann:?}");
    };
    assert_eq!((amount.get(), strategy.in_field), (30, true));
    let expected = 0.6 * 0.6 + 0.4 * (70.0 / 90.0);
    assert!((combined(decided, "ann").unwrap() - expected).abs() < 1e-12);
    // `bob` asks 1.8 times its rate outside its field.
    let expected = 0.4 * (64.0 / 90.0);
    assert!((combined(decided, "bob").unwrap() - expected).abs() < 1e-12);
    assert_eq!(decided.selected[..2], ["ann", "bob"].map(agent));
    let denied = ["forge", "helm", "mace", "quill", "scout"];
    for slug in denied {
        assert_eq!(standing(decided, slug), CandidateStanding::Governance, "{slug}");
    }
}

#[test]
fn an_agent_that_is_inactive_or_cannot_be_paid_loses_whatever_it_bids() {
    let mut scene = market();
    set(&mut scene, Way::Bid(bid_rule(Strategy::Informed)));
    let (slug, why) = (word("ann"), "it rests".to_owned());
    scene.command(Command::DeactivateAgent { slug, reason: why });
    let short = TaskSubmission { limits: limits(10, 10), ..drafting("a", "Export as CSV") };
    let then = hand_in(&mut scene, short);
    assert_eq!(standing(decided(&then), "ann"), CandidateStanding::AgentInactive);
    assert_eq!(combined(decided(&then), "ann"), None, "nobody rests and bids");
    assert_eq!(standing(decided(&then), "bob"), CandidateStanding::OverBudget);
    assert_eq!(decided(&then).selected, []);
}

#[test]
fn an_endpoint_behind_an_open_breaker_is_passed_over_until_it_may_be_tried() {
    let mut scene = market();
    set(&mut scene, Way::Bid(bid_rule(Strategy::Informed)));
    let then = hand_in(&mut scene, drafting("a", "Export as CSV"));
    assert_eq!(standing(decided(&then), "ann"), CandidateStanding::Eligible);
    let (provider, model) = (ProviderName::Rules, word("large"));
    let endpoint = scene.state().registry.get(agent("ann")).unwrap().profile.endpoint;
    let until = scene.now().plus(Duration::from_secs(30));
    let opened = BreakerOpened { endpoint, provider, model, failures: 5, until };
    scene.happened(&opened.into());
    let then = hand_in(&mut scene, drafting("b", "Export as CSV"));
    assert_eq!(standing(decided(&then), "ann"), CandidateStanding::BreakerOpen);
    assert_eq!(decided(&then).selected, ["bob", "cat"].map(agent));
    scene.wait(Duration::from_secs(30));
    let then = hand_in(&mut scene, drafting("c", "Export as CSV"));
    assert_eq!(standing(decided(&then), "ann"), CandidateStanding::Eligible);
}

#[test]
fn informed_lets_accepted_work_outweigh_a_better_bid() {
    let mut scene = market();
    set(&mut scene, Way::Bid(bid_rule(Strategy::Informed)));
    let first = |scene: &mut Scene, request: &str| {
        let then = hand_in(scene, drafting(request, "neither of their words"));
        decided(&then).selected[0]
    };
    assert_eq!(first(&mut scene, "a"), agent("bob"), "the cheaper one");
    let credit = |agent, right| convoke_events::Credit {
        agent,
        agent_version: 1,
        task_type: word("requirement_draft"),
        right,
        confidence: None,
    };
    let credits = [(agent("bob"), false), (agent("cat"), true)];
    let reviewed = convoke_events::ProposalReviewed {
        proposal: convoke_events::ProposalId::derive(&["elsewhere"]),
        decision: convoke_events::ReviewDecision::Accepted,
        reviewed: convoke_events::Digest::of(b"it"),
        revised: None,
        key: None,
        credits: credits.iter().flat_map(|(who, right)| vec![credit(*who, *right); 4]).collect(),
    };
    scene.happened(&Event::Proposal(ProposalEvent::ProposalReviewed(reviewed)));
    assert_eq!(first(&mut scene, "b"), agent("cat"), "the one whose work was accepted");
    let then = hand_in(&mut scene, drafting("c", "neither of their words"));
    let evidence = decided(&then).evidence.clone().unwrap();
    assert_eq!((evidence.right, evidence.decided), (4, 8));
    assert!(evidence.rests_on.is_some_and(|id| id > EventId::mint(NOON, 0)));
}

#[test]
fn load_and_latency_are_what_the_hub_has_seen() {
    let mut scene = market();
    set(&mut scene, Way::Bid(bid_rule(Strategy::Informed)));
    hand_in(&mut scene, drafting("a", "Export as CSV"));
    let seen = |then: &Then| -> Vec<Measure> {
        let scored = of(decided(then), "ann").scored.clone().unwrap();
        scored.components.into_iter().map(|one| one.input).collect()
    };
    let then = hand_in(&mut scene, drafting("b", "Export as CSV"));
    assert!(seen(&then).contains(&Measure::Load { calls: 1 }));
    assert!(seen(&then).contains(&Measure::Latency { answers: 0, total_us: 0 }));
    let calls = calls_of(&scene, &["ann"]);
    scene.answered(&calls[0], "fix", Usage::default());
    let then = hand_in(&mut scene, drafting("c", "Export as CSV"));
    assert!(seen(&then).contains(&Measure::Load { calls: 1 }), "{:?}", seen(&then));
    assert!(seen(&then).contains(&Measure::Latency { answers: 1, total_us: 0 }));
}

#[test]
fn rules_that_are_the_same_leave_nothing_and_others_are_the_next_version() {
    let mut scene = market();
    let once = rules(Way::Bid(bid_rule(Strategy::Informed)));
    scene.command(Command::SetRoutingRules(once.clone())).leaves(&["RoutingRulesSet"]);
    scene.command(Command::SetRoutingRules(once)).leaves(&[]);
    let other = rules(Way::Bid(bid_rule(Strategy::Classic)));
    let then = scene.command(Command::SetRoutingRules(other)).leaves(&["RoutingRulesSet"]);
    let versions = found!(then, Event::Routing(RoutingEvent::RoutingRulesSet(set)) => set.version);
    assert_eq!(versions, [2]);
}

#[test]
fn rules_that_could_never_find_anybody_are_refused() {
    let mut scene = market();
    let mut refused = |way, words| {
        scene.command(Command::SetRoutingRules(rules(way))).is_refused(words);
    };
    refused(prefers(&[], &["large"], None), "a rule's list of preferred models must be one long");
    let silent = BidRule { standing_bids: false, ..bid_rule(Strategy::Informed) };
    refused(Way::Bid(silent), "the time for bids must be 1 millisecond, or standing bids be taken");
    let nobody = BidRule { most: Some(0), ..bid_rule(Strategy::Informed) };
    refused(Way::Bid(nobody), "the number asked at most must be 1");
}

#[test]
fn candidates_that_one_event_cannot_hold_follow_in_pages_of_the_same_append() {
    let mut scene = market();
    for number in 0..150 {
        let keywords: Vec<String> =
            (0..8).map(|word| format!("a long keyword of the field, number {word}")).collect();
        let keywords: Vec<&str> = keywords.iter().map(String::as_str).collect();
        for command in expert(&format!("expert-{number:03}"), "small", &keywords, 10) {
            scene.command(command);
        }
    }
    let rule = BidRule { most: Some(2), ..bid_rule(Strategy::Informed) };
    set(&mut scene, Way::Bid(rule));
    let words: Vec<String> =
        (0..8).map(|word| format!("a long keyword of the field, number {word}")).collect();
    let body = words.join("; ");
    scene.command(Command::SubmitTask(drafting("a", &body)));
    let step = scene.state().owed().step.unwrap();
    let then = scene.when(&crate::hub::Input::Step(step));
    let pages = found!(then, Event::Routing(RoutingEvent::CandidatesListed(page)) => page);
    assert_eq!(decided(&then).more_pages, u32::try_from(pages.len()).unwrap());
    assert!(pages.len() > 1, "{} pages", pages.len());
    assert_eq!(pages[0].page, 2);
    let all = decided(&then).candidates.len()
        + pages.iter().map(|page| page.candidates.len()).sum::<usize>();
    assert_eq!(all, 158, "everyone in the hub");
    let first = convoke_events::encode(decided(&then)).unwrap();
    let more = pages.iter().map(|page| convoke_events::encode(page).unwrap());
    for bytes in more.chain([first]) {
        assert!(bytes.len() < 13 * 1024, "{} bytes", bytes.len());
    }
    assert_eq!(decided(&then).selected, ["expert-000", "expert-001"].map(agent));
    assert_eq!(calls_of(&scene, &["expert-000"]).len(), 1);
}
