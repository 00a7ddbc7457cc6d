//! Differences: a record held against the same made again, field by field.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

/// A place where a record is not what the log before it gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which field, such as `candidates[2].scored.combined`.
    pub at: String,
    /// What the record says there; nothing where it is silent.
    pub recorded: Option<Value>,
    /// What was made again says there.
    pub recomputed: Option<Value>,
}

/// Names every leaf in which a record and the same made again are not equal, bit for bit; `at` is
/// where both stand. There is none only where the two are equal.
pub(crate) fn compare<T: PartialEq + Serialize>(
    at: &str,
    recorded: &T,
    recomputed: &T,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    if recorded != recomputed {
        let (recorded, recomputed) = (Some(json(recorded)), Some(json(recomputed)));
        leaves(at, recorded.clone(), recomputed.clone(), &mut differences);
        if differences.is_empty() {
            // What JSON has no word for, such as an infinite number, still differs.
            differences.push(Difference { at: at.to_owned(), recorded, recomputed });
        }
    }
    differences
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn leaves(
    at: &str,
    recorded: Option<Value>,
    recomputed: Option<Value>,
    differences: &mut Vec<Difference>,
) {
    if recorded == recomputed {
        return;
    }
    match (recorded, recomputed) {
        (Some(Value::Object(mut one)), Some(Value::Object(mut other))) => {
            let names: BTreeSet<String> = one.keys().chain(other.keys()).cloned().collect();
            for name in names {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                leaves(&at, one.remove(&name), other.remove(&name), differences);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            let (mut one, mut other) = (one.into_iter(), other.into_iter());
            let longer = one.len().max(other.len());
            for place in 0..longer {
                leaves(&format!("{at}[{place}]"), one.next(), other.next(), differences);
            }
        }
        (recorded, recomputed) => {
            differences.push(Difference { at: at.to_owned(), recorded, recomputed });
        }
    }
}
