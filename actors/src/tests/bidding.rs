//! Bids are taken until their deadline; later ones are refused, and that is on record.

use std::time::Duration;

use convoke_events::{
    BidBasis, BidRefusal, BidRule, CandidateStanding, DecisionId, Event, Measure, Rate,
    RoutingDecided, RoutingEvent, Strategy, Way,
};

use super::cast::{agent, found, hand_in, word};
use super::choosing::{bid_rule, drafting, market, rules};
use crate::command::Command;
use crate::hub::Input;
use crate::testkit::{Scene, Then};

const WINDOW: Duration = Duration::from_secs(15);

fn auction(standing_bids: bool) -> Scene {
    let mut scene = market();
    let rule = BidRule { window_ms: 15_000, standing_bids, ..bid_rule(Strategy::Classic) };
    scene.command(Command::SetRoutingRules(rules(Way::Bid(rule)))).leaves(&["RoutingRulesSet"]);
    scene
}

fn opened(then: &Then) -> DecisionId {
    found!(then, Event::Routing(RoutingEvent::BiddingOpened(opened)) => opened.decision)[0]
}

fn bid(scene: &mut Scene, decision: DecisionId, slug: &str, amount: u64) -> Then {
    let (agent, amount) = (word(slug), Rate::new(amount));
    scene.command(Command::PlaceBid { decision, agent, amount })
}

/// Lets the deadline pass, and takes every step that is owed.
fn ends(scene: &mut Scene) -> Then {
    scene.wait(WINDOW);
    let (_, task) = scene.state().owed().bidding.unwrap();
    let mut then = scene.when(&Input::BiddingEnds(task)).leaves(&["BiddingClosed"]);
    then.events.extend(scene.follow().events);
    then
}

fn decided(then: &Then) -> &RoutingDecided {
    found!(then, Event::Routing(RoutingEvent::RoutingDecided(decided)) => decided)[0]
}

fn refusals(then: &Then) -> Vec<BidRefusal> {
    found!(then, Event::Routing(RoutingEvent::BidRefused(refused)) => refused.because)
}

#[test]
fn nobody_is_asked_before_the_deadline_for_bids() {
    let mut scene = auction(true);
    let then = hand_in(&mut scene, drafting("a", "Export as CSV"));
    assert_eq!(then.types().last(), Some(&"BiddingOpened"));
    let owed = scene.state().owed();
    assert_eq!(owed.bidding.map(|(at, _)| at), Some(scene.now().plus(WINDOW)));
    assert_eq!((owed.step, owed.calls.len()), (None, 0));
    let task = owed.bidding.unwrap().1;
    scene.when(&Input::BiddingEnds(task)).leaves(&[]);
    let then = ends(&mut scene);
    let closed =
        found!(then, Event::Routing(RoutingEvent::BiddingClosed(closed)) => closed.decision);
    assert_eq!(closed, [decided(&then).decision]);
    assert_eq!(decided(&then).selected[0], agent("ann"));
    assert_eq!(scene.state().owed().bidding, None);
}

#[test]
fn placed_bids_count_as_placed_and_the_earlier_wins_a_tie() {
    let mut scene = auction(false);
    let decision = opened(&hand_in(&mut scene, drafting("a", "nothing that is anybody's")));
    bid(&mut scene, decision, "cat", 40).leaves(&["BidPlaced"]);
    bid(&mut scene, decision, "ann", 40).leaves(&["BidPlaced"]);
    let then = ends(&mut scene);
    assert_eq!(decided(&then).selected, ["cat", "ann"].map(agent));
    let first = &decided(&then).candidates[0];
    assert_eq!((first.agent, first.priority), (agent("cat"), 1));
    let input = &first.scored.as_ref().unwrap().components[1].input;
    assert_eq!(*input, Measure::Bid { amount: Rate::new(40), basis: BidBasis::Placed });
    let silent = decided(&then).candidates.iter().find(|one| one.agent == agent("bob")).unwrap();
    assert_eq!(silent.standing, CandidateStanding::NoBid);
}

#[test]
fn where_nobody_bids_the_decision_has_no_winner_and_the_task_is_refused() {
    let mut scene = auction(false);
    hand_in(&mut scene, drafting("a", "Export as CSV"));
    let then = ends(&mut scene);
    assert_eq!(decided(&then).selected, []);
    assert_eq!(then.types().last(), Some(&"TaskConcluded"));
}

#[test]
fn late_second_and_inactive_bids_are_refused_on_record() {
    let mut scene = auction(true);
    let decision = opened(&hand_in(&mut scene, drafting("a", "Export as CSV")));
    bid(&mut scene, decision, "bob", 10).leaves(&["BidPlaced"]);
    let then = bid(&mut scene, decision, "bob", 5).leaves(&["BidRefused"]);
    assert_eq!(refusals(&then), [BidRefusal::AlreadyBid]);
    let (slug, reason) = (word("cat"), "it rests".to_owned());
    scene.command(Command::DeactivateAgent { slug, reason });
    let then = bid(&mut scene, decision, "cat", 5).leaves(&["BidRefused"]);
    assert_eq!(refusals(&then), [BidRefusal::AgentInactive]);
    scene.wait(WINDOW);
    let then = bid(&mut scene, decision, "ann", 5).leaves(&["BidRefused"]);
    assert_eq!(refusals(&then), [BidRefusal::Late], "at the deadline, before anybody noticed it");
    let (_, task) = scene.state().owed().bidding.unwrap();
    scene.when(&Input::BiddingEnds(task));
    scene.follow();
    let then = bid(&mut scene, decision, "ann", 5);
    assert_eq!(refusals(&then), [BidRefusal::Late], "and after the decision fell");
    assert_eq!(
        then.answer.unwrap_err().to_string(),
        "the bid of agent `ann` was refused: the deadline has passed"
    );
}

#[test]
fn a_bid_for_what_takes_none_is_refused_without_an_event() {
    let mut scene = auction(true);
    let decision = DecisionId::derive(&["elsewhere"]);
    let words = format!("no bids are taken for decision {decision} in this hub");
    bid(&mut scene, decision, "ann", 5).is_refused(&words);
}
