//! Who decides in a federation of agents.
pub mod action;
pub mod authority;
pub mod command;
pub mod decision;
pub mod difference;
pub mod driver;
pub mod hub;
pub mod invocation;
pub mod lifecycle;
pub mod provider;
pub mod refusal;
pub mod routing;
pub mod shape;

mod answer;
mod budget;
mod collective;
mod coordination;
mod delegation;
mod governance;
mod prompt;
mod proposal;
mod registry;
mod resilience;
mod state;
mod task;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
#[cfg(test)]
mod tests;

pub use self::collective::verdict;
pub use self::registry::BUILT_IN;
pub use self::task::MAX_TASK_BYTES;
