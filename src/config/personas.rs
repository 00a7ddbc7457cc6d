//! Personas: the agents and tasks of a simulation, from files of their own shape.

use std::collections::BTreeMap;
use std::path::Path;

use convoke_actors::routing::simulate::Persona;
use convoke_events::{AgentId, Capability, Keyword, Rate};
use serde_json::{Map, Value};

use super::mistake::{Allowed, ConfigError, Mistake, quoted};

/// The agents of a simulation, in the order of the file's slugs.
#[derive(Clone, Debug, PartialEq)]
pub struct Personas {
    /// The agents.
    pub agents: Vec<Persona>,
    slugs: BTreeMap<AgentId, String>,
}

impl Personas {
    /// What an agent is called in the file; nothing where it is not one of them.
    pub fn slug(&self, agent: AgentId) -> &str {
        self.slugs.get(&agent).map_or("", String::as_str)
    }
}

/// A task of a simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedTask {
    /// Its description.
    pub task: String,
    /// Who asks how much, in bidding order.
    pub bids: Vec<(AgentId, Rate)>,
}

/// Reads agents: an object of slugs, each with its `capabilities` and `keywords`; other fields are
/// passed over.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read, or with every mistake in it.
pub fn load_personas(file: &Path) -> Result<Personas, ConfigError> {
    let text = read(file)?;
    let mut mistakes = Mistakes { file, line: 1, list: Vec::new() };
    let found: Map<String, Value> = match serde_json::from_str(&text) {
        Ok(Value::Object(found)) => found,
        Ok(_) => {
            mistakes.add("", "another value".to_owned(), "a JSON object of agents");
            Map::new()
        }
        Err(error) => {
            mistakes.line = error.line();
            mistakes.add("", error.to_string(), "JSON");
            Map::new()
        }
    };
    let (mut agents, mut slugs) = (Vec::new(), BTreeMap::new());
    for (slug, fields) in &found {
        let agent = AgentId::derive(&[slug]);
        slugs.insert(agent, slug.clone());
        let keywords = mistakes.words::<Keyword>(slug, fields, "keywords");
        let capabilities = mistakes.words::<Capability>(slug, fields, "capabilities");
        agents.push(Persona { agent, keywords, capabilities, right: 0, decided: 0 });
    }
    mistakes.none_or(Personas { agents, slugs })
}

/// Reads tasks, one JSON object with `task` and `bids` per line; other fields are passed over.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read, or with every mistake in it.
pub fn load_simulated_tasks(
    file: &Path,
    personas: &Personas,
) -> Result<Vec<SimulatedTask>, ConfigError> {
    let text = read(file)?;
    let mut mistakes = Mistakes { file, line: 0, list: Vec::new() };
    let mut tasks = Vec::new();
    for line in text.lines() {
        mistakes.line = mistakes.line.saturating_add(1);
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Value>(line) {
            Ok(value) => tasks.extend(mistakes.task(&value, personas)),
            Err(error) => mistakes.add("", error.to_string(), "a JSON object"),
        }
    }
    mistakes.none_or(tasks)
}

fn read(file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file)
        .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })
}

/// The mistakes found so far, and where the next one would be.
struct Mistakes<'a> {
    file: &'a Path,
    line: usize,
    list: Vec<Mistake>,
}

impl Mistakes<'_> {
    fn add(&mut self, field: &str, found: String, allowed: &str) {
        let (file, field, allowed) = (self.file.to_owned(), field.to_owned(), allowed.to_owned());
        self.list.push(Mistake { file, line: self.line, field, found, allowed });
    }

    fn none_or<T>(self, read: T) -> Result<T, ConfigError> {
        if self.list.is_empty() {
            Ok(read)
        } else {
            Err(ConfigError::Mistaken { mistakes: self.list })
        }
    }

    /// The words of an agent's field; without the field it has none.
    fn words<T: std::str::FromStr<Err: Allowed>>(
        &mut self,
        slug: &str,
        fields: &Value,
        name: &str,
    ) -> Vec<T> {
        let field = format!("{slug}.{name}");
        let nothing = Vec::new();
        let words = match fields.get(name) {
            Some(Value::Array(words)) => words,
            None if fields.is_object() => &nothing,
            found => {
                let found = quoted(&found.unwrap_or(fields).to_string());
                self.add(&field, found, "a list of words");
                &nothing
            }
        };
        let mut read = Vec::new();
        for (place, word) in words.iter().enumerate() {
            let parsed: Result<T, T::Err> = word.as_str().unwrap_or("").parse();
            match parsed {
                Ok(word) => read.push(word),
                Err(error) => {
                    let field = format!("{field}[{place}]");
                    self.add(&field, quoted(&word.to_string()), &error.allowed());
                }
            }
        }
        read
    }

    fn task(&mut self, value: &Value, personas: &Personas) -> Option<SimulatedTask> {
        let Some(task) = value.get("task").and_then(Value::as_str) else {
            self.add("task", "no text".to_owned(), "the task's description");
            return None;
        };
        let Some(list) = value.get("bids").and_then(Value::as_array) else {
            self.add("bids", "no list".to_owned(), "a list of [slug, amount]");
            return None;
        };
        let mut bids: Vec<(AgentId, Rate)> = Vec::new();
        for (place, bid) in list.iter().enumerate() {
            let slug = bid.get(0).and_then(Value::as_str);
            let amount = bid.get(1).and_then(Value::as_u64);
            let agent = slug.map(|slug| AgentId::derive(&[slug]));
            let known = agent.filter(|agent| !personas.slug(*agent).is_empty());
            let field = format!("bids[{place}]");
            match (known, amount) {
                (Some(agent), _) if bids.iter().any(|(bidder, _)| *bidder == agent) => {
                    self.add(&field, quoted(&bid.to_string()), "each agent's bid once");
                }
                (Some(agent), Some(amount)) => bids.push((agent, Rate::new(amount))),
                _ => {
                    let allowed = "[slug, amount], the slug one of the agents', the amount a whole \
                                   number from 0";
                    self.add(&field, quoted(&bid.to_string()), allowed);
                }
            }
        }
        Some(SimulatedTask { task: task.to_owned(), bids })
    }
}
