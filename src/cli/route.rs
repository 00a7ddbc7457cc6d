//! `convoke route simulate`: what routing by bid would decide, of agents and bids from files.

use convoke_actors::routing::simulate::{Scoring, Simulated, simulate};
use convoke_events::{AgentId, RoutingRules, Score};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::args::route::{Route, RouteCommand, Simulate};
use super::failure::Failure;
use super::render::{Output, Table, brief};
use crate::config::{Personas, load_personas, load_simulated_tasks};

pub(super) fn route(args: &Route, output: &mut Output) -> Result<(), Failure> {
    match &args.command {
        RouteCommand::Simulate(args) => all(args, output),
    }
}

fn all(args: &Simulate, output: &mut Output) -> Result<(), Failure> {
    let personas = load_personas(&args.agents)?;
    let tasks = load_simulated_tasks(&args.tasks, &personas)?;
    let mut rules = RoutingRules::default();
    if args.seed.is_none() {
        rules.exploration = 0;
    }
    let mut scoring = Scoring { strategy: args.strategy, rules, seed: args.seed.unwrap_or(0) };
    let mut table = Table::new(&["task", "selected", "why"]);
    for task in &tasks {
        let decided = simulate(&scoring, &personas.agents, &task.task, &task.bids);
        scoring.seed = scoring.seed.wrapping_add(1);
        let selected = decided.selected.map(|agent| personas.slug(agent));
        let line = Line {
            task: &task.task,
            selected,
            scores: Named { personas: &personas, scores: &decided.matches },
            combined: Named { personas: &personas, scores: &decided.combined },
            reason: reason(&personas, &decided),
        };
        if output.json {
            output.json(&line)?;
        } else {
            table.row([brief(line.task, 60), selected.unwrap_or("-").to_owned(), line.reason]);
        }
    }
    if !output.json {
        output.table(&table)?;
    }
    Ok(())
}

/// What would be decided on one task.
#[derive(Serialize)]
struct Line<'a> {
    task: &'a str,
    selected: Option<&'a str>,
    /// How everyone's words match.
    scores: Named<'a>,
    /// What the bids come to, in bidding order.
    combined: Named<'a>,
    reason: String,
}

/// Scores under the names of their agents, in order.
struct Named<'a> {
    personas: &'a Personas,
    scores: &'a [(AgentId, Score)],
}

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.scores.len()))?;
        for (agent, score) in self.scores {
            map.serialize_entry(self.personas.slug(*agent), score)?;
        }
        map.end()
    }
}

fn reason(personas: &Personas, decided: &Simulated) -> String {
    let winner = decided.combined.iter().find(|(agent, _)| Some(*agent) == decided.selected);
    let Some((agent, score)) = winner else {
        return "nobody bid".to_owned();
    };
    let equal = decided.combined.iter().filter(|(_, other)| other == score).count();
    let tie =
        if equal > 1 { format!(", the earliest of {equal} equal ones") } else { String::new() };
    let bids = decided.combined.len();
    let slug = personas.slug(*agent);
    format!("{slug} has the highest of {bids} sums: {:.4}{tie}", score.get())
}
