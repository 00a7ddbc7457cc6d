//! The views, fed with a small history written by hand.

/// Does the same with every view there is.
macro_rules! every_view {
    ($check:ident($($argument:expr),*)) => {
        every_view!($check($($argument),*):
            Agents, Attention, Boards, Budgets, Calls, Collectives, Delegations, Estimates,
            Governance, Lifecycle, Packets, Performance, Proposals, Roles, Routing, Tasks, Trust)
    };
    ($check:ident$arguments:tt: $($view:ident),*) => { $($check::<$view>$arguments;)* };
}

mod agreement;
mod asking;
mod attempts;
mod boards;
mod calls;
mod checkpoints;
mod delegating;
mod delegations;
mod estimates;
mod federation;
mod following;
mod histories;
mod history;
mod lineups;
mod lives;
mod packets;
mod performing;
mod provenance;
mod ruling;
mod spending;
mod stories;
mod views;
mod waiting;
