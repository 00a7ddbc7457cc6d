//! What must hold of the whole, one module per promise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed; helpers outside `#[test]` are not exempt by themselves"
)]

mod binary; // helpers: the real command, its output and its directories

mod calls_survive_kill; // SIGKILL at any step of a call, 200 times: nothing answered is asked again
mod collective_survives_kill; // five in the real runtime, dead at every commit: the same end
mod command_board; // `convoke board`: an empty one, none, and which tasks have one
mod command_budgets; // `convoke budgets …`: the tree, limits by the day, closed accounts opened again
mod command_calls; // `convoke calls …`: cut off by a crash, in doubt, and what a person says of it
mod command_collectives; // `convoke collectives show`: figures, dissent, who is missing, every contribution
mod command_delegations; // `convoke delegations …`: who handed what to whom, and its cost in the tree
mod command_governing; // `convoke policies | roles | agents … | attention | plan`, ready shapes
mod command_hubs; // `--hub`: a hub nobody opened, and one of several that was not named
mod command_log; // `convoke log …`: receipts, order, bad lines, one directory one owner
mod command_packets; // `convoke packets …`, `agents promote`: what agents were told, plans, earned tiers
mod command_registering; // `convoke agents register | revise`: agents from a file, all or none
mod command_report; // `convoke report`: three formats, any moment, one page, and views that stopped
mod command_retry; // `run --retry-failed`: what failed is handed in again, once, and nothing else
mod command_review; // `convoke review`: accepted, rejected, revised, refused
mod command_route; // `convoke route simulate`, `explain`, `what-if`: decisions foreseen and made again
mod command_run; // `convoke run`: the summary, and the same again without an event
mod command_tasks; // `convoke tasks`: what was handed in, how it ended, every attempt
mod command_texts; // texts too long for a record: through `log append` and `run`, and back
mod facade; // `Runtime` in every kind of host program, dropped without a trace
mod golden; // the bytes of every version of every event
mod image; // helpers: data directories taken, put together, damaged
mod injections; // fifty contributions that command their reader, and models that obey them: nothing happens
mod journal_opening; // store, journal and mark that do not say the same: the table, row by row
mod ledgers_agree; // a thousand delegations: ledger, view and raw sums say the same
mod log_appends; // expectations, atomicity, idempotency, group commit
mod log_bodies; // texts too long for a record: kept, checked, swept
mod log_care; // backup, restore, repair, export; reading by time
mod log_damage; // any file damaged after any stop: harmless or refused by name
mod log_directory; // the data directory: lock, format, what is refused
mod log_disk_full; // a clear error at once, nothing lost, and it serves again
mod log_evolution; // what older versions wrote is read, what newer ones wrote is refused
mod log_index_checkpoint; // the index file, long reads, and how subscriptions end
mod log_kill; // `log append` killed at random moments: every receipt printed is there
mod log_proofs; // checkpoints, proofs without the log, keys and who is found out
mod log_reading; // by position, stream, type, hub and correlation; subscriptions
mod log_sync_order; // nothing acknowledged or used again before the sync it needs
mod log_tampering; // a changed, removed, inserted or reordered record is found and named
mod real_models; // agents that real models answer for: through the command and the runtime
mod run_survives_kill; // SIGKILL at any moment, run again: the same end
mod scenario_errors; // malformed input: file, line, field, what is allowed; nothing written
mod secrets_stay; // 20 secrets planted everywhere, and none of them found anywhere
mod sessions; // agents the host runs act in sessions, and the board shows it
mod store_contract; // every store against the contract's MUSTs
mod walls; // who leans on whom
mod wire_failures; // the table: what a provider says, its class, what is recorded and charged
