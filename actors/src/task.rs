//! Task: a piece of work on its way from submission to conclusion.

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    AccountId, ArtifactType, AttemptBlocked, BlockReason, Conclusion, CorrelationId, Digest,
    EventId, InvocationStarted, Key, Purpose, TaskConcluded, TaskEvent, TaskId, TaskOutcome,
    TaskPlan, TaskSubmitted, TaskType, TextName, Texts, Timestamp, Verb, record::TooLarge,
};

use crate::answer::Answer;
use crate::budget;
use crate::command::TaskSubmission;
use crate::decision::{Draft, Story};
use crate::governance;
use crate::hub::State;
use crate::invocation::{self, Errand, dispatch};
use crate::provider::ProviderFailure;
use crate::refusal::Refusal;
use crate::routing::{self, Choice, Question};

/// The most bytes that a task's title and body may take together.
pub const MAX_TASK_BYTES: usize = 12 * 1024;

/// The task types every hub knows, and the artifact type each answers with.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("requirement_draft", "requirement"),
    ("triage", "request"),
    ("synthesis", "synthesis"),
    ("policy_check", "policy"),
    ("implementation", "implementation"),
];

/// The artifact type that a task type answers with.
///
/// # Errors
/// [`Refusal::TaskTypeUnknown`] lists the known ones.
pub fn artifact_of(task_type: &TaskType) -> Result<ArtifactType, Refusal> {
    let known = BUILT_IN.iter().find(|(name, _)| *name == task_type.as_str());
    known.and_then(|(_, artifact)| ArtifactType::new(artifact).ok()).ok_or_else(|| {
        let known = BUILT_IN.iter().map(|(name, _)| *name).collect();
        Refusal::TaskTypeUnknown { task_type: task_type.clone(), known }
    })
}

#[derive(Clone, Debug, PartialEq)]
enum Phase {
    /// It was handed in: its first step is owed.
    Submitted,
    /// Its triage is under way.
    InTriage,
    /// Triage takes it on to a collective of this type: that is owed.
    Escalated(TaskType),
    /// Its collective is under way.
    InCollective,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    pub(crate) account: AccountId,
    pub(crate) plan: TaskPlan,
    pub(crate) content_bytes: u32,
    content: Digest,
    phase: Phase,
    /// The event that brought it into its phase.
    cause: EventId,
}

#[derive(Clone, Debug, PartialEq)]
struct Ended {
    content: Digest,
    conclusion: TaskConcluded,
}

/// The tasks of a hub; of one that has ended only what tells it from another remains.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tasks {
    open: BTreeMap<TaskId, Task>,
    /// Those whose next step is owed.
    ready: BTreeSet<TaskId>,
    ended: BTreeMap<TaskId, Ended>,
}

impl Tasks {
    pub(crate) fn get(&self, task: TaskId) -> Option<&Task> {
        self.open.get(&task)
    }

    /// How a task ended, if it has.
    pub(crate) fn conclusion(&self, task: TaskId) -> Option<&TaskConcluded> {
        self.ended.get(&task).map(|ended| &ended.conclusion)
    }

    /// Whether a task of this id was ever handed in.
    pub(crate) fn knows(&self, task: TaskId) -> bool {
        self.open.contains_key(&task) || self.ended.contains_key(&task)
    }

    /// A task whose next step is owed.
    pub(crate) fn next_ready(&self) -> Option<TaskId> {
        self.ready.first().copied()
    }

    pub(crate) fn evolve(&mut self, id: EventId, event: &TaskEvent) {
        match event {
            TaskEvent::TaskSubmitted(submitted) => {
                let task = Task {
                    account: submitted.account,
                    plan: submitted.plan.clone(),
                    content_bytes: submitted.content_bytes,
                    content: submitted.content,
                    phase: Phase::Submitted,
                    cause: id,
                };
                self.open.insert(submitted.task, task);
                self.ready.insert(submitted.task);
            }
            TaskEvent::TaskConcluded(conclusion) => {
                self.ready.remove(&conclusion.task);
                if let Some(task) = self.open.remove(&conclusion.task) {
                    let (content, conclusion) = (task.content, conclusion.clone());
                    self.ended.insert(conclusion.task, Ended { content, conclusion });
                }
            }
        }
    }

    fn enter(&mut self, task: TaskId, phase: Phase, cause: EventId) {
        if let Some(open) = self.open.get_mut(&task) {
            if matches!(phase, Phase::Escalated(_)) {
                self.ready.insert(task);
            } else {
                self.ready.remove(&task);
            }
            open.phase = phase;
            open.cause = cause;
        }
    }

    pub(crate) fn triage_started(&mut self, id: EventId, task: TaskId) {
        self.enter(task, Phase::InTriage, id);
    }

    pub(crate) fn triage_answered(&mut self, id: EventId, started: &InvocationStarted, key: &Key) {
        let to = self.open.get(&started.task).and_then(|task| task.escalation(key)).cloned();
        if let Some(to) = to {
            self.enter(started.task, Phase::Escalated(to), id);
        }
    }

    pub(crate) fn collective_convened(&mut self, id: EventId, task: TaskId) {
        self.enter(task, Phase::InCollective, id);
    }
}

impl Task {
    /// Where a triage answer takes the task on to, if anywhere.
    fn escalation(&self, key: &Key) -> Option<&TaskType> {
        match &self.plan {
            TaskPlan::Triage { escalate, .. } => {
                escalate.iter().find(|one| one.on == *key).map(|one| &one.to)
            }
            TaskPlan::Collective { .. } => None,
        }
    }
}

/// Takes a task in, opens its account, or finds that it is there.
pub(crate) fn submit(state: &State, submission: &TaskSubmission) -> Result<Vec<Draft>, Refusal> {
    let TaskSubmission { request, title, body, source, plan, limits } = submission;
    check(submission)?;
    let task = TaskSubmission::id(&state.hub, request);
    let content = submission.content();
    let known = state.tasks.open.get(&task).map(|open| open.content);
    match known.or_else(|| state.tasks.ended.get(&task).map(|ended| ended.content)) {
        Some(known) if known == content => return Ok(Vec::new()),
        Some(_) => return Err(Refusal::TaskDiffers { request: request.clone(), task }),
        None => {}
    }
    let account = AccountId::derive(&[&task.to_string()]);
    let size = title.len().saturating_add(body.len());
    let too_large = TooLarge { what: "a task's title and body", size, limit: MAX_TASK_BYTES };
    let content_bytes = match u32::try_from(size) {
        Ok(bytes) if size <= MAX_TASK_BYTES => bytes,
        _ => return Err(too_large.into()),
    };
    let plan = plan.clone();
    let submitted = TaskSubmitted { task, account, plan, content, content_bytes };
    let texts = Texts::none()
        .with(TextName::NAME, request)
        .with(TextName::TITLE, title)
        .with(TextName::BODY, body)
        .with_some(TextName::SOURCE, source.as_deref());
    let story = Story { task, cause: None };
    let correlation = CorrelationId::of_task(task);
    let account = budget::open(account, Some(state.account()), *limits, Some(correlation));
    Ok(vec![story.on_task(submitted, texts), account])
}

fn check(submission: &TaskSubmission) -> Result<(), Refusal> {
    let rules = submission.plan.rules();
    let too_little = [
        (submission.request.is_empty(), "a request's id", "one character long"),
        (submission.title.trim().is_empty(), "a request's title", "one word long"),
        (rules.deadline_ms == 0, "a deadline", "1 millisecond"),
        (rules.max_output.get() == 0, "the bound on output", "1 token"),
        (rules.min_contributions == 0, "the least number of contributions", "1"),
    ];
    if let Some((_, what, least)) = too_little.into_iter().find(|(wrong, ..)| *wrong) {
        return Err(Refusal::TooLittle { what, least });
    }
    match &submission.plan {
        TaskPlan::Triage { task_type, escalate, .. } => {
            artifact_of(task_type)?;
            escalate.iter().try_for_each(|one| artifact_of(&one.to).map(|_| ()))
        }
        TaskPlan::Collective { task_type, .. } => artifact_of(task_type).map(|_| ()),
    }
}

/// Takes a task's next step: its triage, or its collective.
pub(crate) fn step(state: &State, id: TaskId, now: Timestamp) -> Vec<Draft> {
    let Some(task) = state.tasks.get(id) else {
        return Vec::new();
    };
    let story = Story { task: id, cause: Some(task.cause) };
    let drafts = match (&task.phase, &task.plan) {
        (Phase::Submitted, TaskPlan::Triage { task_type, .. }) => {
            triage(state, task, story, task_type, now)
        }
        (Phase::Submitted, TaskPlan::Collective { task_type, .. })
        | (Phase::Escalated(task_type), _) => {
            crate::collective::convene(state, task, story, task_type, now)
        }
        (Phase::InTriage | Phase::InCollective, _) => Ok(Vec::new()),
    };
    drafts.unwrap_or_else(|refusal| {
        vec![concluded(story, TaskOutcome::Refused, Conclusion::NoRoute, &refusal.to_string())]
    })
}

fn triage(
    state: &State,
    task: &Task,
    story: Story,
    task_type: &TaskType,
    now: Timestamp,
) -> Result<Vec<Draft>, Refusal> {
    let purpose = Purpose::Triage;
    let artifact = artifact_of(task_type)?;
    let question = Question { story, purpose, task_type };
    let (decided, decision) =
        routing::by_policy((&state.routing, &state.registry), question, Choice::First);
    let mut drafts = vec![decision];
    let chosen = decided
        .selected()
        .first()
        .and_then(|agent| Some((decided.authorises(*agent)?, state.registry.get(*agent)?)));
    let Some((authorised, agent)) = chosen else {
        let reason =
            format!("no agent of hub `{}` is routed to task type `{task_type}`", state.hub);
        drafts.push(concluded(story, TaskOutcome::Refused, Conclusion::NoRoute, &reason));
        return Ok(drafts);
    };
    let id = authorised.agent();
    let grant = match state.governance.permit(&state.registry, id, Verb::Read, &artifact) {
        Ok(grant) => grant,
        Err(because) => {
            let attempt = Attempt { story, purpose, verb: Verb::Read, artifact: &artifact };
            drafts.push(blocked(state, attempt, id, because));
            let reason = "the agent that would have been asked was denied";
            drafts.push(concluded(story, TaskOutcome::Blocked, Conclusion::Governance, reason));
            return Ok(drafts);
        }
    };
    let invocation = invocation::id_of(story.task, purpose, id);
    let profile = &agent.profile;
    let bytes = request_bytes(task, profile.prompt_bytes);
    let input = budget::input_bound(&profile.provider, bytes);
    let rules = task.plan.rules();
    let mut plan = state.ledger.plan(task.account);
    match plan.reserve(invocation, (&profile.provider, &profile.model), (input, rules.max_output)) {
        Ok(held) => {
            drafts.push(budget::set_aside(story, held));
            let errand = Errand { story, collective: None, purpose, rules, now };
            drafts.push(dispatch(errand, agent, authorised, &grant, held));
        }
        Err(short) => {
            let reason = format!("the triage cannot be paid: {short}");
            drafts.push(concluded(story, TaskOutcome::Refused, Conclusion::Budget, &reason));
        }
    }
    Ok(drafts)
}

/// Bytes of a request: the agent's prompt, the title, two line ends and the body.
pub(crate) fn request_bytes(task: &Task, prompt_bytes: u32) -> u64 {
    u64::from(prompt_bytes).saturating_add(u64::from(task.content_bytes)).saturating_add(2)
}

/// What follows from a triage's outcome.
pub(crate) fn triaged(
    state: &State,
    story: Story,
    answer: Result<&Answer, &ProviderFailure>,
) -> Vec<Draft> {
    let task = state.tasks.get(story.task);
    match answer {
        Err(failure) => vec![invocation::failed(story, "the triage", failure)],
        Ok(answer) if task.is_some_and(|task| task.escalation(&answer.key).is_some()) => Vec::new(),
        Ok(answer) => {
            let reason = format!("triage says `{}`, which goes no further", answer.key);
            vec![concluded(story, TaskOutcome::Answered, Conclusion::Triaged, &reason)]
        }
    }
}

/// What an agent would have done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) story: Story,
    pub(crate) purpose: Purpose,
    pub(crate) verb: Verb,
    pub(crate) artifact: &'a ArtifactType,
}

/// Records that governance denied an attempt.
pub(crate) fn blocked(
    state: &State,
    attempt: Attempt<'_>,
    agent: convoke_events::AgentId,
    because: BlockReason,
) -> Draft {
    let Attempt { story, purpose, verb, artifact } = attempt;
    let (slug, why) = (state.registry.slug(agent), governance::in_words(&because));
    let reason = format!("{slug} may not {verb} `{artifact}`: {why}");
    let facts = AttemptBlocked {
        agent,
        agent_version: state.registry.get(agent).map_or(0, |known| known.version),
        task: story.task,
        purpose,
        verb,
        artifact: artifact.clone(),
        because,
    };
    story.on_task(facts, Texts::none().with(TextName::REASON, reason))
}

/// Ends a task.
pub(crate) fn concluded(
    story: Story,
    outcome: TaskOutcome,
    because: Conclusion,
    reason: &str,
) -> Draft {
    let facts = TaskConcluded { task: story.task, outcome, because };
    story.on_task(facts, Texts::none().with(TextName::REASON, reason))
}
