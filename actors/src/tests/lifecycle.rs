//! The governed life of an agent on a task, rule by rule.

pub(super) mod desk;
mod errors;
mod handoffs;
mod leases;
mod phases;
mod revocations;
mod tiers;
