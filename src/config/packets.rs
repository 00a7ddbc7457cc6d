//! Instruction packets: a file says what an agent is to do on a task, and within what bounds.

use std::path::Path;

use convoke_actors::command::Packet;
use convoke_events::{ArtifactName, Permission, StepName, TaskId, Tier};

use super::fields::Fields;
use super::mistake::ConfigError;
use super::{file, lifecycle};

/// The longest text of a packet, in bytes.
const MAX_WORDS: usize = 4 * 1024;

/// The most steps, artifacts or permissions that a packet names.
const MOST: usize = 64;

/// Reads what an agent is told to do on this task.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read, or with every mistake in it.
pub fn load_packet(from: &Path, task: TaskId) -> Result<Packet, ConfigError> {
    file::load(from, |fields| packet(fields, task))
}

fn packet(mut fields: Fields<'_>, task: TaskId) -> Option<Packet> {
    let agent = fields.need("agent").and_then(|agent| agent.word());
    let tier = fields.get("tier").map_or(Some(None), |tier| tier.word::<Tier>().map(Some));
    let objective = fields.need("objective").and_then(|text| text.text(1..=MAX_WORDS));
    let mut said = |name| {
        fields.get(name).map_or_else(|| Some(String::new()), |text| text.text(0..=MAX_WORDS))
    };
    let (deliverables, scope) = (said("deliverables"), said("scope"));
    let (criteria, escalation) = (said("criteria"), said("escalation"));
    let created_for = said("created_for");
    let steps =
        fields.get("steps").map_or(Some(Vec::new()), |list| list.words::<StepName>(0..=MOST));
    let artifacts = fields
        .get("artifacts")
        .map_or(Some(Vec::new()), |list| list.words::<ArtifactName>(0..=MOST));
    let forbidden =
        fields.get("forbidden").map_or(Some(Vec::new()), |list| list.words::<Permission>(0..=MOST));
    let budget =
        fields.get("budget").map_or(Some(None), |budget| lifecycle::budget(&budget).map(Some));
    fields.finish();
    Some(Packet {
        task,
        agent: agent?,
        tier: tier?,
        objective: objective?,
        deliverables: deliverables?,
        scope: scope?,
        criteria: criteria?,
        escalation: escalation?,
        created_for: created_for?,
        steps: steps?,
        artifacts: artifacts?,
        forbidden: forbidden?.into_iter().collect(),
        budget: budget?,
    })
}
