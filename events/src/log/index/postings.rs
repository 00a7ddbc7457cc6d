//! Positions that only grow, in a byte or two each.

use crate::Position;

/// After how many positions a mark is set, from which reading can begin.
const STEP: u64 = 128;

/// Positions in increasing order, each kept as its distance from the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Postings {
    count: u64,
    last: u64,
    /// Distances as LEB128.
    distances: Vec<u8>,
    marks: Vec<Mark>,
}

/// Where a run of [`STEP`] positions begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    /// The position before the run.
    before: u64,
    /// Where the run's distances begin.
    at: usize,
}

const START: Mark = Mark { before: 0, at: 0 };

impl Postings {
    /// Adds a position behind all others; one that is not is left out.
    pub(crate) fn push(&mut self, position: Position) {
        let Some(distance) = position.get().checked_sub(self.last).filter(|d| *d > 0) else {
            return;
        };
        if self.count > 0 && self.count.is_multiple_of(STEP) {
            self.marks.push(Mark { before: self.last, at: self.distances.len() });
        }
        write_number(&mut self.distances, distance);
        self.count += 1;
        self.last = position.get();
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// The first `limit` positions within `from..=to`.
    pub(crate) fn forward(&self, from: Position, to: u64, limit: usize) -> Vec<Position> {
        let run = self.marks.partition_point(|mark| mark.before < from.get());
        let mark = run.checked_sub(1).and_then(|run| self.marks.get(run));
        self.run(*mark.unwrap_or(&START))
            .skip_while(|position| *position < from)
            .take_while(|position| position.get() <= to)
            .take(limit)
            .collect()
    }

    /// The last `limit` positions within `from..=to`, the newest first.
    pub(crate) fn backward(&self, from: Position, to: u64, limit: usize) -> Vec<Position> {
        let mut found = Vec::new();
        let end = self.marks.partition_point(|mark| mark.before < to);
        let marks = self.marks.get(..end).unwrap_or_default();
        let step = usize::try_from(STEP).unwrap_or(usize::MAX);
        for mark in marks.iter().rev().chain([&START]) {
            let run = self.run(*mark).take(step);
            let run: Vec<_> = run.take_while(|position| position.get() <= to).collect();
            let within = run.into_iter().rev().take_while(|position| *position >= from);
            found.extend(within.take(limit - found.len()));
            if found.len() == limit || mark.before < from.get() {
                break;
            }
        }
        found
    }

    fn run(&self, mark: Mark) -> impl Iterator<Item = Position> {
        let mut rest = self.distances.get(mark.at..).unwrap_or_default();
        let mut before = mark.before;
        std::iter::from_fn(move || {
            before = before.checked_add(read_number(&mut rest)?)?;
            Position::new(before)
        })
    }

    /// Bytes of memory it takes beside itself.
    pub(crate) fn heap(&self) -> usize {
        self.distances.capacity() + self.marks.capacity() * size_of::<Mark>()
    }

    /// Writes it down.
    pub(crate) fn save(&self, out: &mut Vec<u8>) {
        write_number(out, self.count);
        write_number(out, number(self.distances.len()));
        out.extend(&self.distances);
    }

    /// Reads what [`Self::save`] wrote, from the front of `bytes`; nothing if it is something else.
    pub(crate) fn load(bytes: &mut &[u8]) -> Option<Self> {
        let count = read_number(bytes)?;
        let length = usize::try_from(read_number(bytes)?).ok()?;
        let (distances, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        let mut marks = Vec::new();
        let (mut left, mut last) = (distances, 0_u64);
        for nth in 0..count {
            if nth > 0 && nth.is_multiple_of(STEP) {
                marks.push(Mark { before: last, at: length - left.len() });
            }
            last = last.checked_add(read_number(&mut left).filter(|distance| *distance > 0)?)?;
        }
        let whole = left.is_empty();
        whole.then(|| Self { count, last, distances: distances.to_vec(), marks })
    }
}

pub(crate) fn number(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Writes a number as LEB128: seven bits a byte, the lowest first.
pub(crate) fn write_number(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

/// Reads a number from the front of `bytes`; nothing if there is none.
pub(crate) fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(position: u64) -> Position {
        Position::new(position).unwrap()
    }

    fn postings(positions: impl IntoIterator<Item = u64>) -> Postings {
        let mut postings = Postings::default();
        positions.into_iter().for_each(|position| postings.push(at(position)));
        postings
    }

    proptest! {
        #[test]
        fn any_part_is_read_either_way_as_from_a_plain_list(
            distances in proptest::collection::vec(1..400_u64, 0..600),
            from in 1..60_000_u64,
            to in 0..60_000_u64,
            limit in 1..600_usize,
        ) {
            let mut last = 0;
            let plain: Vec<u64> = distances.iter().map(|distance| {
                last += distance;
                last
            }).collect();
            let postings = postings(plain.iter().copied());
            let within = || plain.iter().copied().filter(|p| (from..=to).contains(p));
            let forward: Vec<_> = within().take(limit).map(at).collect();
            prop_assert_eq!(postings.forward(at(from), to, limit), forward);
            let backward: Vec<_> = within().rev().take(limit).map(at).collect();
            prop_assert_eq!(postings.backward(at(from), to, limit), backward);
            let mut saved = Vec::new();
            postings.save(&mut saved);
            prop_assert_eq!(Postings::load(&mut &saved[..]), Some(postings));
        }

        #[test]
        fn numbers_are_read_back_as_they_are_written(number: u64) {
            let mut bytes = Vec::new();
            write_number(&mut bytes, number);
            prop_assert_eq!(read_number(&mut &bytes[..]), Some(number));
        }
    }

    #[test]
    fn positions_that_follow_each_other_take_a_byte_each() {
        let postings = postings(1..=100_000);
        assert_eq!(postings.count(), 100_000);
        assert!(postings.heap() < 200_000, "{}", postings.heap());
    }

    #[test]
    fn a_position_that_is_not_behind_the_others_is_left_out() {
        assert_eq!(postings([5, 5, 3, 9]), postings([5, 9]));
    }
}
