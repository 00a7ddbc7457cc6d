//! Requests: a sub-task is handed over, its budget set aside and its call sent, in one append.

use convoke_events::{
    AccountId, AgentId, Amount, ArtifactType, DelegationId, DelegationRefusal, DelegationRefused,
    DelegationRequested, EventId, HeldFor, Key, Purpose, Slug, StreamId, TaskId, TaskRules,
    TextName, Texts, Timestamp, Tokens, Verb,
};

use super::{DEPTH_LIMIT, account_of, call_of};
use crate::budget::{self, DOCUMENT_OVERHEAD, Plan, Short};
use crate::command::DelegationRequest;
use crate::decision::{Decision, Draft, Refused, Story};
use crate::governance::{self, Attempt, Denial, Grant, enforce};
use crate::invocation::{Errand, dispatch};
use crate::prompt::{EARLIER, EARLIER_TITLE};
use crate::refusal::Refusal;
use crate::registry::Agent;
use crate::routing::{self, Question};
use crate::state::State;
use crate::task::{Task, request_bytes};

/// What a delegation may spend where nobody says.
const USUAL: Tokens = Tokens::new(1_000);

/// The least output that a call is still sent for.
const LEAST_OUTPUT: Tokens = Tokens::new(16);

/// A sub-task that an agent wants to hand over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) to: Slug,
    pub(crate) scope: Scope,
    pub(crate) key: Key,
    pub(crate) tokens: Option<Tokens>,
    pub(crate) trim: bool,
}

/// What is to be handed over, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// These.
    Words(String),
    /// Those of the recorded wish, which take so many bytes.
    OnRecord { wish: EventId, bytes: u32 },
}

impl Scope {
    fn bytes(&self) -> u64 {
        match self {
            Self::Words(words) => u64::try_from(words.len()).unwrap_or(u64::MAX),
            Self::OnRecord { bytes, .. } => u64::from(*bytes),
        }
    }

    /// The words, where they stand nowhere else yet.
    fn texts(&self) -> Texts {
        match self {
            Self::Words(words) => Texts::none().with(TextName::SCOPE, words),
            Self::OnRecord { .. } => Texts::none(),
        }
    }

    const fn wish(&self) -> Option<EventId> {
        match self {
            Self::Words(_) => None,
            Self::OnRecord { wish, .. } => Some(*wish),
        }
    }
}

/// Where a wish comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    pub(crate) agent: AgentId,
    /// The delegation it works on, if on one.
    pub(crate) parent: Option<DelegationId>,
}

/// Hands a sub-task over at the host's word. A refusal is recorded too.
pub(crate) fn handed_over(state: &State, request: &DelegationRequest, now: Timestamp) -> Decision {
    let refuse = |refusal| Decision { events: Vec::new(), answer: Err(refusal) };
    let from = match state.registry.by_slug(&state.hub, &request.from) {
        Ok(from) => from,
        Err(refusal) => return refuse(refusal),
    };
    let Some(key) = Key::canonical(&request.scope) else {
        return refuse(Refusal::TooLittle { what: "a delegation's scope", least: "one word long" });
    };
    let task = request.task;
    if !state.tasks.knows(task) {
        return refuse(Refusal::TaskUnknown { task, hub: state.hub.clone() });
    }
    let DelegationRequest { to, scope, tokens, trim, .. } = request.clone();
    let wish = Wish { to, scope: Scope::Words(scope), key, tokens, trim };
    let sender = Sender { agent: from, parent: request.parent };
    let story = Story { task, cause: None };
    match Handing::new(state, story, sender, Amount::ZERO, now).hand(&wish) {
        Ok(drafts) => Decision::of(drafts),
        Err(Refused { draft, why }) => {
            Decision { events: vec![*draft], answer: Err(Refusal::DelegationRefused { why }) }
        }
    }
}

/// Hands over what an agent asks for, one wish after the other: each is granted on top of those
/// before it, and a refused one is refused alone.
pub(crate) struct Handing<'a> {
    state: &'a State,
    story: Story,
    sender: Sender,
    plan: Option<Plan<'a>>,
    seen: Vec<(Slug, Key)>,
    now: Timestamp,
}

impl<'a> Handing<'a> {
    /// `overrun` is the sender's own, which goes into the same append and comes first.
    pub(crate) fn new(
        state: &'a State,
        story: Story,
        sender: Sender,
        overrun: Amount,
        now: Timestamp,
    ) -> Self {
        let plan = |account| state.ledger.plan(account, now).on_top_of(overrun);
        let plan = account(state, story.task, sender).map(plan);
        Self { state, story, sender, plan, seen: Vec::new(), now }
    }

    /// Hands a sub-task over, or says why not.
    pub(crate) fn hand(&mut self, wish: &Wish) -> Result<Vec<Draft>, Refused> {
        let Self { state, story, sender, now, .. } = *self;
        let named = (wish.to.clone(), wish.key.clone());
        let granted = if self.seen.contains(&named) {
            Err(DelegationRefusal::Repeated)
        } else {
            wish_granted(state, story, sender, wish, self.plan.as_mut(), now)
        };
        self.seen.push(named);
        granted.map_err(|because| refusal(state, story, sender, wish, because))
    }
}

/// The account that pays for a sender's delegations.
fn account(state: &State, task: TaskId, sender: Sender) -> Option<AccountId> {
    match sender.parent {
        Some(parent) => state.delegations.open.get(&parent).map(|open| open.requested.account),
        None => state.tasks.get(task).map(|task| task.account),
    }
}

fn wish_granted(
    state: &State,
    story: Story,
    sender: Sender,
    wish: &Wish,
    plan: Option<&mut Plan<'_>>,
    now: Timestamp,
) -> Result<Vec<Draft>, DelegationRefusal> {
    let task = state.tasks.get(story.task).ok_or(DelegationRefusal::Ended)?;
    let work = state.work(story.task).ok_or(DelegationRefusal::Ended)?;
    let plan = plan.ok_or(DelegationRefusal::Ended)?;
    let depth = depth(state, story.task, sender)?;
    if !state.registry.get(sender.agent).is_some_and(Agent::works) {
        return Err(DelegationRefusal::SenderInactive);
    }
    let to = state.registry.by_slug(&state.hub, &wish.to).ok();
    let known = to.and_then(|to| Some((to, state.registry.get(to).filter(|it| it.works())?)));
    let (to, agent) = known.ok_or(DelegationRefusal::ReceiverUnknown)?;
    if to == sender.agent || state.delegations.goes_round(sender.parent, to, &wish.key) {
        return Err(DelegationRefusal::Cycle);
    }
    let delegation = DelegationId::derive(&[
        &story.task.to_string(),
        &sender.parent.map(|parent| parent.to_string()).unwrap_or_default(),
        &sender.agent.to_string(),
        &to.to_string(),
        wish.key.as_str(),
    ]);
    if !state.resilience.breakers.admits(agent.profile.endpoint, now) {
        return Err(DelegationRefusal::BreakerOpen);
    }
    if state.delegations.was_seen(story.task, delegation) {
        return Err(DelegationRefusal::Repeated);
    }
    let (artifact, task_type) = (&work.artifact, &work.task_type);
    may(state, story, sender.agent, Verb::Delegate, artifact)?;
    let grant = may(state, story, to, Verb::Propose, artifact)?;
    let rules = task.plan.rules();
    let (input, output, budget) = size(task, agent, wish, rules, plan)?;
    let model = (&agent.profile.provider, &agent.profile.model);
    let funds = plan.reserve_budget(HeldFor::Delegation(delegation), model, budget);
    let funds = funds.map_err(|why| short(&why))?;
    let account = account_of(delegation);
    let held = budget::first_call(
        &state.ledger,
        funds,
        account,
        call_of(delegation),
        model,
        (input, output),
    );
    let requested = DelegationRequested {
        delegation,
        task: story.task,
        parent: sender.parent,
        depth,
        from: sender.agent,
        to,
        scope: wish.key.clone(),
        account,
        reservation: funds.reservation,
        budget,
        invocation: call_of(delegation),
        wish: wish.scope.wish(),
    };
    let purpose = Purpose::Delegation;
    let question = Question { story, purpose, task_type };
    let (decided, decision) = routing::named(state, question, (to, &delegation.to_string()), now);
    let authorised = decided.authorises(to).ok_or(DelegationRefusal::ReceiverUnknown)?;
    let rules = TaskRules { max_output: output, ..rules.clone() };
    let stream = StreamId::delegation(delegation);
    let (invocation, rules) = (call_of(delegation), &rules);
    let (collective, delegation) = (None, Some(delegation));
    let errand = Errand { story, invocation, collective, delegation, purpose, rules, now };
    let mut drafts = decision;
    drafts.extend([
        budget::set_aside(story, funds),
        story.draft(stream, requested, wish.scope.texts()),
        budget::open_funded(story, account, funds, plan.money_is_limited()),
        budget::set_aside(story, held),
    ]);
    drafts.extend(dispatch(state, errand, agent, authorised, &grant, held));
    Ok(drafts)
}

/// How deep a sender's delegation would be, if that is allowed.
fn depth(state: &State, task: TaskId, sender: Sender) -> Result<u32, DelegationRefusal> {
    let Some(parent) = sender.parent else {
        return Ok(1);
    };
    let open = state.delegations.open.get(&parent).filter(|open| !open.cancelled);
    let above = &open.ok_or(DelegationRefusal::Ended)?.requested;
    if above.to != sender.agent || above.task != task {
        return Err(DelegationRefusal::ForeignParent);
    }
    if above.depth >= DEPTH_LIMIT {
        return Err(DelegationRefusal::TooDeep { limit: DEPTH_LIMIT });
    }
    Ok(above.depth.saturating_add(1))
}

fn may(
    state: &State,
    story: Story,
    agent: AgentId,
    verb: Verb,
    artifact: &ArtifactType,
) -> Result<Grant, DelegationRefusal> {
    let attempt = Attempt { story, purpose: Purpose::Delegation, verb, artifact };
    // The refusal of the delegation is what records the denial.
    let denied =
        |denial: Denial| DelegationRefusal::Blocked { agent, verb, because: denial.because };
    enforce(state, attempt, agent).map_err(denied)
}

fn short(short: &Short) -> DelegationRefusal {
    DelegationRefusal::Exhausted { needed: short.needed(), left: short.left() }
}

/// Input, output and budget of a delegation in tokens: where nobody says how much it may spend, as
/// much as is usual and left; its output cut to the budget only where that is allowed.
fn size(
    task: &Task,
    agent: &Agent,
    wish: &Wish,
    rules: &TaskRules,
    plan: &Plan<'_>,
) -> Result<(Tokens, Tokens, Tokens), DelegationRefusal> {
    let earlier = EARLIER.saturating_mul(EARLIER_TITLE.saturating_add(DOCUMENT_OVERHEAD));
    let bytes = request_bytes(task, agent.profile.prompt_bytes)
        .saturating_add(wish.scope.bytes())
        .saturating_add(2)
        .saturating_add(earlier);
    let input = budget::input_bound(&agent.profile.provider, bytes);
    let usual = || plan.tokens_left().map_or(USUAL, |left| left.min(USUAL));
    let budget = wish.tokens.unwrap_or_else(usual);
    let fits = budget.less(input).min(rules.max_output);
    let least = if wish.trim { LEAST_OUTPUT.min(rules.max_output) } else { rules.max_output };
    if fits < least {
        let needed = input.plus(least);
        if wish.tokens.is_none() && needed <= USUAL {
            let needed = Amount { tokens: needed, ..Amount::ZERO };
            return Err(DelegationRefusal::Exhausted { needed, left: Some(budget) });
        }
        return Err(DelegationRefusal::TooSmall { needed, budget });
    }
    Ok((input, fits, budget))
}

fn refusal(
    state: &State,
    story: Story,
    sender: Sender,
    wish: &Wish,
    because: DelegationRefusal,
) -> Refused {
    let why = in_words(state, wish, &because);
    let facts = DelegationRefused {
        task: story.task,
        parent: sender.parent,
        from: sender.agent,
        to: state.registry.by_slug(&state.hub, &wish.to).ok(),
        because,
        wish: wish.scope.wish(),
    };
    let texts = wish.scope.texts().with(TextName::REASON, why.clone());
    Refused { draft: Box::new(story.on_task(facts, texts)), why }
}

fn in_words(state: &State, wish: &Wish, because: &DelegationRefusal) -> String {
    match because {
        DelegationRefusal::ReceiverUnknown => {
            format!("no active agent `{}` is registered", wish.to)
        }
        DelegationRefusal::SenderInactive => "the sender is not active".to_owned(),
        DelegationRefusal::TooDeep { limit } => format!("delegations go {limit} deep at most"),
        DelegationRefusal::Cycle => {
            format!("`{}` would be handed its own sub-task `{}`", wish.to, wish.key)
        }
        DelegationRefusal::Repeated => {
            format!("`{}` was handed `{}` here before", wish.to, wish.key)
        }
        DelegationRefusal::ForeignParent => {
            "the sender does not work on that delegation".to_owned()
        }
        DelegationRefusal::Blocked { agent, verb, because } => {
            let slug = state.registry.slug(*agent);
            format!("{slug} may not {verb}: {}", governance::in_words(because))
        }
        DelegationRefusal::Exhausted { needed, left } => match left {
            Some(left) if *left < needed.tokens => {
                format!("it needs {} tokens, and {left} are left", needed.tokens)
            }
            Some(_) | None if needed.is_zero() => {
                "its account is closed, or its model has no price where money is limited".to_owned()
            }
            Some(_) | None => {
                format!("it needs {} micro-dollars, more than is left", needed.money)
            }
        },
        DelegationRefusal::TooSmall { needed, budget } => {
            format!("one call needs {needed} tokens, and its budget is {budget}")
        }
        DelegationRefusal::BreakerOpen => {
            "the receiver's model failed too often of late".to_owned()
        }
        DelegationRefusal::Ended => "its task or the delegation above it has ended".to_owned(),
    }
}
