//! The views, fed with a small history written by hand.

mod agreement;
mod checkpoints;
mod federation;
mod following;
mod history;
mod ruling;
mod spending;
mod stories;
mod views;
