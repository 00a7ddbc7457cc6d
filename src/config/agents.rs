//! The agents of a scenario, with the rules of those that answer by rules.

use convoke_actors::command::AgentRegistration;
use convoke_actors::provider::rules;
use convoke_events::{Key, ModelFamily, ModelName, ProviderName, Rate, Slug, Tier, TrustLevel};
use serde_json::{Value, json};

use super::fields::{Field, Fields};

// Together they leave room in an event of 16 KiB for everything around them.
const MAX_NAME: usize = 256;
const MAX_DESCRIPTION: usize = 1024;
const MAX_PROMPT: usize = 4 * 1024;
const MAX_SETTINGS: usize = 6 * 1024;
const MAX_WORDS: usize = 16;

/// Reads one `[[agents]]` table; nothing if there is a mistake in it.
pub(super) fn agent(field: &Field<'_>) -> Option<AgentRegistration> {
    let mut fields = field.table()?;
    let slug = fields.need("slug").and_then(|slug| slug.word::<Slug>());
    let name = match fields.get("name") {
        Some(name) => name.text(1..=MAX_NAME),
        None => slug.as_ref().map(Slug::to_string),
    };
    let description = or(&mut fields, "description", String::new(), |description| {
        description.text(0..=MAX_DESCRIPTION)
    });
    let provider = fields.need("provider").and_then(|provider| known_provider(&provider));
    let model = fields.need("model").and_then(|model| model.word::<ModelName>());
    let family = match fields.get("family") {
        Some(family) => family.word::<ModelFamily>(),
        // Rules err alike only with themselves, models with their line.
        None => match &provider {
            Some(ProviderName::Rules) => slug.as_ref().map(Slug::as_str),
            _ => model.as_ref().map(ModelName::as_str),
        }
        .and_then(|family| ModelFamily::new(family).ok()),
    };
    let trust = or(&mut fields, "trust", TrustLevel::Advisory, Field::word);
    let tier = or(&mut fields, "tier", Tier::T0, Field::word);
    let capabilities =
        or(&mut fields, "capabilities", Vec::new(), |list| list.words(0..=MAX_WORDS));
    let keywords = or(&mut fields, "keywords", Vec::new(), |list| list.words(0..=MAX_WORDS));
    let rate = fields.need("rate").and_then(|rate| rate.number(0..=u64::MAX)).map(Rate::new);
    let system_prompt = fields.need("system_prompt").and_then(|prompt| prompt.text(1..=MAX_PROMPT));
    let settings = settings(&mut fields, field);
    fields.finish();
    Some(AgentRegistration {
        slug: slug?,
        name: name?,
        description: description?,
        provider: provider?,
        model: model?,
        family: family?,
        base_url: None,
        trust: trust?,
        tier: tier?,
        capabilities: capabilities?,
        keywords: keywords?,
        rate: rate?,
        system_prompt: system_prompt?,
        settings: Some(settings?),
    })
}

/// The field read, or what holds without it; nothing if there is a mistake in it.
fn or<'a, T>(
    fields: &mut Fields<'a>,
    name: &'static str,
    otherwise: T,
    read: impl FnOnce(&Field<'a>) -> Option<T>,
) -> Option<T> {
    fields.get(name).map_or(Some(otherwise), |field| read(&field))
}

/// Only providers this command has are taken: the others would fail every request.
pub(super) fn known_provider(field: &Field<'_>) -> Option<ProviderName> {
    let provider = field.word::<ProviderName>()?;
    if provider == ProviderName::Rules {
        return Some(provider);
    }
    field.unlike("`rules`, the one provider that this version of the command has");
    None
}

fn settings(fields: &mut Fields<'_>, agent: &Field<'_>) -> Option<String> {
    let rules = fields.need("rules").and_then(|list| {
        let rules: Vec<Option<Value>> = list.list(1..=usize::MAX)?.iter().map(rule).collect();
        rules.into_iter().collect::<Option<Vec<Value>>>()
    });
    let otherwise = fields.need("otherwise").and_then(|otherwise| {
        let mut fields = otherwise.table()?;
        let answer = answer(&mut fields);
        fields.finish();
        answer
    });
    let settings = json!({ "rules": rules?, "otherwise": otherwise? }).to_string();
    if settings.len() > MAX_SETTINGS {
        let found = format!("rules of {} bytes in all", settings.len());
        agent.mistake(found, format!("at most {MAX_SETTINGS} bytes"));
        return None;
    }
    if let Err(error) = rules::validate(&settings) {
        agent.mistake(format!("rules that do not hold: {error}"), "rules the provider takes");
        return None;
    }
    Some(settings)
}

fn rule(field: &Field<'_>) -> Option<Value> {
    let mut fields = field.table()?;
    let words = fields.need("any").and_then(|any| {
        let words = any.list(1..=usize::MAX)?;
        let words: Vec<Option<String>> = words.iter().map(|word| word.text(1..=128)).collect();
        words.into_iter().collect::<Option<Vec<String>>>()
    });
    let answer = answer(&mut fields);
    fields.finish();
    let (words, mut answer) = (words?, answer?);
    if let Value::Object(answer) = &mut answer {
        answer.insert("any".to_owned(), json!(words));
    }
    Some(answer)
}

fn answer(fields: &mut Fields<'_>) -> Option<Value> {
    let recommend = fields.need("recommend").and_then(|field| {
        let text = field.text(1..=128)?;
        if Key::canonical(&text).is_none() {
            field.unlike("a recommendation with at least one letter or digit");
            return None;
        }
        Some(text)
    });
    let confidence = fields.need("confidence").and_then(|confidence| confidence.share());
    let reason = fields.need("reason").and_then(|reason| reason.text(1..=MAX_DESCRIPTION));
    Some(json!({ "recommend": recommend?, "confidence": confidence?, "reason": reason? }))
}
