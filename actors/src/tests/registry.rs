//! Agents are registered, revised and retired; what an old version was told stays readable.

use convoke_events::{
    AgentProfile, Event, HostName, ProviderName, RegistryEvent, TextName, Texts, TrustLevel,
};

use super::cast::{found, triage, workshop};
use super::stage::Stage;
use crate::authority::LocalOwner;
use crate::command::{AgentRegistration, Command};
use crate::provider::{MessageRole, ModelRequest, Part};
use crate::testkit::{Then, hub, member};

const SETTINGS: &str = r#"{"rules":[{"any":["x"],"recommend":"x","confidence":1,"reason":"x"}],
    "otherwise":{"recommend":"x","confidence":1,"reason":"x"}}"#;

fn new() -> AgentRegistration {
    member("new", SETTINGS)
}

fn revisions(then: &Then) -> Vec<(u32, &AgentProfile)> {
    found!(
        then,
        Event::Registry(RegistryEvent::AgentRevised(revised)) => (revised.version, &revised.profile)
    )
}

#[test]
fn an_agent_is_registered_with_its_texts_beside_its_facts() {
    let then = workshop().command(Command::RegisterAgent(new())).leaves(&["AgentRegistered"]);
    let texts: &Texts = &then.events[0].texts;
    assert_eq!(texts.get(&TextName::SYSTEM_PROMPT), Some("You are new."));
    assert_eq!(texts.get(&TextName::SETTINGS), Some(SETTINGS));
    let found = found!(then, Event::Registry(RegistryEvent::AgentRegistered(one)) => one.profile.prompt_bytes);
    assert_eq!(found, [12]);
}

#[test]
fn the_same_registration_again_leaves_nothing() {
    let mut scene = workshop();
    scene.command(Command::RegisterAgent(new()));
    assert_eq!(scene.command(Command::RegisterAgent(new())).leaves(&[]).answer, Ok(()));
}

#[test]
fn whatever_differs_makes_the_next_version() {
    let host = || ProviderName::Host(HostName::new("mine").unwrap());
    let others = [
        AgentRegistration { system_prompt: "Be brief.".to_owned(), ..new() },
        AgentRegistration { name: "New".to_owned(), ..new() },
        AgentRegistration { description: "It is new.".to_owned(), ..new() },
        AgentRegistration { settings: Some(format!("{SETTINGS} ")), ..new() },
        AgentRegistration { trust: TrustLevel::Elevated, ..new() },
        AgentRegistration { base_url: Some("http://localhost".to_owned()), ..new() },
        AgentRegistration { provider: host(), ..new() },
    ];
    for other in others {
        let mut scene = workshop();
        scene.command(Command::RegisterAgent(new()));
        let then = scene.command(Command::RegisterAgent(other.clone())).leaves(&["AgentRevised"]);
        assert_eq!(revisions(&then)[0].0, 2, "{other:?}");
        scene.command(Command::RegisterAgent(other)).leaves(&[]);
        let then = scene.command(Command::RegisterAgent(new()));
        assert_eq!(revisions(&then)[0].0, 3, "back again is a change too");
    }
}

#[test]
fn a_revision_leaves_an_agent_as_active_as_it_was() {
    let mut scene = workshop();
    let (slug, reason) = (super::cast::word("scout"), "it rests".to_owned());
    scene.command(Command::DeactivateAgent { slug, reason }).leaves(&["AgentDeactivated"]);
    let scout = AgentRegistration { name: "Scout".to_owned(), ..member("scout", SETTINGS) };
    scene.command(Command::RegisterAgent(scout)).leaves(&["AgentRevised"]);
    let then = super::cast::hand_in(&mut scene, triage("a"));
    assert_eq!(super::cast::started(&then).len(), 0);
}

fn system_prompt(request: &ModelRequest) -> &Part {
    let system = request.messages.iter().find(|one| one.role == MessageRole::System).unwrap();
    &system.parts[0]
}

#[test]
fn a_call_is_told_what_its_agent_s_version_was_told_also_after_a_revision() {
    let mut stage = Stage::workshop(LocalOwner);
    let old = stage.done(Command::SubmitTask(triage("a"))).calls.remove(0);
    let system_prompt_2 = "You are scout, and brief.".to_owned();
    let scout = AgentRegistration { system_prompt: system_prompt_2, ..member("scout", SETTINGS) };
    stage.done(Command::RegisterAgent(scout));
    let new = stage.done(Command::SubmitTask(triage("b"))).calls.remove(0);
    assert_eq!((old.agent_version, new.agent_version), (1, 2));
    let told = |call| stage.request(call);
    assert_eq!(system_prompt(&told(&old)), &Part::Text("You are scout.".to_owned()));
    assert_eq!(system_prompt(&told(&new)), &Part::Text("You are scout, and brief.".to_owned()));
    assert_ne!(told(&old).settings, told(&new).settings);
}

#[test]
fn a_deactivated_agent_is_deactivated_once_and_can_come_back() {
    let mut scene = workshop();
    let (slug, reason) = (super::cast::word("scout"), "it rests".to_owned());
    let deactivate = Command::DeactivateAgent { slug, reason };
    let then = scene.command(deactivate.clone()).leaves(&["AgentDeactivated"]);
    assert_eq!(then.events[0].texts.get(&TextName::REASON), Some("it rests"));
    scene.command(deactivate).leaves(&[]);
    let (slug, reason) = (super::cast::word("scout"), "it is rested".to_owned());
    let reactivate = Command::ReactivateAgent { slug, reason };
    scene.command(reactivate.clone()).leaves(&["AgentReactivated"]);
    scene.command(reactivate).leaves(&[]);
}

#[test]
fn an_unknown_agent_is_refused_by_slug_and_hub() {
    let reason = || "none".to_owned();
    let slug = || super::cast::word("ghost");
    let commands = [
        Command::DeactivateAgent { slug: slug(), reason: reason() },
        Command::ReactivateAgent { slug: slug(), reason: reason() },
        super::cast::allow("ghost", "request", &[], true),
    ];
    for command in commands {
        let hub = hub();
        let words = format!("no agent `ghost` is registered in hub `{hub}`");
        workshop().command(command).is_refused(&words);
    }
}

#[test]
fn a_rules_agent_without_rules_that_hold_is_refused_by_the_name_of_the_field() {
    let without = AgentRegistration { settings: None, ..new() };
    workshop()
        .command(Command::RegisterAgent(without))
        .is_refused("the settings of agent `new` do not suit its provider: it has no rules");
    let then = workshop().command(Command::RegisterAgent(member("new", r#"{"rules":[]}"#)));
    let words = then.answer.clone().unwrap_err().to_string();
    assert!(words.contains("agent `new`") && words.contains("otherwise"), "{words}");
    then.leaves(&[]);
}
