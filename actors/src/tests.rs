//! What the room promises, file by file.

mod accounts;
mod actions;
mod authority;
mod books;
mod budgets;
mod cast;
mod choosing;
mod collectives;
mod coordination;
mod crashes;
mod credits;
mod delegations;
mod explaining;
mod federation;
mod governance;
mod invocations;
mod lifecycle;
mod proposals;
mod registry;
mod routing;
mod session;
mod stage;
mod tasks;
