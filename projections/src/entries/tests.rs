//! Entries in their order, page by page, and what a copy of them shares.

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry(u64, String);

impl Listed for Entry {
    type Id = u64;

    fn id(&self) -> u64 {
        self.0 * 31 % 1_009
    }

    fn position(&self) -> Position {
        Position::new(self.0).unwrap()
    }
}

fn entries(positions: impl IntoIterator<Item = u64>) -> Entries<Entry> {
    let mut entries = Entries::default();
    for position in positions {
        entries.add(Entry(position, format!("{position}")));
    }
    entries
}

fn walk(all: &Entries<Entry>, limit: usize, order: Order) -> Vec<u64> {
    let mut paging = Paging { after: None, limit, order };
    let mut seen = Vec::new();
    loop {
        let found = all.page(|one| one.0 % 3 > 0, paging);
        assert!(found.entries.len() <= limit.max(1));
        seen.extend(found.entries.iter().map(|one| one.0));
        match found.next {
            Some(next) => paging.after = Some(next),
            None => return seen,
        }
    }
}

#[test]
fn pages_put_together_are_the_whole_list_in_order() {
    for last in [0, 1, 11, 64, 65, 200] {
        // Positions have gaps: other events lie between.
        let all = entries((1..=last).map(|number| number * 2));
        let oldest: Vec<u64> =
            (1..=last).map(|number| number * 2).filter(|one| one % 3 > 0).collect();
        let newest: Vec<u64> = oldest.iter().rev().copied().collect();
        for limit in [0, 1, 2, 7, 63, 64, 65, 500] {
            assert_eq!(walk(&all, limit, Order::Oldest), oldest, "{limit} a page of {last}");
            assert_eq!(walk(&all, limit, Order::Newest), newest, "{limit} a page of {last}");
        }
    }
}

#[test]
fn what_is_made_between_two_pages_neither_repeats_nor_hides_an_entry() {
    let mut all = entries(1..=10);
    let paging = Paging { limit: 4, ..Paging::default() };
    let (seen, after) = {
        let first = all.page(|_| true, paging);
        (first.entries.last().unwrap().0, first.next)
    };
    assert_eq!(seen, 7);
    all.add(Entry(11, String::new()));
    let second = all.page(|_| true, Paging { after, ..paging });
    let seen: Vec<u64> = second.entries.iter().map(|one| one.0).collect();
    assert_eq!(seen, [6, 5, 4, 3]);
}

#[test]
fn a_page_may_begin_at_an_event_that_made_no_entry() {
    let all = entries([10, 20, 30]);
    let page = |order| {
        let after = Position::new(25);
        let found = all.page(|_| true, Paging { after, limit: 9, order });
        found.entries.iter().map(|one| one.0).collect::<Vec<_>>()
    };
    assert_eq!(page(Order::Oldest), [30]);
    assert_eq!(page(Order::Newest), [20, 10]);
}

#[test]
fn an_entry_is_found_by_its_id_and_stays_as_it_was_in_a_copy_when_it_changes() {
    let mut all = entries(1..=300);
    let before = all.clone();
    for position in 1..=300 {
        let id = Entry(position, String::new()).id();
        assert_eq!(all.get(id).unwrap().0, position);
        all.get_mut(id).unwrap().1 = "changed".to_owned();
        assert_eq!(before.get(id).unwrap().1, format!("{position}"));
    }
    assert!(all.iter().all(|one| one.1 == "changed"));
    assert_ne!(all, before);
}

#[test]
fn a_copy_shares_every_entry_that_does_not_change() {
    let mut all = entries(1..=300);
    let before = all.clone();
    let first = Entry(1, String::new()).id();
    all.get_mut(first).unwrap().1 = "changed".to_owned();
    let shared = all.chunks.iter().zip(&before.chunks);
    let shared = shared.filter(|(one, other)| Arc::ptr_eq(one, other)).count();
    assert_eq!((shared, all.chunks.len()), (4, 5));
}

#[test]
fn an_entry_that_comes_again_changes_nothing() {
    let mut all = entries(1..=3);
    all.add(Entry(2, "again".to_owned()));
    assert_eq!(all, entries(1..=3));
}

#[test]
fn entries_come_back_from_their_bytes_as_they_were() {
    let all = entries(1..=200);
    let bytes = convoke_events::encode(&all).unwrap();
    let back: Entries<Entry> = convoke_events::decode(&bytes).unwrap();
    assert_eq!(back, all);
    assert_eq!(back.get(all.iter().last().unwrap().id()), all.iter().last());
}
