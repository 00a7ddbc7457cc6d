//! The hub itself and who may do what in it.

use serde::{Deserialize, Serialize};

use super::enumeration;
use crate::{AccountId, Principal};

enumeration! {
    /// What a person or service may do in a hub.
    Role "role" {
        /// Everything.
        Owner = "owner",
        /// Change agents, policies, prices and budgets.
        Operator = "operator",
        /// Review proposals.
        Reviewer = "reviewer",
        /// Read.
        Auditor = "auditor",
    }
}

/// The hub came to be. Whoever opened it owns it, by a `RoleGranted` of the same append.
/// Text: `name`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubOpened {
    /// The account at the root of the hub's budgets; it is opened in the same append.
    pub account: AccountId,
}

/// A person or service may now act in this role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleGranted {
    /// Who.
    pub principal: Principal,
    /// As what.
    pub role: Role,
}

/// A person or service may no longer act in this role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleWithdrawn {
    /// Who.
    pub principal: Principal,
    /// As what.
    pub role: Role,
}
