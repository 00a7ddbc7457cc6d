//! What happened in a federation of agents, and where it is kept.
//!
//! This crate holds the words of the domain (ids, numbers, names, the catalogue of events), the
//! record of an event to the byte ([`mod@record`]), and the [`Log`]: an append-only history over a
//! small [`CommitStore`]. Everything else in Convoke is folded from it.
//!
//! It refuses to know who may do what, what an agent is asked, and what a report looks like: it
//! decides nothing but whether an append fits where it wants to land.
//!
//! # Invariants
//!
//! 1. An append lands whole or not at all, on streams of one hub.
//! 2. Positions are dense from 1 and are given by one writer; so are revisions within a stream.
//! 3. Nothing is visible before it is as durable as the log was opened to be.
//! 4. A record is never changed; its hash covers it and every record before it.
//! 5. When the fate of a commit is unknown the log takes nothing more until it is opened again.
//! 6. The same command, told by its idempotency key, lands once, for seven days or a million keys.
//! 7. An event type, once written, can be read for ever: a new shape is a new version.
//! 8. Time comes from a [`Clock`] that is handed in, and what was recorded never goes back in it.
//!
//! # Examples
//!
//! ```
//! use convoke_events::{
//!     Append, CorrelationId, EventId, Expected, InteractionRecorded, Log, Pending, Principal,
//!     Query, StreamId, TextName, Texts, Timestamp,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let log = Log::in_memory();
//! let stream = StreamId::host("support")?;
//! let now = Timestamp::from_micros(1_769_860_800_000_000);
//! let receipt = log
//!     .append(Append {
//!         hub: "intake".parse()?,
//!         principal: Principal::Runtime,
//!         trace: None,
//!         idempotency: None,
//!         content: None,
//!         expected: vec![(stream.clone(), Expected::Empty)],
//!         events: vec![Pending {
//!             id: EventId::mint(now, 1),
//!             stream: stream.clone(),
//!             correlation: CorrelationId::derive(&["support"]),
//!             causation: None,
//!             decided_at: now,
//!             event: InteractionRecorded {}.into(),
//!             texts: Texts::none().with(TextName::BODY, "hello"),
//!         }],
//!     })
//!     .wait()?;
//! assert_eq!(receipt.first.get(), 1);
//!
//! let event = log.read(Query::stream("intake".parse()?, stream)).next().ok_or("no event")??;
//! assert_eq!(event.texts.get(&TextName::BODY), Some("hello"));
//! assert_eq!(log.verify()?.head, Some(receipt.hash));
//! # Ok(())
//! # }
//! ```

mod append;
mod bodies;
mod care;
mod checkpoint;
mod codec;
mod digest;
mod directory;
mod error;
mod event;
pub mod evidence;
mod id;
mod log;
mod merkle;
mod number;
mod principal;
pub mod proof;
#[cfg(test)]
mod properties;
pub mod record;
mod score;
mod signer;
mod store;
mod stream;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
mod text;
mod time;
mod upcast;
mod word;

pub use self::append::{
    Append, AppendError, Idempotency, MAX_APPEND_BYTES, MAX_APPEND_EVENTS, Pending, Prepared,
    Receipt,
};
pub use self::bodies::{BodyError, MAX_TEXT, SweepError, Swept};
pub use self::care::{
    BackupError, Copied, ExportError, Lost, LostText, RepairError, Repaired, RestoreError, repair,
    restore,
};
pub use self::checkpoint::{
    Checkpoint, CheckpointError, CheckpointFileError, CheckpointSink, SignedCheckpoint, VouchError,
    Vouched, newest,
};
pub use self::codec::{CodecError, decode, encode};
pub use self::digest::*;
pub use self::error::{OpenError, ReadError};
pub use self::event::*;
pub use self::id::*;
pub use self::log::chain::Broken;
pub use self::log::engine::Engine;
pub use self::log::landing::{Fence, Landing};
pub use self::log::options::{ClockBehind, Indexing, OnIndexing, Options};
pub use self::log::read::{Events, Query};
pub use self::log::reader::Reader;
pub use self::log::stats::{Growth, Stats};
pub use self::log::subscription::Subscription;
pub use self::log::verify::{Verified, verify};
pub use self::log::vouching::{Pace, Proofs, RotateError, Signing};
pub use self::log::{Head, Log};
pub use self::number::*;
pub use self::principal::*;
pub use self::proof::{ConsistencyProof, InclusionProof, ProveError};
pub use self::record::{Envelope, Recorded};
pub use self::score::Score;
pub use self::signer::*;
pub use self::store::{
    CommitError, CommitStore, Disagreement, Disk, DiskFile, Durability, JournalOptions,
    JournaledStore, MemoryStore, SledStore, StoreReadError, SystemDisk,
};
pub use self::stream::*;
pub use self::text::*;
pub use self::time::*;
pub use self::word::*;
