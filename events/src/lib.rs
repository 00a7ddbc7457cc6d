//! placeholder

mod append;
mod codec;
mod digest;
mod directory;
mod error;
mod event;
mod id;
mod log;
mod number;
mod principal;
pub mod record;
mod store;
mod stream;
mod text;
mod time;
mod word;

pub use self::append::{
    Append, AppendError, Idempotency, MAX_APPEND_BYTES, MAX_APPEND_EVENTS, Pending, Receipt,
};
pub use self::codec::{CodecError, decode, encode};
pub use self::digest::*;
pub use self::error::{OpenError, ReadError};
pub use self::event::*;
pub use self::id::*;
pub use self::log::chain::Broken;
pub use self::log::engine::Engine;
pub use self::log::landing::{Fence, Landing};
pub use self::log::options::{ClockBehind, Options};
pub use self::log::read::{Direction, Events, Query};
pub use self::log::reader::Reader;
pub use self::log::stats::Stats;
pub use self::log::subscription::Subscription;
pub use self::log::verify::{Verified, verify};
pub use self::log::{Head, Log};
pub use self::number::*;
pub use self::principal::*;
pub use self::record::{Envelope, Recorded};
pub use self::store::{
    CommitError, CommitStore, Durability, MemoryStore, SledStore, StoreReadError,
};
pub use self::stream::*;
pub use self::text::*;
pub use self::time::*;
pub use self::word::*;

#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
