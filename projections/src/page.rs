//! Some of what a view lists, page by page.

use convoke_events::Position;

use crate::Listed;

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

impl<'a, T: Listed> Page<'a, T> {
    /// The first that pass of those that come in order, as many as fit.
    pub(crate) fn of(
        in_order: impl Iterator<Item = &'a T>,
        takes: impl Fn(&T) -> bool,
        paging: Paging,
    ) -> Self {
        let limit = paging.limit.max(1);
        let mut passing = in_order.filter(|one| takes(one));
        let entries: Vec<&T> = passing.by_ref().take(limit).collect();
        let next = passing.next().and(entries.last()).map(|last| last.position());
        Self { entries, next }
    }
}

impl<'a, T> Page<'a, T> {
    /// The same page of what each entry leads to.
    pub(crate) fn map<U>(self, lead: impl Fn(&'a T) -> &'a U) -> Page<'a, U> {
        Page { entries: self.entries.into_iter().map(lead).collect(), next: self.next }
    }
}
