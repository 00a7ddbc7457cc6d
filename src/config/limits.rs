//! The table `limits`, wherever it stands: what an account may hold.

use convoke_events::{Limits, MicroUsd, Period, Tokens};

use super::fields::Fields;

/// What may be spent; everything where the table is not there.
pub(super) fn limits(fields: &mut Fields<'_>) -> Option<Limits> {
    let Some(field) = fields.get("limits") else { return Some(Limits::default()) };
    let mut fields = field.table()?;
    let mut limit =
        |name| fields.get(name).map_or(Some(None), |limit| limit.number(0..=u64::MAX).map(Some));
    let (tokens, money) = (limit("tokens"), limit("micro_usd"));
    let period = fields.get("period").map_or(Some(Period::Total), |period| period.word());
    fields.finish();
    let (tokens, money) = (tokens?.map(Tokens::new), money?.map(MicroUsd::new));
    Some(Limits { tokens, money, period: period? })
}
