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
fn what_is_checked_is_refused_or_passes_as_it_would_be_taken_in() {
    let bodies = Bodies::in_memory(600);
    for length in [100, 129, 600, 601, 5_000, 20_000] {
        let append = interaction("s", &"x".repeat(length));
        let (checked, taken) = (bodies.check(&append), bodies.take_from(append));
        assert_eq!(checked, taken.map(drop), "{length}");
        assert_eq!(checked.is_ok(), length <= 600, "{length}");
    }
}
