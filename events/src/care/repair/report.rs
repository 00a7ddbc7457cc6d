//! What a repair says of a damaged data directory.

use serde::Serialize;

use crate::{Digest, LogId, Position};

/// What a repair kept, and what it could not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// Which log; none where no record was found.
    pub log: Option<LogId>,
    /// How many events the new log has: every one up to the first that is not intact.
    pub events: u64,
    /// The hash chain's link at the newest of them.
    pub head: Option<Digest>,
    /// How many texts from beside the log were kept.
    pub texts: u64,
    /// How many records behind the first gap are kept in `salvage.jsonl`.
    pub salvaged: u64,
    /// How many signed checkpoints were kept: those that are signed by the key of their time and say
    /// of the new log what it is.
    pub checkpoints: u64,
    /// Positions of which nothing intact was found.
    pub lost: Vec<Lost>,
    /// Texts beside the log of which nothing intact was found.
    pub lost_texts: Vec<LostText>,
}

/// Neighbouring positions of which nothing intact was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// The first of them.
    pub first: Position,
    /// The last of them.
    pub last: Position,
    /// Why they are missed.
    pub why: String,
}

/// A text beside the log of which nothing intact was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LostText {
    /// The event that names it.
    pub position: Position,
    /// Its name there.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
}
