use super::*;
use crate::testkit::interaction;

fn hub() -> HubId {
    HubId::new("h").unwrap()
}

#[test]
fn a_body_is_only_there_for_its_own_hub() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Bodies::in_folder(directory.path().join("bodies"), Durability::Synced, MAX_TEXT);
    for bodies in [folder, Bodies::in_memory(MAX_TEXT)] {
        let body = Body::new("a long text".to_owned());
        bodies.put(&hub(), &body).unwrap();
        assert_eq!(bodies.get(&hub(), body.digest, 11).unwrap(), "a long text");
        let elsewhere = bodies.get(&HubId::new("other").unwrap(), body.digest, 11);
        assert_eq!(elsewhere, Err(BodyError::Missing { digest: body.digest }));
    }
}

#[test]
fn a_text_is_prepared_up_to_the_limit_and_taken_in_where_it_is_long() {
    let bodies = Bodies::in_memory(6_000);
    for (length, beside) in [(100, 0), (4_096, 0), (4_097, 1), (6_000, 1)] {
        let mut prepared = bodies.prepare(interaction("s", &"x".repeat(length))).unwrap();
        assert_eq!(prepared.bodies.len(), beside, "{length}");
        let digests: Vec<_> = prepared.bodies.iter().map(|body| body.digest).collect();
        let length = u32::try_from(length).unwrap();
        let hub = prepared.append().hub.clone();
        assert!(digests.iter().all(|digest| bodies.get(&hub, *digest, length).is_err()));
        bodies.take_from(&mut prepared).unwrap();
        assert!(digests.iter().all(|digest| bodies.get(&hub, *digest, length).is_ok()));
    }
    assert!(bodies.prepare(interaction("s", &"x".repeat(6_001))).is_err());
}
