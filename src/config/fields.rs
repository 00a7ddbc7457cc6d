//! Reading a TOML table field by field, noting every mistake with its line.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::path::Path;
use std::str::FromStr;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{Allowed, Mistake, quoted};

/// A file under reading, and the mistakes found in it so far.
pub(super) struct Sheet<'a> {
    file: &'a Path,
    text: &'a str,
    mistakes: RefCell<Vec<Mistake>>,
}

impl<'a> Sheet<'a> {
    pub(super) const fn new(file: &'a Path, text: &'a str) -> Self {
        Self { file, text, mistakes: RefCell::new(Vec::new()) }
    }

    /// Notes a mistake at a place of the text.
    pub(super) fn mistake(
        &self,
        at: &Range<usize>,
        field: &str,
        found: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line = before.matches('\n').count().saturating_add(1);
        self.mistakes.borrow_mut().push(Mistake {
            file: self.file.to_owned(),
            line,
            field: field.to_owned(),
            found: found.into(),
            allowed: allowed.into(),
        });
    }

    /// Every mistake, in the order of the lines.
    pub(super) fn into_mistakes(self) -> Vec<Mistake> {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort_by_key(|mistake| mistake.line);
        mistakes
    }
}

/// A value of the file: where it is, and its path.
pub(super) struct Field<'a> {
    sheet: &'a Sheet<'a>,
    pub(super) path: String,
    pub(super) at: Range<usize>,
    value: &'a DeValue<'a>,
}

impl<'a> Field<'a> {
    fn new(sheet: &'a Sheet<'a>, path: String, value: &'a Spanned<DeValue<'a>>) -> Self {
        Self { sheet, path, at: value.span(), value: value.get_ref() }
    }

    /// Notes that something else was expected here.
    pub(super) fn unlike(&self, allowed: impl Into<String>) {
        let found = match self.value {
            DeValue::String(text) => quoted(text),
            DeValue::Integer(number) => quoted(&number.to_string()),
            DeValue::Float(number) => quoted(&number.to_string()),
            DeValue::Boolean(truth) => quoted(&truth.to_string()),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                format!("a value of type {}", self.value.type_str())
            }
        };
        self.sheet.mistake(&self.at, &self.path, found, allowed);
    }

    /// Notes a mistake here, saying in other words what was found.
    pub(super) fn mistake(&self, found: impl Into<String>, allowed: impl Into<String>) {
        self.sheet.mistake(&self.at, &self.path, found, allowed);
    }

    /// The text, if it is one; no mistake if it is not.
    pub(super) fn as_str(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// A field of this table, if it is one and has it; no mistake if not.
    pub(super) fn peek(&self, name: &str) -> Option<Self> {
        let (_, value) = self.value.as_table()?.iter().find(|(key, _)| key.get_ref() == name)?;
        Some(Self::new(self.sheet, format!("{}.{name}", self.path), value))
    }

    /// A word, a number or another value spelled as a text.
    pub(super) fn word<T: FromStr<Err: Allowed>>(&self) -> Option<T> {
        let parsed = match self.value {
            DeValue::String(text) => text.parse(),
            // Not a text: what is allowed is what the empty text is told.
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => "".parse(),
        };
        parsed.map_err(|error: T::Err| self.unlike(error.allowed())).ok()
    }

    /// A text within a bound, in bytes.
    pub(super) fn text(&self, bound: RangeInclusive<usize>) -> Option<String> {
        let Some(text) = self.value.as_str() else {
            self.unlike("a text");
            return None;
        };
        if bound.contains(&text.len()) {
            return Some(text.to_owned());
        }
        let allowed = format!("{} to {} bytes", bound.start(), bound.end());
        self.mistake(format!("a text of {} bytes", text.len()), allowed);
        None
    }

    /// A whole number within a bound.
    pub(super) fn number(&self, bound: RangeInclusive<u64>) -> Option<u64> {
        let number = self
            .value
            .as_integer()
            .and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|number| bound.contains(number));
        if number.is_none() {
            self.unlike(match (*bound.start(), *bound.end()) {
                (least, u64::MAX) => format!("a whole number from {least}"),
                (least, most) => format!("a whole number from {least} to {most}"),
            });
        }
        number
    }

    /// A share from 0 to 1.
    pub(super) fn share(&self) -> Option<f64> {
        let spelled = match self.value {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::String(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => None,
        };
        let share = spelled.filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            self.unlike("a number from 0 to 1");
        }
        share
    }

    /// The value as JSON, whatever it is; nothing if it holds what JSON cannot.
    pub(super) fn json(&self) -> Option<Value> {
        let found = json(self.value);
        if found.is_none() {
            self.mistake("a value that JSON has not", "texts, numbers, truths, lists and tables");
        }
        found
    }

    /// True or false.
    pub(super) fn truth(&self) -> Option<bool> {
        let truth = self.value.as_bool();
        if truth.is_none() {
            self.unlike("true or false");
        }
        truth
    }

    /// The fields of a table.
    pub(super) fn table(&self) -> Option<Fields<'a>> {
        let Some(table) = self.value.as_table() else {
            self.unlike("a table");
            return None;
        };
        Some(Fields::new(self.sheet, self.path.clone(), self.at.clone(), table))
    }

    /// The elements of an array, within a bound on their number.
    pub(super) fn list(&self, bound: RangeInclusive<usize>) -> Option<Vec<Self>> {
        let Some(array) = self.value.as_array() else {
            self.unlike("a list");
            return None;
        };
        if !bound.contains(&array.len()) {
            let allowed = match (*bound.start(), *bound.end()) {
                (least, usize::MAX) => format!("at least {least}"),
                (least, most) => format!("{least} to {most}"),
            };
            self.mistake(format!("a list of {}", array.len()), allowed);
            return None;
        }
        let name = |index| format!("{}[{index}]", self.path);
        let fields = array.iter().enumerate();
        Some(fields.map(|(index, value)| Self::new(self.sheet, name(index), value)).collect())
    }

    /// A list of different words.
    pub(super) fn words<T>(&self, bound: RangeInclusive<usize>) -> Option<Vec<T>>
    where
        T: FromStr<Err: Allowed> + PartialEq,
    {
        let mut words = Vec::new();
        let mut whole = true;
        for element in self.list(bound)? {
            match element.word() {
                Some(word) if words.contains(&word) => {
                    element.unlike("each word once");
                    whole = false;
                }
                Some(word) => words.push(word),
                None => whole = false,
            }
        }
        whole.then_some(words)
    }
}

fn json(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::String(text) => Some(Value::from(text.as_ref())),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(Value::from)
        }
        DeValue::Float(number) => {
            let number = number.as_str().parse().ok().and_then(Number::from_f64);
            number.map(Value::Number)
        }
        DeValue::Boolean(truth) => Some(Value::from(*truth)),
        DeValue::Datetime(_) => None,
        DeValue::Array(array) => array.iter().map(|one| json(one.get_ref())).collect(),
        DeValue::Table(table) => {
            let fields = table.iter().map(|(key, one)| {
                let name: &str = key.get_ref();
                Some((name.to_owned(), json(one.get_ref())?))
            });
            fields.collect::<Option<Map<_, _>>>().map(Value::Object)
        }
    }
}

/// All of them, or nothing; every one is looked at, so that every mistake is found.
pub(super) fn every<T>(parts: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let parts: Vec<Option<T>> = parts.collect();
    parts.into_iter().collect()
}

/// A table under reading.
pub(super) struct Fields<'a> {
    sheet: &'a Sheet<'a>,
    path: String,
    at: Range<usize>,
    table: &'a DeTable<'a>,
    known: BTreeSet<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(
        sheet: &'a Sheet<'a>,
        path: String,
        at: Range<usize>,
        table: &'a DeTable<'a>,
    ) -> Self {
        Self { sheet, path, at, table, known: BTreeSet::new() }
    }

    fn below(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The field, if it is there.
    pub(super) fn get(&mut self, name: &'static str) -> Option<Field<'a>> {
        self.known.insert(name);
        let (_, value) = self.table.iter().find(|(key, _)| key.get_ref() == name)?;
        Some(Field::new(self.sheet, self.below(name), value))
    }

    /// The field, which must be there.
    pub(super) fn need(&mut self, name: &'static str) -> Option<Field<'a>> {
        let field = self.get(name);
        if field.is_none() {
            self.sheet.mistake(&self.at, &self.below(name), "nothing", "this field");
        }
        field
    }

    /// The elements of a list, none where it is not there.
    pub(super) fn list(&mut self, name: &'static str) -> Option<Vec<Field<'a>>> {
        self.get(name).map_or_else(|| Some(Vec::new()), |list| list.list(0..=usize::MAX))
    }

    /// Takes these fields for known without reading them.
    pub(super) fn skip(&mut self, names: &[&'static str]) {
        self.known.extend(names);
    }

    /// Every field, whatever its name.
    pub(super) fn all(&self) -> Vec<(String, Field<'a>)> {
        let entries = self.table.iter().map(|(key, value)| {
            let key = key.get_ref().to_string();
            let field = Field::new(self.sheet, self.below(&key), value);
            (key, field)
        });
        entries.collect()
    }

    /// Refuses the fields nobody asked for.
    pub(super) fn finish(self) {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if !self.known.contains(name) {
                let known: Vec<&str> = self.known.iter().copied().collect();
                let allowed = format!("one of: {}", known.join(", "));
                let found = format!("the unknown field {}", quoted(name));
                self.sheet.mistake(&key.span(), &self.below(name), found, allowed);
            }
        }
    }
}
