//! Some of what a view lists, page by page.

use convoke_events::Position;

/// What a view lists, each with the event that made it.
pub trait Listed {
    /// The event that made it: no two of a view share one.
    fn position(&self) -> Position;
}

/// In which order a list is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
}

/// Which page of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// Behind which entry it begins, as the page before it said; none for the first page.
    pub after: Option<Position>,
    /// How many entries it has at most; 0 is taken as 1.
    pub limit: usize,
    /// In which order.
    pub order: Order,
}

impl Default for Paging {
    /// The fifty newest.
    fn default() -> Self {
        Self { after: None, limit: 50, order: Order::Newest }
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<'a, T> {
    /// Its entries, in order.
    pub entries: Vec<&'a T>,
    /// Behind which entry the next page begins; none where this is the last.
    pub next: Option<Position>,
}

/// The page that is asked for, of those that pass. Entries made between two pages neither repeat nor
/// hide any other.
pub fn page<'a, T: Listed>(
    all: impl Iterator<Item = &'a T>,
    takes: impl Fn(&T) -> bool,
    paging: Paging,
) -> Page<'a, T> {
    let limit = paging.limit.max(1);
    let is_behind = |one: &T| match (paging.after, paging.order) {
        (None, _) => true,
        (Some(after), Order::Newest) => one.position() < after,
        (Some(after), Order::Oldest) => one.position() > after,
    };
    let place = |one: &&T| {
        let position = one.position().get();
        // The smaller comes first.
        if paging.order == Order::Newest { u64::MAX.saturating_sub(position) } else { position }
    };
    let mut entries: Vec<&T> = all.filter(|one| is_behind(one) && takes(one)).collect();
    let has_more = entries.len() > limit;
    if has_more {
        // All that is on the page before all that is not; only the page is sorted.
        entries.select_nth_unstable_by_key(limit, place);
        entries.truncate(limit);
    }
    entries.sort_by_key(place);
    let next = entries.last().filter(|_| has_more).map(|last| last.position());
    Page { entries, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Entry(u64);

    impl Listed for Entry {
        fn position(&self) -> Position {
            Position::new(self.0).unwrap()
        }
    }

    fn walk(all: &[Entry], limit: usize, order: Order) -> Vec<u64> {
        let mut paging = Paging { after: None, limit, order };
        let mut seen = Vec::new();
        loop {
            let found = page(all.iter(), |one| one.0 % 3 > 0, paging);
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
        let all: Vec<Entry> = [5, 9, 1, 7, 3, 2, 8, 11, 10, 4, 6].map(Entry).into();
        let oldest = [1, 2, 4, 5, 7, 8, 10, 11];
        let newest: Vec<u64> = oldest.iter().rev().copied().collect();
        for limit in 0..10 {
            assert_eq!(walk(&all, limit, Order::Oldest), oldest, "{limit} a page");
            assert_eq!(walk(&all, limit, Order::Newest), newest, "{limit} a page");
        }
    }

    #[test]
    fn what_is_made_between_two_pages_neither_repeats_nor_hides_an_entry() {
        let mut all: Vec<Entry> = (1..=10).map(Entry).collect();
        let paging = Paging { limit: 4, ..Paging::default() };
        let first = page(all.iter(), |_| true, paging);
        let (seen, after) = (first.entries.last().unwrap().0, first.next);
        assert_eq!(seen, 7);
        all.push(Entry(11));
        let second = page(all.iter(), |_| true, Paging { after, ..paging });
        let seen: Vec<u64> = second.entries.iter().map(|one| one.0).collect();
        assert_eq!(seen, [6, 5, 4, 3]);
    }
}
