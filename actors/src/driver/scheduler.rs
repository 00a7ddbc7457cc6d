//! The seeded scheduler: a hub, its log and its agents on one thread, in an order that a seed draws.
//!
//! It owns what threads and machines own in production: which command comes when, how many appends
//! the writer takes at once, when their fate is told and in which order, which call ends first, how
//! far the clock moves, and when everything in memory is lost. The same seed makes the same run.

mod world;

pub use self::world::{Faults, Report, World};

/// A small generator of numbers that only tests draw from (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall as this seed says.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut drawn = self.0;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        drawn ^= drawn >> 31;
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(drawn.checked_rem(bound).unwrap_or(0)).unwrap_or(0)
    }
}
