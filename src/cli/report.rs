//! `convoke report`: what the log says about agents, money and decisions, as of any moment.

mod budgets;
mod collectives;
mod delegations;
mod governance;
mod lifecycle;
mod page;
mod performance;
mod routing;
mod sheet;
mod trust;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use convoke_events::{Clock, HubId, Log, Position, Query, SystemClock, Timestamp};
use convoke_projections::{At, Lineup, Live, Moment, Projection, Status};

use self::sheet::Sheet;
use super::args::report::{About, Format, Report};
use super::args::{Global, HubFilter};
use super::failure::Failure;
use super::opening;
use super::render::Output;

/// From how many events on the views leave checkpoints behind, so that the next report need not
/// read them again; below that, writing them takes longer than reading the log.
const WORTH_A_CHECKPOINT: u64 = 50_000;

pub(super) fn report(global: &Global, args: &Report, output: &mut Output) -> Result<(), Failure> {
    let log = opening::hub_to_read(global, &args.hub)?;
    if let Some(file) = &args.html {
        return page::write(&Asked::of(global, &log, args)?, file);
    }
    let asked = Asked::of(global, &log, args)?;
    let format = args.format.unwrap_or(if output.json { Format::Json } else { Format::Table });
    let sheet = match args.about {
        Some(About::Routing) => routing::sheet(&*asked.view()?, asked.hub),
        Some(About::Governance) => {
            let sheets = governed(&asked)?;
            return tell(&sheets, format, args.out.as_deref(), output);
        }
        Some(About::Lifecycle) => lifecycle::sheet(&*asked.view()?, asked.hub),
        Some(About::Trust) => trust::sheet(&*asked.view()?, asked.hub),
        Some(About::Budgets) => budgets::sheet(&*asked.view()?, asked.hub, asked.now),
        Some(About::Delegations) => delegations::sheet(&*asked.view()?, asked.hub),
        Some(About::Collectives) => collectives::sheet(&*asked.view()?, asked.hub),
        Some(About::Performance) | None => {
            performance::sheet(&*asked.view()?, asked.hub, args.days)
        }
    };
    tell(&[sheet], format, args.out.as_deref(), output)
}

/// What governs the agents: their policies, what was denied them, their lives and their records, at
/// one position.
fn governed(asked: &Asked<'_>) -> Result<[Sheet; 4], Failure> {
    let mut lineup = asked.lineup();
    let (policies, lives, records) = (lineup.add(), lineup.add(), lineup.add());
    lineup.run(Some(asked.until))?;
    let policies = whole(&policies)?;
    Ok([
        governance::sheet(&policies, asked.hub, asked.now),
        governance::denied(&policies, asked.hub, asked.now),
        lifecycle::sheet(&*whole(&lives)?, asked.hub),
        trust::sheet(&*whole(&records)?, asked.hub),
    ])
}

/// Writes sheets where they are wanted; of several, programs are told which a row is of.
fn tell(
    sheets: &[Sheet],
    format: Format,
    file: Option<&Path>,
    output: &mut Output,
) -> Result<(), Failure> {
    let text = match (format, file) {
        (Format::Table, None) => {
            for (place, sheet) in sheets.iter().enumerate() {
                if place > 0 {
                    output.line("")?;
                }
                output.table(&sheet.table())?;
            }
            return Ok(());
        }
        (Format::Table, Some(_)) => {
            let tables: Vec<String> = sheets.iter().map(|one| one.table().aligned()).collect();
            tables.join("\n")
        }
        (Format::Json, _) => sheet::json_lines(sheets),
        (Format::Csv, _) => sheet::csv(sheets),
    };
    match file {
        Some(file) => {
            fs::write(file, text).map_err(|source| Failure::Write { file: file.to_owned(), source })
        }
        None => Ok(output.writer().write_all(text.as_bytes())?),
    }
}

/// What a report is to say, and as of when.
struct Asked<'a> {
    log: &'a Log,
    until: Moment,
    /// As of what time what goes by the clock is told.
    now: Timestamp,
    hub: &'a HubFilter,
    checkpoints: Option<std::path::PathBuf>,
    days: u32,
}

impl<'a> Asked<'a> {
    fn of(global: &Global, log: &'a Log, args: &'a Report) -> Result<Self, Failure> {
        let head = log.head().position;
        // Of all views one position, also where the log were to grow.
        let until = args.as_of.map_or(Ok(head), |moment| moment.events(log))?;
        let now = match args.as_of {
            None => SystemClock::start().now(),
            Some(Moment::Time(time)) => time,
            Some(Moment::Position(_)) => decided_at(log, until)?,
        };
        let checkpoints = (head >= WORTH_A_CHECKPOINT).then(|| global.data.join("views"));
        let until =
            Position::new(until).map_or(Moment::Time(Timestamp::from_micros(0)), Moment::Position);
        Ok(Self { log, until, now, hub: &args.hub, checkpoints, days: args.days })
    }

    /// Views that are to be read together.
    fn lineup(&self) -> Lineup {
        let lineup = Lineup::of(self.log.clone());
        match &self.checkpoints {
            Some(directory) => lineup.checkpoints(directory),
            None => lineup,
        }
    }

    /// One view.
    fn view<V: Projection>(&self) -> Result<View<V>, Failure> {
        let mut lineup = self.lineup();
        let live = lineup.add::<V>();
        lineup.run(Some(self.until))?;
        whole(&live)
    }
}

/// When the event at this position was decided; nothing was before the first.
fn decided_at(log: &Log, position: u64) -> Result<Timestamp, Failure> {
    let Some(position) = Position::new(position) else {
        return Ok(Timestamp::from_micros(0));
    };
    let query = Query::all().from(position).to(position).without_bodies();
    let event = log.read(query).next().transpose()?;
    Ok(event.map_or(Timestamp::from_micros(0), |event| event.envelope.decided_at))
}

/// A view that was read whole.
struct View<V>(Arc<At<V>>);

impl<V> std::ops::Deref for View<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.0.view
    }
}

/// The view, unless an event stopped it: half of a view is no report.
fn whole<V: Projection>(live: &Live<V>) -> Result<View<V>, Failure> {
    match live.status() {
        Status::Following | Status::Ended => Ok(View(live.view())),
        Status::Broken(source) => Err(Failure::View { projection: live.name(), source }),
    }
}

/// The hubs that a report speaks of, of those that a view knows.
fn hubs<'a>(known: impl Iterator<Item = &'a HubId>, filter: &HubFilter) -> Vec<&'a HubId> {
    let mut hubs: Vec<&HubId> = known.filter(|hub| filter.takes(hub)).collect();
    hubs.sort();
    hubs.dedup();
    hubs
}
