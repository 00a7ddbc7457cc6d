//! Reading a JSON object setting by setting; what is wrong is named, and no value repeated.

use serde_json::{Map, Value};

/// What is wrong with an agent's settings. It repeats no value: somebody may have put a key there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// They are no JSON object.
    #[error("its settings are no JSON object")]
    NoObject,
    /// There is no such setting.
    #[error("its settings hold {found}, expected some of: {}", .known.join(", "))]
    Unknown {
        /// The name, where it looks like one.
        found: String,
        /// Every setting there is.
        known: Vec<&'static str>,
    },
    /// A setting does not hold what it should.
    #[error("its setting `{setting}` is not {expected}")]
    Unfit {
        /// Which.
        setting: &'static str,
        /// What it may hold.
        expected: &'static str,
    },
    /// A setting holds another word.
    #[error("its setting `{setting}` is none of: {}", .known.join(", "))]
    NoWord {
        /// Which.
        setting: &'static str,
        /// Every word it may hold.
        known: Vec<String>,
    },
}

/// An object under reading.
pub(super) struct Reading(Map<String, Value>);

impl Reading {
    pub(super) fn new(
        settings: Option<&str>,
        known: &[&'static str],
    ) -> Result<Self, SettingsError> {
        let object = serde_json::from_str(settings.unwrap_or("{}"));
        let Ok(Value::Object(object)) = object else { return Err(SettingsError::NoObject) };
        unknown(&object, known)?;
        Ok(Self(object))
    }

    pub(super) fn text(
        &self,
        setting: &'static str,
        expected: &'static str,
        fits: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, SettingsError> {
        let Some(value) = self.0.get(setting) else { return Ok(None) };
        let text = value.as_str().filter(|text| fits(text));
        text.map(|text| Some(text.to_owned())).ok_or(SettingsError::Unfit { setting, expected })
    }

    pub(super) fn word<'a>(
        &self,
        setting: &'static str,
        known: &[&'a str],
    ) -> Result<Option<&'a str>, SettingsError> {
        let Some(value) = self.0.get(setting) else { return Ok(None) };
        let word = known.iter().find(|word| value.as_str() == Some(**word));
        let none = || {
            let known = known.iter().map(|word| (*word).to_owned()).collect();
            SettingsError::NoWord { setting, known }
        };
        word.copied().map(Some).ok_or_else(none)
    }

    pub(super) fn truth(&self, setting: &'static str) -> Result<Option<bool>, SettingsError> {
        let Some(value) = self.0.get(setting) else { return Ok(None) };
        let expected = "true or false";
        value.as_bool().map(Some).ok_or(SettingsError::Unfit { setting, expected })
    }

    pub(super) fn number(&self, setting: &'static str) -> Result<Option<u64>, SettingsError> {
        let Some(value) = self.0.get(setting) else { return Ok(None) };
        let number = value.as_u64().filter(|number| (1..=1_000_000).contains(number));
        let expected = "a whole number from 1 to 1000000";
        number.map(Some).ok_or(SettingsError::Unfit { setting, expected })
    }

    pub(super) fn share(
        &self,
        setting: &'static str,
        most: f64,
        expected: &'static str,
    ) -> Result<Option<f64>, SettingsError> {
        let Some(value) = self.0.get(setting) else { return Ok(None) };
        let number = value.as_f64().filter(|number| (0.0..=most).contains(number));
        number.map(Some).ok_or(SettingsError::Unfit { setting, expected })
    }

    /// A list of names; none without it.
    pub(super) fn texts(
        &self,
        setting: &'static str,
        most: usize,
    ) -> Result<Vec<String>, SettingsError> {
        let Some(value) = self.0.get(setting) else { return Ok(Vec::new()) };
        let expected = "a list of names of at most 128 bytes each";
        let unfit = || SettingsError::Unfit { setting, expected };
        let list = value.as_array().filter(|list| list.len() <= most).ok_or_else(unfit)?;
        let name = |value: &Value| {
            let name = value.as_str().filter(|name| (1..=128).contains(&name.len()));
            name.map(str::to_owned).ok_or_else(unfit)
        };
        list.iter().map(name).collect()
    }

    pub(super) fn object(
        &self,
        setting: &'static str,
        known: &[&'static str],
    ) -> Result<Option<Value>, SettingsError> {
        let Some(value) = self.0.get(setting) else { return Ok(None) };
        let expected = "an object";
        let object = value.as_object().ok_or(SettingsError::Unfit { setting, expected })?;
        unknown(object, known)?;
        Ok(Some(value.clone()))
    }
}

fn unknown(object: &Map<String, Value>, known: &[&'static str]) -> Result<(), SettingsError> {
    let Some(name) = object.keys().find(|name| !known.contains(&name.as_str())) else {
        return Ok(());
    };
    let plain = name.len() <= 32 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let found = if plain {
        format!("the unknown setting `{name}`")
    } else {
        "a setting of another name".to_owned()
    };
    Err(SettingsError::Unknown { found, known: known.to_vec() })
}
