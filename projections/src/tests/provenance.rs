//! Where a proposal comes from, as a tree.

use convoke_events::*;

use super::agreement::*;
use super::delegating::*;
use super::federation::*;
use super::history::*;
use crate::provenance::{self, Node, Part};
use crate::*;

fn tree(history: &History, name: &str) -> Node {
    let proposals = view::<Proposals>(history);
    let proposal = proposals.get(proposal(name)).unwrap();
    provenance::of(proposal, &view(history), &view(history))
}

fn traced() -> History {
    let mut history = opened();
    convene(&mut history, "login");
    start(&mut history, "login", Purpose::Contribution, "forge");
    answer(&mut history, "login", Purpose::Contribution, "forge", "fix");
    refuse(&mut history, "login", "forge");
    handed_over(&mut history, "login");
    verdict(&mut history, "login", ConsensusStatus::Consensus, 2);
    start(&mut history, "login", Purpose::Synthesis, "forge");
    answer(&mut history, "login", Purpose::Synthesis, "forge", "fix");
    let made = ProposalMade {
        proposal: proposal("login"),
        task: task("login"),
        collective: Some(collective("login")),
        artifact: word("implementation"),
        task_type: word("implementation"),
        basis: ProposalBasis::Divergence,
        key: Some(word("fix")),
        confidence: None,
        digest: Digest::of(b"fix it"),
        terms: ReviewTerms { reviewers: 1, expires_ms: None },
        blocked: None,
    };
    history.on("login", made, Texts::none().with(TextName::CONTENT, "fix it"));
    history
}

#[test]
fn a_proposal_is_traced_to_everybody_who_took_part_and_what_they_spent() {
    let printed = tree(&traced(), "login").to_string();
    let helm = "missing: blocked: policy ";
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 9, "{printed}");
    assert_eq!(
        lines[0],
        "proposal \"login crashes\": pending, recommends `fix`; 1600 tokens ($0.0032) in all"
    );
    assert_eq!(
        lines[1],
        "└─ collective \"implementation\": consensus on `fix`; 1600 tokens ($0.0032) in all"
    );
    assert_eq!(
        lines[2],
        "   ├─ contribution by forge (v1): recommends `fix`, confidence 0.9; 300 tokens ($0.0006) \
         of 412 tokens ($0.000824)"
    );
    assert_eq!(
        lines[3],
        "   │  └─ refused delegation \"ask somebody\": no active agent `ghost` is registered"
    );
    assert_eq!(
        lines[4],
        "   ├─ contribution by mace (v1): recommends `fix`, confidence 0.9; 300 tokens ($0.0006) \
         of 412 tokens ($0.000824), 1000 tokens ($0.002) with what is below"
    );
    assert_eq!(
        lines[5],
        "   │  └─ delegation to helm (v1) \"look for duplicates\": completed: recommends `unique`; \
         300 tokens ($0.0006) of 1000 tokens ($0.002), 700 tokens ($0.0014) with what is below"
    );
    assert_eq!(
        lines[6],
        "   │     └─ delegation to scout (v1) \"look for duplicates\": failed: its call failed; 400 \
         tokens ($0.0008) of 500 tokens ($0.001)"
    );
    assert!(lines[7].starts_with(&format!("   ├─ contribution by helm (v1): {helm}")), "{printed}");
    assert!(lines[8].starts_with("   └─ synthesis by forge (v1): recommends `fix`"), "{printed}");
}

#[test]
fn the_same_tree_is_told_as_json() {
    let json = serde_json::to_value(tree(&traced(), "login")).unwrap();
    assert_eq!(json["part"], "proposal");
    let collective = &json["below"][0];
    assert_eq!(collective["used_in_all"]["tokens"], 1_600);
    let mace = &collective["below"][1];
    assert_eq!(
        (mace["by"]["slug"].as_str(), mace["used"]["tokens"].as_u64()),
        (Some("mace"), Some(300))
    );
    let outer = &mace["below"][0];
    assert_eq!(outer["id"], delegation("outer").to_string());
    assert_eq!(
        (&outer["budget"]["tokens"], &outer["below"][0]["part"]),
        (&1_000.into(), &"delegation".into())
    );
}

#[test]
fn a_delegation_in_the_name_of_an_agent_that_was_not_asked_stands_under_the_collective() {
    let mut history = traced();
    let handed = Handed { name: "hosts", above: None, from: "scout", to: "forge", budget: 500 };
    hand_over(&mut history, "login", &handed);
    let tree = tree(&history, "login");
    let collective = &tree.below[0];
    let node = collective.below.iter().find(|node| node.part == Part::Delegation).unwrap();
    assert_eq!(node.id, Some(delegation("hosts").to_string()));
    assert_eq!((node.outcome.as_str(), node.used_in_all), ("pending", Amount::ZERO));
}
