//! A verdict explained: its figures, and what each voice weighs by which record.

use convoke_actors::verdict::Explanation;
use convoke_events::{Acceptance, VerdictReached, Voice};
use convoke_projections::Agents;

use crate::cli::failure::Failure;
use crate::cli::render::{Output, Table, plain};
use crate::cli::verdicts::{in_words, tell_figures};

pub(super) fn tell(
    explanation: &Explanation,
    agents: &Agents,
    output: &mut Output,
) -> Result<(), Failure> {
    let VerdictReached { collective, rule, rule_version, verdict, figures, basis } =
        &explanation.recorded;
    output.fact("collective", collective)?;
    output.fact("verdict", plain(&in_words(verdict)))?;
    output.fact("rule", format_args!("{rule} v{rule_version}"))?;
    tell_figures(*rule, figures, output)?;
    let Acceptance { right, judged } = basis.hub;
    output.fact("evidence", format_args!("{right} of {judged} credits of the hub were right"))?;
    output.fact("reason", plain(&explanation.reason))?;
    output.line("")?;
    let mut table = Table::new(&["agent", "family", "recommends", "right#", "judged#", "weight#"]);
    for (Voice { agent, agent_version, family, key, acceptance }, weight) in
        basis.voices.iter().zip(&figures.weights)
    {
        let known = agents.get(*agent);
        let slug = known.map_or_else(|| agent.to_string(), |one| one.slug.to_string());
        table.row([
            format!("{slug} v{agent_version}"),
            family.to_string(),
            key.to_string(),
            acceptance.right.to_string(),
            acceptance.judged.to_string(),
            format!("{weight:.4}"),
        ]);
    }
    output.table(&table)?;
    Ok(())
}
