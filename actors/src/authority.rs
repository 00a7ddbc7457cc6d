//! Who may give which command.

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{HubEvent, HubId, Principal, Role};

use crate::command::{Caller, Command};
use crate::refusal::Refusal;

/// Says in which roles a caller acts. The host supplies it; it is asked before every command.
pub trait Authority: Send + Sync + 'static {
    /// The caller's roles in this hub; `None` leaves it to the roles the hub granted by events.
    fn roles(&self, hub: &HubId, caller: &Caller) -> Option<BTreeSet<Role>>;
}

/// Everybody acts in the roles that the hub granted them. The default.
#[derive(Clone, Copy, Debug, Default)]
pub struct HubRoles;

impl Authority for HubRoles {
    fn roles(&self, _: &HubId, _: &Caller) -> Option<BTreeSet<Role>> {
        None
    }
}

/// Everybody acts as an owner: for a command on one's own machine, where the file system decides.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalOwner;

impl Authority for LocalOwner {
    fn roles(&self, _: &HubId, _: &Caller) -> Option<BTreeSet<Role>> {
        Some(BTreeSet::from([Role::Owner]))
    }
}

/// The roles a hub granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roles(BTreeMap<Principal, BTreeSet<Role>>);

impl Roles {
    pub(crate) fn of(&self, principal: &Principal) -> BTreeSet<Role> {
        self.0.get(principal).cloned().unwrap_or_default()
    }

    pub(crate) fn is_last_owner(&self, principal: &Principal) -> bool {
        let mut owners = self.0.iter().filter(|(_, roles)| roles.contains(&Role::Owner));
        owners.next().is_some_and(|(owner, _)| owner == principal) && owners.next().is_none()
    }

    pub(crate) fn evolve(&mut self, event: &HubEvent) {
        match event {
            HubEvent::HubOpened(_) => {}
            HubEvent::RoleGranted(granted) => {
                self.0.entry(granted.principal.clone()).or_default().insert(granted.role);
            }
            HubEvent::RoleWithdrawn(withdrawn) => {
                if let Some(roles) = self.0.get_mut(&withdrawn.principal) {
                    roles.remove(&withdrawn.role);
                }
            }
        }
    }
}

/// What a command is, in words, and the least role that may give it.
const fn needed(command: &Command) -> (&'static str, Role) {
    match command {
        Command::OpenHub { .. } => ("open the hub", Role::Owner),
        Command::GrantRole { .. } => ("grant roles", Role::Owner),
        Command::WithdrawRole { .. } => ("withdraw roles", Role::Owner),
        Command::RegisterAgent(_) => ("register agents", Role::Operator),
        Command::RegisterTaskType { .. } => ("register task types", Role::Operator),
        Command::DeactivateAgent { .. } => ("deactivate agents", Role::Operator),
        Command::ReactivateAgent { .. } => ("reactivate agents", Role::Operator),
        Command::SetGovernanceDefault(_) => ("choose the governance default", Role::Operator),
        Command::SetGovernancePolicy(_) => ("set governance policies", Role::Operator),
        Command::SetReviewRules(_) => ("choose the rules of reviews", Role::Operator),
        Command::SetRoutingPolicy { .. } => ("set routing policies", Role::Operator),
        Command::PlaceBid { .. } => ("place bids for agents", Role::Operator),
        Command::SetRoutingRules(_) => ("set routing rules", Role::Operator),
        Command::SetPrice { .. } => ("set prices", Role::Operator),
        Command::SetHubLimits(_) => ("change the hub's limits", Role::Operator),
        Command::ReopenAccount { .. } => ("reopen accounts", Role::Owner),
        Command::Delegate(_) => ("have agents delegate", Role::Operator),
        Command::CancelDelegation { .. } => ("call delegations off", Role::Operator),
        Command::SetLifecycleRules(_) => ("choose the lifecycle rules", Role::Owner),
        Command::IssuePacket(_) => ("issue instruction packets", Role::Operator),
        Command::DecidePlan { .. } => ("decide on plans", Role::Reviewer),
        Command::ApproveUse { .. } => ("approve uses of permissions", Role::Reviewer),
        Command::RevokeAgent { .. } => ("revoke agents", Role::Operator),
        Command::ReinstateAgent { .. } => ("reinstate agents", Role::Owner),
        Command::PromoteAgent { .. } => ("promote agents", Role::Owner),
        Command::SetCollectiveRules(_) => ("set the rules of collectives", Role::Operator),
        Command::SubmitTask(_) => ("hand in tasks", Role::Operator),
        Command::SetRetryRules(_) => ("choose the retry rules", Role::Operator),
        Command::ResolveCall { .. } => ("settle calls in doubt", Role::Operator),
        Command::ReviewProposal(_) => ("review proposals", Role::Reviewer),
        Command::Act(_) => ("act as an agent", Role::Owner),
        Command::SetCoordinationRules(_) => ("set the rules of coordination", Role::Operator),
        Command::OpenVote(_) => ("open votes", Role::Operator),
        Command::DeclareComplexity { .. } => ("say how hard tasks are", Role::Operator),
        Command::ConcludeTask { .. } => ("conclude tasks", Role::Operator),
    }
}

/// Refuses a command whose caller acts in no role that may give it.
pub(crate) fn check(
    principal: &Principal,
    roles: &BTreeSet<Role>,
    command: &Command,
) -> Result<(), Refusal> {
    let (what, needed) = needed(command);
    match (principal, command) {
        // What an agent may do is governance's to say, and nobody acts in its name but itself.
        (Principal::Agent(_), Command::Act(_)) => return Ok(()),
        (_, Command::Act(_)) => return Err(Refusal::NotAnAgent),
        (Principal::Agent(_), _) => {
            return Err(Refusal::RoleMissing { caller: principal.to_string(), what, needed });
        }
        (Principal::Person(_) | Principal::Service(_) | Principal::Runtime, _) => {}
    }
    if roles.contains(&Role::Owner) || roles.contains(&needed) {
        return Ok(());
    }
    Err(Refusal::RoleMissing { caller: principal.to_string(), what, needed })
}
