//! Names read before: records near each other share most of theirs.

use std::str::FromStr;

use crate::event::Decoder;
use crate::{HubId, Principal, StreamId};

/// How many names of a kind are kept, as a power of two.
const BITS: u32 = 6;

/// The names a reader has met, so that each is not taken apart and copied with every record.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(super) hubs: Met<HubId>,
    pub(super) streams: Met<StreamId>,
    pub(super) principals: Met<Principal>,
    /// What reads the facts of a type, and of which of its versions.
    pub(super) decoders: Met<(u16, Decoder)>,
}

/// Names of one kind, each in the one slot that its spelling says.
#[derive(Debug)]
pub(super) struct Met<T>(Vec<Option<(Box<str>, T)>>);

impl<T> Default for Met<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone> Met<T> {
    /// What this spelling stands for, if what was met before will do; else what is made of it.
    pub(super) fn find(
        &mut self,
        text: &str,
        will_do: impl Fn(&T) -> bool,
        make: impl Fn() -> Option<T>,
    ) -> Option<T> {
        if self.0.is_empty() {
            self.0.resize_with(1 << BITS, || None);
        }
        let slot = self.0.get_mut(slot(text))?;
        if let Some((spelled, met)) = slot
            && **spelled == *text
            && will_do(met)
        {
            return Some(met.clone());
        }
        let new = make()?;
        *slot = Some((text.into(), new.clone()));
        Some(new)
    }
}

impl<T: FromStr + Clone> Met<T> {
    /// The name of this spelling; nothing if it is none.
    pub(super) fn parse(&mut self, text: &str) -> Option<T> {
        self.find(text, |_| true, || text.parse().ok())
    }
}

/// Names of a kind mostly differ at their ends.
fn slot(text: &str) -> usize {
    let end = text.as_bytes().last_chunk().copied().map(u64::from_be_bytes);
    let end = end.unwrap_or_else(|| text.bytes().fold(0, |end, byte| end << 8 | u64::from(byte)));
    // The golden ratio spreads what differs in one character over the uppermost bits.
    usize::try_from(end.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - BITS)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_its_spelling_says_whatever_was_met_before() {
        let mut met = Met::<StreamId>::default();
        for round in 0..3 {
            for number in 0..1_000 {
                let name = format!("host/{number}");
                assert_eq!(met.parse(&name).unwrap().as_str(), name, "in round {round}");
            }
        }
        assert_eq!(met.0.len(), 1 << BITS);
    }

    #[test]
    fn names_that_differ_in_a_digit_are_kept_side_by_side() {
        let mut met = Met::<HubId>::default();
        let hubs: Vec<_> = (0..10).map(|hub| met.parse(&format!("hub-{hub}")).unwrap()).collect();
        let kept = met.0.iter().flatten().filter(|(_, hub)| hubs.contains(hub)).count();
        assert!(kept > 6, "{kept} of ten");
    }

    #[test]
    fn what_is_no_name_is_none_twice() {
        let mut met = Met::<HubId>::default();
        assert_eq!(met.parse("No Hub"), None);
        assert_eq!(met.parse("No Hub"), None);
    }
}
