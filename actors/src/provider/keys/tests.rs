//! Keys found, and not found, in both places.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

const CUSTOMARY: [&str; 2] = ["GOOGLE_API_KEY", "GEMINI_API_KEY"];

fn keys(directory: &Path) -> Keys {
    let variables = [("GEMINI_API_KEY", "from-gemini"), ("OURS", "from-ours"), ("EMPTY", "")];
    let find = move |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    Keys::new(find, directory)
}

fn at(env: Option<&str>, file: Option<&Path>) -> KeySettings {
    let file = file.map(|file| file.display().to_string());
    KeySettings { env: env.map(str::to_owned), file, keyless: false }
}

fn found(keys: &Keys, elsewhere: bool, settings: &KeySettings, customary: &[&str]) -> String {
    match keys.look_up(&ProviderName::Gemini, elsewhere, settings, customary) {
        Ok(Some(key)) => key.expose().to_owned(),
        Ok(None) => "none".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_environment_is_asked_before_the_file_and_an_empty_variable_counts_as_none() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("gemini");
    write(&file, " from-file\n", 0o600);
    let keys = keys(place.path());
    let own = KeySettings::default();
    assert_eq!(found(&keys, false, &own, &CUSTOMARY), "from-gemini");
    assert_eq!(found(&keys, false, &own, &["NOT_SET"]), "from-file");
    assert_eq!(found(&keys, true, &at(Some("OURS"), Some(&file)), &CUSTOMARY), "from-ours");
    assert_eq!(found(&keys, true, &at(Some("EMPTY"), Some(&file)), &CUSTOMARY), "from-file");
    assert_eq!(found(&keys, true, &own, &CUSTOMARY), "none", "its own key stays at home");
}

#[test]
fn where_there_is_no_key_both_places_are_named() {
    let place = tempfile::tempdir().unwrap();
    let keys = keys(place.path());
    let file = place.path().join("gemini");
    let said = found(&keys, false, &KeySettings::default(), &["A", "B"]);
    assert_eq!(
        said,
        format!(
            "no key for `gemini`: neither the environment (A, B) nor the key file {} holds one",
            file.display()
        )
    );
    let said = found(&keys, false, &at(Some("A"), None), &CUSTOMARY);
    assert!(said.contains("(A) nor a key file (no `key_file` is set)"), "{said}");
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("open");
    for mode in [0o640, 0o604, 0o660, 0o644] {
        write(&file, "s3cret", mode);
        let said = found(&keys(place.path()), false, &at(None, Some(&file)), &CUSTOMARY);
        assert!(said.contains("may be read by others") && !said.contains("s3cret"), "{said}");
    }
}

#[test]
fn a_file_that_is_no_key_is_refused_and_not_repeated() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    for text in ["", "s3cret\nand more", "s3cret\u{e9}", &"s3cret".repeat(1000)] {
        write(&file, text, 0o600);
        let said = found(&keys(place.path()), false, &at(None, Some(&file)), &CUSTOMARY);
        assert!(said.contains("holds no key") && !said.contains("s3cret"), "{said}");
    }
}
