//! What was configured for a run: parsed and validated once, before anything is touched.

mod agents;
mod alternative;
mod collective;
mod fields;
mod mistake;
mod personas;
mod registrations;
mod requests;
mod retry;
mod routing_rules;
mod scenario;

pub use self::alternative::load_alternative;
pub use self::mistake::{ConfigError, Mistake};
pub use self::personas::{Personas, SimulatedTask, load_personas, load_simulated_tasks};
pub use self::registrations::load_agents;
pub use self::requests::{
    MAX_CONTENT, MAX_REQUEST_ID, MAX_SOURCE, MAX_TITLE, Request, load_requests, parse_requests,
};
pub use self::scenario::{
    GovernanceRule, PricedModel, Route, Scenario, load_scenario, parse_scenario,
};
