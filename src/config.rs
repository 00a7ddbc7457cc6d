//! What was configured for a run: parsed and validated once, before anything is touched.

mod agents;
mod alternative;
mod collective;
mod fields;
mod file;
mod known;
mod lifecycle;
mod limits;
mod mistake;
mod packets;
mod personas;
mod policies;
mod registrations;
mod requests;
mod retry;
mod reviews;
mod routing_rules;
mod scenario;
mod task_types;
mod tasks;

pub use self::alternative::load_alternative;
pub use self::mistake::{ConfigError, Mistake};
pub use self::packets::load_packet;
pub use self::personas::{Personas, SimulatedTask, load_personas, load_simulated_tasks};
pub use self::policies::{GovernanceRule, Route};
pub use self::registrations::load_agents;
pub use self::requests::{
    MAX_CONTENT, MAX_REQUEST_ID, MAX_SOURCE, MAX_TITLE, Request, load_requests, parse_requests,
};
pub use self::scenario::{PricedModel, Scenario, load_scenario, parse_scenario};
pub use self::task_types::OwnTaskType;
