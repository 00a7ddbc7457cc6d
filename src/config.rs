//! What was configured for a run: parsed and validated once, before anything is touched.

mod agents;
mod fields;
mod mistake;
mod requests;
mod scenario;

pub use self::mistake::{ConfigError, Mistake};
pub use self::requests::{
    MAX_CONTENT, MAX_REQUEST_ID, MAX_SOURCE, MAX_TITLE, Request, load_requests, parse_requests,
};
pub use self::scenario::{
    GovernanceRule, PricedModel, Route, Scenario, load_scenario, parse_scenario,
};
