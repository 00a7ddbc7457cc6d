//! What tests of this room and of those above share: a small federation, a scene in which its hub
//! is given a history, and a provider whose calls wait at a gate.
#![allow(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod federation;
mod gate;
mod loopback;
mod scene;
mod script;

pub use self::federation::{hub, member, orders, submission, task_rules};
pub use self::gate::Gate;
pub use self::loopback::{Heard, Loopback, Say};
pub use self::scene::{Scene, Then, answer};
pub use self::script::{Script, said};
