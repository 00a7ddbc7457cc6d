//! `convoke log tail` and `show`: what lies in the log.

use convoke_events::{Log, Position, Query, Recorded};
use serde_json::{Map, Value, json};

use crate::cli::failure::Failure;
use crate::cli::render::{Output, Table, brief, plain};

pub(super) fn tail(log: &Log, number: usize, output: &mut Output) -> Result<(), Failure> {
    let newest = log.read(Query::all().backward()).take(number);
    let mut events = newest.collect::<Result<Vec<Recorded>, _>>()?;
    events.reverse();
    if output.json {
        for event in &events {
            output.json(&document(event))?;
        }
        return Ok(());
    }
    let mut table = Table::new(&["position#", "recorded at", "hub", "event", "stream", "text"]);
    for event in &events {
        let envelope = &event.envelope;
        let text = event.texts.iter().find_map(|text| event.texts.get(&text.name));
        table.row([
            envelope.position.to_string(),
            envelope.recorded_at.to_string(),
            envelope.hub.to_string(),
            event.event.event_type().to_owned(),
            envelope.stream.to_string(),
            brief(text.unwrap_or(""), 40),
        ]);
    }
    Ok(output.table(&table)?)
}

pub(super) fn show(log: &Log, position: Position, output: &mut Output) -> Result<(), Failure> {
    let mut found = log.read(Query::all().from(position).to(position));
    let what = "event at position";
    let event =
        found.next().ok_or_else(|| Failure::Unknown { what, name: position.to_string() })??;
    if output.json {
        return Ok(output.json(&document(&event))?);
    }
    let Value::Object(document) = document(&event) else { return Ok(()) };
    for (name, value) in document.iter().filter(|(name, _)| *name != "facts" && *name != "texts") {
        match value {
            Value::Null => {}
            Value::String(text) => output.fact(name, plain(text))?,
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                output.fact(name, value)?;
            }
        }
    }
    output.line("facts:")?;
    output.text(&format!("{:#}", event.event.to_json()))?;
    for text in event.texts.iter() {
        output.line(format_args!("{} ({}):", text.name, text.media.as_str()))?;
        output.text(text.body.content().unwrap_or_default())?;
    }
    Ok(())
}

/// An event as one JSON object: its envelope, its facts, its texts, its hash.
fn document(event: &Recorded) -> Value {
    let envelope = serde_json::to_value(&event.envelope);
    let Ok(Value::Object(mut document)) = envelope else { return Value::Null };
    let texts: Map<String, Value> = event
        .texts
        .iter()
        .map(|text| (text.name.to_string(), json!(text.body.content())))
        .collect();
    document.insert("event_type".to_owned(), json!(event.event.event_type()));
    document.insert("version".to_owned(), json!(event.event.version()));
    document.insert("facts".to_owned(), event.event.to_json());
    document.insert("texts".to_owned(), Value::Object(texts));
    document.insert("hash".to_owned(), json!(event.hash));
    Value::Object(document)
}
