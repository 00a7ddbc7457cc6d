//! `convoke policies`: what agents may do and whom to ask, and who changes that.

mod governance;
mod routing;

use convoke_events::Receipt;

use super::args::Global;
use super::args::policies::{Policies, PoliciesCommand};
use super::failure::Failure;
use super::render::{Output, plain};

pub(super) fn policies(
    global: &Global,
    args: &Policies,
    output: &mut Output,
) -> Result<(), Failure> {
    match &args.command {
        None | Some(PoliciesCommand::List) => governance::list(global, &args.hub, output),
        Some(PoliciesCommand::Show { at }) => governance::show(global, &args.hub, at, output),
        Some(PoliciesCommand::Set { at, allow, reviewers, by }) => {
            governance::set(global, &args.hub, (at, allow, *reviewers), by, output)
        }
        Some(PoliciesCommand::Toggle { at, by }) => {
            governance::toggle(global, &args.hub, at, by, output)
        }
        Some(PoliciesCommand::Routing(args_of_routing)) => {
            routing::policies(global, &args.hub, args_of_routing, output)
        }
    }
}

/// Says in words what a policy is now, and where that was recorded.
fn told(
    policy: &str,
    active: bool,
    (by, receipt): (&str, Option<Receipt>),
    output: &mut Output,
) -> Result<(), Failure> {
    let state = if active { "holds" } else { "is switched off" };
    output.line(format_args!("the policy {policy} {state}"))?;
    match receipt {
        Some(receipt) => {
            let by = plain(by);
            output.line(format_args!("recorded at position {}, by {by}", receipt.last))?;
        }
        None => output.line("it was so before")?,
    }
    Ok(())
}

const fn yes_or_no(truth: bool) -> &'static str {
    if truth { "yes" } else { "no" }
}
