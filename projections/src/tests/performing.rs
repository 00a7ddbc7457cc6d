//! Performance records: whose work counts where, and in which period.

use convoke_events::*;

use super::agreement::*;
use super::federation::*;
use super::history::*;
use crate::performance::{Filter, PerformanceRecord};
use crate::*;

fn records(history: &History, filter: &Filter) -> Vec<PerformanceRecord> {
    view::<Performance>(history).records(filter)
}

fn of<'a>(records: &'a [PerformanceRecord], slug: &str, on: &str) -> &'a PerformanceRecord {
    let found = records.iter().find(|one| one.slug == slug && one.task_type.as_str() == on);
    found.unwrap()
}

#[test]
fn work_counts_on_the_record_of_its_agent_version_and_task_type() {
    let mut history = opened();
    agreed(&mut history, "login");
    let records = records(&history, &Filter::default());
    let writing = of(&records, "forge", "synthesis");
    assert_eq!(writing.proposals.generated, 1);
    assert_eq!(writing.proposals.accepted, 1);
    assert_eq!(writing.mean_confidence, Some(0.9));
    assert_eq!((writing.judged, writing.right), (1, 1));
    assert_eq!((writing.tokens_in, writing.tokens_out), (Tokens::new(200), Tokens::new(100)));
    assert_eq!(writing.charged_tokens, Tokens::new(300));
    assert_eq!(writing.cost, MicroUsd::new(600));
    assert_eq!(writing.mean_latency_us, Some(1_500.0));
    let contributing = of(&records, "forge", "implementation");
    assert_eq!(contributing.proposals.generated, 0);
    assert_eq!((contributing.judged, contributing.answered), (1, 1));
    assert_eq!(of(&records, "mace", "implementation").agent_version, 1);
    assert!(contributing.brier.is_some_and(|brier| (brier - 0.01).abs() < 1e-12));
    assert_eq!(contributing.correlation, None);
}

fn review(history: &mut History, right: bool) {
    let reviewed = ProposalReviewed {
        proposal: proposal("unknown"),
        decision: if right { ReviewDecision::Accepted } else { ReviewDecision::Rejected },
        reviewed: Digest::of(b"x"),
        revised: None,
        key: None,
        credits: vec![Credit {
            agent: agent("forge"),
            agent_version: 2,
            task_type: word("implementation"),
            right,
            confidence: None,
        }],
    };
    history.add(reviewed, Texts::none());
}

#[test]
fn periods_are_counted_back_from_the_newest_event_and_lose_nothing() {
    let mut history = opened();
    for day in 0..100 {
        review(&mut history, day % 3 > 0);
        history.pass(1);
    }
    let all = records(&history, &Filter::default());
    let judged: Vec<u32> = all.iter().map(|one| one.judged).collect();
    assert_eq!(judged, [30, 30, 30, 10], "newest first");
    assert_eq!(all.iter().map(|one| one.right).sum::<u32>(), 66);
    assert_eq!(all[0].period.to.day(), history.log.head_day());
    for pair in all.windows(2) {
        assert_eq!(pair[1].period.to, pair[0].period.from);
    }
    let whole = records(&history, &Filter { days: 1_000, ..Filter::default() });
    assert_eq!(whole.len(), 1);
    assert_eq!((whole[0].judged, whole[0].right), (100, 66));
    let acceptance = whole[0].acceptance_interval.unwrap();
    assert!(acceptance.low < 0.66 && 0.66 < acceptance.high);
    let daily = records(&history, &Filter { days: 0, ..Filter::default() });
    assert_eq!(daily.len(), 100, "no days are taken as one");
}

trait HeadDay {
    fn head_day(&self) -> i64;
}

impl HeadDay for Log {
    /// The day after that of the newest event.
    fn head_day(&self) -> i64 {
        let newest = self.read(Query::all().backward()).next().unwrap().unwrap();
        newest.envelope.decided_at.day() + 1
    }
}

#[test]
fn a_filter_takes_one_hub_agent_or_task_type() {
    let mut history = opened();
    agreed(&mut history, "login");
    let count = |filter: Filter| records(&history, &filter).len();
    let all = count(Filter::default());
    assert_eq!(count(Filter { hub: Some(hub()), ..Filter::default() }), all);
    assert_eq!(count(Filter { hub: Some(word("other")), ..Filter::default() }), 0);
    let forge = count(Filter { agent: Some(agent("forge")), ..Filter::default() });
    assert!(forge > 0 && forge < all);
    let on = |task_type: &str| Filter { task_type: Some(word(task_type)), ..Filter::default() };
    assert_eq!(count(on("synthesis")), 1);
}
