//! `convoke report performance`.

use convoke_projections::Performance;
use convoke_projections::performance::{Filter, PerformanceRecord};

use super::sheet::{Cell, Column, HIGH, LOW, Sheet};
use crate::cli::args::HubFilter;

const COLUMNS: &[Column] = &[
    ("hub", "hub"),
    ("agent", "agent"),
    ("version", "version#"),
    ("task_type", "task type"),
    ("from", "from"),
    ("to", "to"),
    ("proposed", "proposed#"),
    ("accepted", "accepted#"),
    ("rejected", "rejected#"),
    ("revised", "revised#"),
    ("mean_confidence", "sure#"),
    ("judged", "judged#"),
    ("right", "right#"),
    ("acceptance", "acceptance#"),
    ("acceptance_low", LOW),
    ("acceptance_high", HIGH),
    ("brier", "Brier#"),
    ("bias", "bias#"),
    ("pearson", "r#"),
    ("pearson_low", LOW),
    ("pearson_high", HIGH),
    ("answered", "answered#"),
    ("failed", "failed#"),
    ("mean_latency_ms", "ms#"),
    ("tokens_in", "in#"),
    ("tokens_out", "out#"),
    ("cost_micro_usd", "cost#"),
];

pub(super) fn sheet(performance: &Performance, hub: &HubFilter, days: u32) -> Sheet {
    let mut sheet = Sheet::new("performance", COLUMNS);
    for record in records(performance, hub, days) {
        sheet.row(row(&record), &record);
    }
    sheet
}

pub(super) fn records(
    performance: &Performance,
    hub: &HubFilter,
    days: u32,
) -> Vec<PerformanceRecord> {
    performance.records(&Filter { hub: hub.hub.clone(), days, ..Filter::default() })
}

fn row(record: &PerformanceRecord) -> Vec<Cell> {
    let count = |count: u32| Cell::Count(u64::from(count));
    let day = |moment: convoke_events::Timestamp| {
        Cell::Text(moment.to_string().chars().take(10).collect())
    };
    let acceptance = record.acceptance_interval;
    let pearson = record.correlation;
    vec![
        Cell::text(&record.hub),
        Cell::text(&record.slug),
        count(record.agent_version),
        Cell::text(&record.task_type),
        day(record.period.from),
        day(record.period.to),
        count(record.proposals.generated),
        count(record.proposals.accepted),
        count(record.proposals.rejected),
        count(record.proposals.revised),
        Cell::real(record.mean_confidence, 2),
        count(record.judged),
        count(record.right),
        Cell::real(record.acceptance, 2),
        Cell::real(acceptance.map(|interval| interval.low), 2),
        Cell::real(acceptance.map(|interval| interval.high), 2),
        Cell::real(record.brier, 3),
        Cell::real(record.bias, 2),
        Cell::real(pearson.map(|pearson| pearson.r), 2),
        Cell::real(pearson.map(|pearson| pearson.interval.low), 2),
        Cell::real(pearson.map(|pearson| pearson.interval.high), 2),
        count(record.answered),
        count(record.failed),
        Cell::real(record.mean_latency_us.map(|latency| latency / 1_000.0), 1),
        Cell::tokens(record.tokens_in),
        Cell::tokens(record.tokens_out),
        Cell::Money(record.cost),
    ]
}
