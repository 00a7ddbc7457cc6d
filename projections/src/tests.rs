//! The views, fed with a small history written by hand.

mod agreement;
mod boards;
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
mod performing;
mod provenance;
mod ruling;
mod spending;
mod stories;
mod views;
