//! `convoke run`: a file of requests goes through a scenario's agents.

mod bring_up;
mod handle;
mod known;
mod plan;
mod progress;
mod summary;

use std::sync::Arc;

use convoke_actors::authority::LocalOwner;
use convoke_actors::command::TaskSubmission;
use convoke_events::TaskId;

use self::known::Known;
pub(super) use self::plan::plan;
use self::progress::Progress;
use super::args::{self, Global};
use super::failure::Failure;
use super::opening;
use super::render::Output;
use super::waiting::wait_for;
use crate::config::{Request, Scenario, load_requests, load_scenario};
use crate::{Keys, Runtime};

pub(super) fn run(global: &Global, args: &args::Run, output: &mut Output) -> Result<(), Failure> {
    let scenario = load_scenario(&args.scenario)?;
    let requests = load_requests(&args.input)?;
    let submissions: Vec<TaskSubmission> =
        requests.into_iter().map(|request| submission(&scenario, request)).collect();
    let log = opening::to_create(global)?;
    let known = Known::of(&log, &scenario.hub)?;
    known.refuse_changed(&submissions)?;
    let newest = |submission| known.newest(submission, args.retry_failed);
    let submissions: Vec<TaskSubmission> = submissions.into_iter().map(newest).collect();
    let before = known.handled(&submissions);

    let progress = Progress::new(submissions.len(), global.quiet);
    let tasks: Vec<TaskId> =
        submissions.iter().map(|submission| submission.task(&scenario.hub)).collect();
    let runtime = Runtime::builder()
        .on(log.clone())
        .authority(Arc::new(LocalOwner))
        .real_models(Keys::of_process())
        .start()?;
    let differences = bring_up::Differences::of(&log, &scenario)?;
    for note in differences.notes() {
        progress.note(note);
    }
    wait_for(async {
        let acting = runtime.hub(scenario.hub.clone()).as_person(args.by.name());
        bring_up::bring_up(&acting, &scenario, &differences).await?;
        handle::all(&runtime, &scenario.hub, &acting, submissions, &progress).await
    })?;
    progress.finish();
    let summary = summary::Summary::of(&log, &tasks, before)?;
    wait_for(async { Ok(runtime.shutdown().await?) })?;
    summary.tell(global, output)
}

fn submission(scenario: &Scenario, request: Request) -> TaskSubmission {
    TaskSubmission {
        request: request.id,
        attempt: 0,
        title: request.title,
        body: request.body,
        source: request.source,
        plan: scenario.plan.clone(),
        limits: scenario.task_limits,
    }
}
