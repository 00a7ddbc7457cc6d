use super::*;

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
