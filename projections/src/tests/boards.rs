//! The board of a task shows what its agents did together, and every line of it has its place.

use convoke_events::testkit::samples;
use convoke_events::*;

use super::history::*;
use crate::audit::{Subject, story};
use crate::{Boards, as_of};

/// A history in which every sample of joint work happened on one task.
fn together() -> History {
    let mut history = History::new();
    for (event, texts) in samples() {
        if matches!(event, Event::Coordination(_) | Event::Action(_)) {
            history.on("sample", event, texts);
        }
    }
    history
}

#[test]
fn everything_agents_do_together_is_on_the_board_of_their_task() {
    let history = together();
    let boards: Boards = view(&history);
    let board = boards.get(task("sample")).unwrap();
    assert_eq!(boards.iter().count(), 1);
    let post = &board.posts[0];
    assert_eq!((post.section, post.version), (Section::Solutions, 7));
    assert_eq!(post.text.as_deref(), Some("let us roll back – and say so"));
    assert_eq!((board.messages.len(), board.messages[0].number), (1, 5));
    let vote = &board.votes[0];
    assert_eq!((vote.ballots[0].1, vote.result), (Ballot::Abstain, Some(VoteResult::Vetoed)));
    assert_eq!(board.complexity, Complexity::from_millionths(912_345));
    assert!(board.completed);
    assert_eq!((board.help.len(), board.help[0].trigger), (1, Trigger::Complexity));
    assert_eq!((board.refused.len(), board.refused[0].action), (1, ActionKind::Post));
}

#[test]
fn a_board_can_be_read_as_it_was_at_any_position() {
    let history = together();
    let boards: Boards = view(&history);
    let posted = boards.get(task("sample")).unwrap().posts[0].by.position;
    let before = as_of::<Boards>(&history.log, Position::new(posted.get() - 1).unwrap()).unwrap();
    assert!(before.view.get(task("sample")).is_none_or(|board| board.posts.is_empty()));
    let then = as_of::<Boards>(&history.log, posted).unwrap();
    let board = then.view.get(task("sample")).unwrap();
    assert_eq!((board.posts.len(), board.messages.len()), (1, 0));
}

#[test]
fn joint_work_is_told_in_words() {
    let history = together();
    let lines = story(&history.log, Subject::Task(task("sample"))).unwrap();
    let told: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    let pieces = [
        "was refused the action `post`",
        "a task is STUCK after 45000 ms, in CONFLICT from 4 different answers on",
        "wrote to the solutions on the board (version 7), recommending `roll-back`",
        "sent FEEDBACK 5 to",
        "a vote on the proposal was opened, `ship-it`: \"do we ship it?\"",
        "voted ABSTAIN on `ship-it`",
        "the vote on `ship-it` has been stopped by an agent who has to agree: 4 for it, 2 against",
        "says the task is 0.912345 complex",
        "says the work is complete and wants validation",
        "COMPLEXITY: 0.912345 complex, above 0.8; a mediator is made from",
    ];
    assert_eq!(told.len(), pieces.len());
    for (line, piece) in told.iter().zip(pieces) {
        assert!(line.contains(piece), "`{piece}` is not in `{line}`");
    }
}
