//! The agents of a scenario, with the rules of those that answer by rules.

use std::collections::BTreeSet;

use convoke_actors::command::AgentRegistration;
use convoke_actors::provider::address::BaseUrl;
use convoke_actors::provider::{rules, settings};
use convoke_events::{Key, ModelFamily, ModelName, ProviderName, Rate, Slug, Tier, TrustLevel};
use serde_json::{Value, json};

use super::fields::{Field, Fields};
use super::known::named;

// Together they leave room in an event of 16 KiB for everything around them.
const MAX_NAME: usize = 256;
const MAX_DESCRIPTION: usize = 1024;
const MAX_PROMPT: usize = 4 * 1024;
const MAX_SETTINGS: usize = 6 * 1024;
const MAX_WORDS: usize = 16;
const MAX_SCOPE: usize = 1024;

/// Reads one `[[agents]]` table, `slugs` being those of the file; nothing if there is a mistake in
/// it.
pub(super) fn agent(field: &Field<'_>, slugs: &BTreeSet<String>) -> Option<AgentRegistration> {
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
    let answered_by = match &provider {
        Some(ProviderName::Rules) => {
            rules_of(&mut fields, field, slugs).map(|settings| (None, Some(settings)))
        }
        Some(provider) => served(&mut fields, provider),
        None => {
            fields.skip(&["base_url", "settings", "rules", "otherwise", "compare"]);
            None
        }
    };
    fields.finish();
    let (base_url, settings) = answered_by?;
    Some(AgentRegistration {
        slug: slug?,
        name: name?,
        description: description?,
        provider: provider?,
        model: model?,
        family: family?,
        base_url,
        trust: trust?,
        tier: tier?,
        capabilities: capabilities?,
        keywords: keywords?,
        rate: rate?,
        system_prompt: system_prompt?,
        settings,
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
    if let ProviderName::Host(_) = provider {
        field.unlike(
            "a provider that this command has: openrouter, gemini, openai, claude-code, rules",
        );
        return None;
    }
    Some(provider)
}

/// Where a real model is served, and the settings of its provider. Mistakes in them are told
/// without what was found: it may be a key.
fn served(
    fields: &mut Fields<'_>,
    provider: &ProviderName,
) -> Option<(Option<String>, Option<String>)> {
    let (url, table) = (fields.get("base_url"), fields.get("settings"));
    let base_url = match &url {
        None => None,
        Some(url) => match url.as_str().map(BaseUrl::new) {
            Some(Ok(base_url)) => Some(base_url.as_str().to_owned()),
            Some(Err(error)) => {
                url.mistake("a text that is none", format!("a base URL: {error}"));
                return None;
            }
            None => {
                url.mistake("something else", "a base URL, such as `http://127.0.0.1:8080/v1`");
                return None;
            }
        },
    };
    let settings = match &table {
        None => None,
        Some(table) => Some(table.json()?.to_string()),
    };
    let place = table.as_ref().or(url.as_ref());
    if let Err(unfit) = settings::check(provider, base_url.as_deref(), settings.as_deref()) {
        if let Some(place) = place {
            place.mistake("what does not hold", format!("what `{provider}` takes: {unfit}"));
        }
        return None;
    }
    Some((base_url, settings))
}

fn rules_of(
    fields: &mut Fields<'_>,
    agent: &Field<'_>,
    slugs: &BTreeSet<String>,
) -> Option<String> {
    let rules = fields.need("rules").and_then(|list| {
        let rules: Vec<Option<Value>> =
            list.list(1..=usize::MAX)?.iter().map(|one| rule(one, slugs)).collect();
        rules.into_iter().collect::<Option<Vec<Value>>>()
    });
    let otherwise = fields.need("otherwise").and_then(|otherwise| {
        let mut fields = otherwise.table()?;
        let answer = answer(&mut fields);
        fields.finish();
        answer
    });
    let compare = fields.get("compare").map(|field| compare(&field));
    let mut settings = json!({ "rules": rules?, "otherwise": otherwise? });
    if let Some(compare) = compare {
        settings = with(settings, "compare", compare?);
    }
    let settings = settings.to_string();
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

fn rule(field: &Field<'_>, slugs: &BTreeSet<String>) -> Option<Value> {
    let mut fields = field.table()?;
    let words = fields.need("any").and_then(|any| {
        let words = any.list(1..=usize::MAX)?;
        let words: Vec<Option<String>> = words.iter().map(|word| word.text(1..=128)).collect();
        words.into_iter().collect::<Option<Vec<String>>>()
    });
    let answer = answer(&mut fields);
    let delegate = fields.get("delegate").map(|field| delegate(&field, slugs));
    let own = fields.get("fields").map(|field| own_fields(&field));
    fields.finish();
    let rule = with(answer?, "any", json!(words?));
    let rule = match own {
        Some(own) => with(rule, "fields", own?),
        None => rule,
    };
    match delegate {
        Some(delegate) => Some(with(rule, "delegate", delegate?)),
        None => Some(rule),
    }
}

/// The object with another field.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Value::Object(object) = &mut object {
        object.insert(name.to_owned(), value);
    }
    object
}

/// What the shape of a task asks for beside the usual answer: texts, and lists of texts.
fn own_fields(field: &Field<'_>) -> Option<Value> {
    let fields = field.table()?.all().into_iter().map(|(name, field)| {
        let said = if field.as_str().is_some() {
            json!(field.text(0..=MAX_DESCRIPTION)?)
        } else {
            let texts = field.list(0..=MAX_WORDS)?;
            let texts: Vec<Option<String>> =
                texts.iter().map(|text| text.text(1..=MAX_DESCRIPTION)).collect();
            json!(texts.into_iter().collect::<Option<Vec<String>>>()?)
        };
        Some((name, said))
    });
    let fields: Vec<Option<(String, Value)>> = fields.collect();
    let fields: Option<serde_json::Map<String, Value>> = fields.into_iter().collect();
    fields.map(Value::Object)
}

/// What a rule hands to another agent of the file.
fn delegate(field: &Field<'_>, slugs: &BTreeSet<String>) -> Option<Value> {
    let mut fields = field.table()?;
    let to = fields.need("to").and_then(|to| named(&to, slugs));
    let scope = fields.need("scope").and_then(|scope| {
        let text = scope.text(1..=MAX_SCOPE)?;
        if Key::canonical(&text).is_none() {
            scope.unlike("a scope with at least one letter or digit");
            return None;
        }
        Some(text)
    });
    let tokens = fields.get("tokens").map_or(Some(None), |it| it.number(1..=u64::MAX).map(Some));
    let trim = or(&mut fields, "trim", false, Field::truth);
    fields.finish();
    let (to, scope, trim) = (to?, scope?, trim?);
    let delegate = json!({ "to": to.as_str(), "scope": scope, "trim": trim });
    Some(match tokens? {
        Some(tokens) => with(delegate, "tokens", json!(tokens)),
        None => delegate,
    })
}

/// How titles are compared.
fn compare(field: &Field<'_>) -> Option<Value> {
    let mut fields = field.table()?;
    let at_least = fields.need("at_least").and_then(|share| share.share());
    let recommend = fields.need("recommend").and_then(|field| recommendation(&field));
    let otherwise = fields.need("otherwise").and_then(|field| recommendation(&field));
    fields.finish();
    let (recommend, otherwise) = (recommend?, otherwise?);
    Some(json!({ "at_least": at_least?, "recommend": recommend, "otherwise": otherwise }))
}

fn recommendation(field: &Field<'_>) -> Option<String> {
    let text = field.text(1..=128)?;
    if Key::canonical(&text).is_none() {
        field.unlike("a recommendation with at least one letter or digit");
        return None;
    }
    Some(text)
}

fn answer(fields: &mut Fields<'_>) -> Option<Value> {
    let recommend = fields.need("recommend").and_then(|field| recommendation(&field));
    let confidence = fields.need("confidence").and_then(|confidence| confidence.share());
    let reason = fields.need("reason").and_then(|reason| reason.text(1..=MAX_DESCRIPTION));
    Some(json!({ "recommend": recommend?, "confidence": confidence?, "reason": reason? }))
}
