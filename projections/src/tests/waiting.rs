//! What waits for a person, and when it no longer does.

use convoke_events::*;

use super::agreement::*;
use super::federation::*;
use super::history::*;
use crate::attention::Cause;
use crate::*;

fn waiting(history: &History) -> Vec<(Cause, String, String)> {
    let waiting = view::<Attention>(history).waiting(history.now());
    waiting.into_iter().map(|one| (one.cause, one.id, one.about)).collect()
}

#[test]
fn a_proposal_waits_until_somebody_decides_on_it() {
    let mut history = opened();
    agreed(&mut history, "login");
    assert_eq!(waiting(&history), [], "it was reviewed");
    let events = history.log.read(Query::all()).map(Result::unwrap);
    let reviewed = |event: &Recorded| event.event.event_type() == "ProposalReviewed";
    let reviewed = events.filter(reviewed).last().unwrap().envelope.position;
    let before = Position::new(reviewed.get() - 1).unwrap();
    let attention = as_of::<Attention>(&history.log, before).unwrap().view;
    let waits = attention.waiting(history.now());
    assert_eq!(waits.len(), 1);
    assert_eq!((waits[0].cause, waits[0].about.as_str()), (Cause::Proposal, "login crashes"));
    assert_eq!(waits[0].id, proposal("login").to_string());
}

#[test]
fn a_closed_account_waits_under_its_label_until_it_is_reopened() {
    let mut history = opened();
    submit(&mut history, "login");
    let account = account("login");
    history.on("login", AccountClosed { account }, Texts::none());
    let expected = (Cause::ClosedAccount, account.to_string(), "login crashes".to_owned());
    assert_eq!(waiting(&history), [expected]);
    history.on("login", AccountReopened { account }, Texts::none());
    assert_eq!(waiting(&history), []);
}
