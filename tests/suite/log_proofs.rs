//! What a log can prove: checkpoints, proofs, keys, and who is found out.

use std::fs;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use convoke_events::proof::Proof;
use convoke_events::testkit::{TestSigner, interaction};
use convoke_events::{
    CheckpointSink, Durability, KeyFile, KeyFileError, Log, MemoryStore, OpenError, Options, Pace,
    Position, Proofs, PublicKey, RotateError, SignedCheckpoint, Signer, Signing, VouchError,
    Vouched, newest,
};

use crate::binary::{convoke, convoke_reading, fresh, json};

fn append(log: &Log, count: u64) {
    for nth in 0..count {
        let append = interaction("proofs", &format!("{{\"nth\":{nth}}}"));
        let landing = log.append(append);
        if nth + 1 == count {
            landing.wait().unwrap();
        }
    }
}

fn options(signing: Signing) -> Options {
    // No test waits for a checkpoint that only time would bring.
    let pace = Pace { events: 1_000, span: Duration::MAX };
    Options { proofs: Proofs { signing, pace, sink: None }, ..Options::default() }
}

fn signed_by(number: u8) -> Signing {
    Signing::Signer(Arc::new(TestSigner::new(number)))
}

fn key(number: u8) -> PublicKey {
    TestSigner::new(number).public_key()
}

fn newest_size(data: &Path) -> Option<u64> {
    newest(&data.join("checkpoints")).unwrap().map(|newest| newest.checkpoint().size)
}

/// Hands every checkpoint to the test.
struct Elsewhere(mpsc::Sender<SignedCheckpoint>);

impl CheckpointSink for Elsewhere {
    fn take(&self, checkpoint: &SignedCheckpoint) {
        let _ = self.0.send(checkpoint.clone());
    }
}

fn with_sink(pace: Pace) -> (Options, mpsc::Receiver<SignedCheckpoint>) {
    let (to, checkpoints) = mpsc::channel();
    let sink: Option<Arc<dyn CheckpointSink>> = Some(Arc::new(Elsewhere(to)));
    let proofs = Proofs { signing: signed_by(1), pace, sink };
    (Options { proofs, ..Options::default() }, checkpoints)
}

#[test]
fn a_log_on_disk_has_a_key_of_its_own_and_a_last_checkpoint() {
    let (_place, data) = fresh();
    let log = Log::open(&data, options(Signing::OwnKey)).unwrap();
    assert_eq!(log.public_key(), None, "no record has introduced it yet");
    append(&log, 3);
    let key = log.public_key().unwrap();
    assert_eq!(key, KeyFile::open(&data.join("key")).unwrap().public_key());
    assert_eq!(newest_size(&data), None);
    log.close().unwrap();
    let last = newest(&data.join("checkpoints")).unwrap().unwrap();
    assert_eq!((last.checkpoint().size, last.check(&key)), (3, Ok(())));

    let log = Log::open(&data, options(Signing::OwnKey)).unwrap();
    assert_eq!(log.checkpoint(), Some(last));
    let verified = log.verify().unwrap();
    assert_eq!((verified.checkpoints, verified.signed), (Vouched::SelfAsserted, 3));
    log.close().unwrap();
    let notes = fs::read_to_string(data.join("checkpoints")).unwrap();
    assert_eq!(notes.matches("— ").count(), 1, "nothing happened that would need another one");
}

#[test]
fn a_thousand_events_make_a_checkpoint_at_once_and_a_few_when_their_time_has_come() {
    let (_place, data) = fresh();
    let (options, checkpoints) = with_sink(Pace { events: 1_000, span: Duration::MAX });
    let log = Log::open(&data, options).unwrap();
    append(&log, 1_000);
    let taken = checkpoints.recv().unwrap();
    assert_eq!(taken.check(&key(1)), Ok(()));
    assert_eq!(taken.checkpoint().size, 1_000);
    append(&log, 999);
    log.close().unwrap();
    assert_eq!(checkpoints.recv().unwrap().checkpoint().size, 1_999);
    drop(log);

    let (options, checkpoints) = with_sink(Pace { events: 1_000, span: Duration::from_millis(1) });
    let log = Log::open(&data, options).unwrap();
    append(&log, 1);
    let taken = checkpoints.recv().unwrap();
    assert_eq!(taken.checkpoint().size, 2_000);
    // It is synced beside the log before it goes elsewhere.
    assert_eq!(newest(&data.join("checkpoints")).unwrap(), Some(taken));
}

#[test]
fn a_log_that_is_not_synced_vouches_for_nothing_it_may_lose() {
    let (_place, data) = fresh();
    let (options, checkpoints) = with_sink(Pace { events: 1, span: Duration::ZERO });
    let options = Options { durability: Durability::Buffered, ..options };
    let log = Log::open(&data, options).unwrap();
    append(&log, 5);
    log.close().unwrap();
    drop(log);
    let sizes: Vec<u64> = checkpoints.iter().map(|taken| taken.checkpoint().size).collect();
    assert_eq!(sizes, [5]);
}

#[test]
fn every_event_of_a_log_is_proved_to_be_there_by_its_checkpoint_alone() {
    let log = Log::on(Arc::new(MemoryStore::new()), options(signed_by(1))).unwrap();
    append(&log, 40);
    let checkpoint = log.vouch().unwrap();
    assert_eq!(checkpoint.checkpoint().size, 40);
    for number in 1..=40 {
        let proof = log.prove(Position::new(number).unwrap(), 40).unwrap();
        let text = Proof::Inclusion { proof, checkpoint: checkpoint.clone() }.to_string();
        let read: Proof = text.parse().unwrap();
        assert_eq!(read.check(&key(1)), Ok(()), "{number}");
        assert!(read.check(&key(2)).is_err(), "{number}");
    }
    for (position, size) in [(41, 40), (1, 41), (7, 6), (1, 0)] {
        assert!(log.prove(Position::new(position).unwrap(), size).is_err(), "{position}/{size}");
    }
    for (from, to) in [(0, 40), (41, 40), (40, 41)] {
        assert!(log.prove_consistency(from, to).is_err(), "{from} to {to}");
    }
    let proof = log.prove_consistency(13, 40).unwrap();
    let proof = Proof::Consistency { proof, checkpoint };
    assert_eq!(proof.check_against(&log.vouch_for(13).unwrap(), &key(1)), Ok(()));
    assert!(matches!(log.vouch_for(41), Err(VouchError::Beyond { size: 41, head: 40 })));
}

#[test]
fn nobody_signs_where_nobody_was_named() {
    let log = Log::in_memory();
    append(&log, 2);
    assert!(matches!(log.vouch(), Err(VouchError::Nobody { size: 2 })));
    assert_eq!((log.checkpoint(), log.public_key()), (None, None));
    assert_eq!(log.verify().unwrap().checkpoints, Vouched::None);
    assert_eq!(log.rotate_key(Arc::new(TestSigner::new(2))), Err(RotateError::Nobody));
}

#[test]
fn the_key_may_lie_elsewhere_and_no_other_is_taken_for_it() {
    let (place, data) = fresh();
    let log = Log::open(&data, options(Signing::OwnKey)).unwrap();
    append(&log, 1);
    log.close().unwrap();
    let elsewhere = place.path().join("safe");
    fs::rename(data.join("key"), &elsewhere).unwrap();

    let absent = Log::open(&data, options(Signing::OwnKey));
    assert!(matches!(absent, Err(OpenError::KeyFile(KeyFileError::Absent { .. }))));
    assert!(!data.join("key").exists(), "another one would be of no use");
    let other = Log::open(&data, options(signed_by(9)));
    assert!(matches!(other, Err(OpenError::AnotherKey { found, .. }) if found == key(9)));

    let log = Log::open(&data, options(Signing::KeyFile(elsewhere))).unwrap();
    append(&log, 1);
    log.close().unwrap();
    assert_eq!(newest_size(&data), Some(2));
    let log = Log::open(&data, options(Signing::Nobody)).unwrap();
    append(&log, 1);
    assert_eq!(log.verify().unwrap().signed, 2, "to go on without a key is possible, and shows");
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let (_place, data) = fresh();
    Log::open(&data, options(Signing::OwnKey)).unwrap().close().unwrap();
    fs::set_permissions(data.join("key"), fs::Permissions::from_mode(0o644)).unwrap();
    let opened = Log::open(&data, options(Signing::OwnKey));
    assert!(matches!(opened, Err(OpenError::KeyFile(KeyFileError::Exposed { mode: 0o644, .. }))));
}

#[test]
fn a_key_hands_over_to_the_next_one_with_an_event() {
    let (_place, data) = fresh();
    let log = Log::open(&data, options(signed_by(1))).unwrap();
    append(&log, 2);
    log.vouch().unwrap();
    log.rotate_key(Arc::new(TestSigner::new(2))).unwrap();
    let again = log.rotate_key(Arc::new(TestSigner::new(3)));
    assert_eq!(again, Err(RotateError::Underway));
    assert_eq!(log.public_key(), Some(key(1)), "until an event carries it");
    append(&log, 1);
    assert_eq!(log.public_key(), Some(key(2)));
    assert_eq!(log.vouch().unwrap().check(&key(2)), Ok(()));
    assert_eq!(log.vouch_for(2).unwrap().check(&key(1)), Ok(()));
    log.close().unwrap();
    drop(log);

    let before = Log::open(&data, options(signed_by(1)));
    assert!(matches!(before, Err(OpenError::AnotherKey { expected, .. }) if expected == key(2)));
    for index in ["kept", "removed"] {
        if index == "removed" {
            fs::remove_file(data.join("index")).unwrap();
        }
        let log = Log::open(&data, options(signed_by(2))).unwrap();
        for trusted in [key(1), key(2)] {
            let verified = log.verify_with(&trusted).unwrap();
            assert_eq!((verified.checkpoints, verified.signed), (Vouched::Trusted, 3), "{index}");
        }
        let broken = log.verify_with(&key(3)).unwrap_err();
        assert_eq!(broken.why, "the key given is none of this log's: was it written down right?");
        log.close().unwrap();
    }
}

#[test]
fn who_trusts_a_key_notices_that_its_checkpoints_are_gone() {
    let (_place, data) = fresh();
    let log = Log::open(&data, options(signed_by(1))).unwrap();
    append(&log, 2);
    log.close().unwrap();
    drop(log);
    fs::remove_file(data.join("checkpoints")).unwrap();
    let log = Log::open(&data, options(Signing::Nobody)).unwrap();
    assert_eq!(log.verify().unwrap().checkpoints, Vouched::None);
    assert!(log.verify_with(&key(1)).is_err());
}

/// Logs that begin alike: the first of two events, and the first of four with another third one.
fn fork(data: &Path, other: &Path) {
    let log = Log::open(data, options(signed_by(1))).unwrap();
    append(&log, 4);
    log.close().unwrap();
    let log = Log::open(other, options(signed_by(1))).unwrap();
    append(&log, 4);
    log.close().unwrap();
}

#[test]
fn a_log_that_its_newest_checkpoint_was_not_signed_for_is_refused() {
    let (place, data) = fresh();
    let other = place.path().join("other");
    fork(&data, &other);
    fs::copy(other.join("checkpoints"), data.join("checkpoints")).unwrap();
    let opened = Log::open(&data, options(signed_by(1)));
    assert!(matches!(opened, Err(OpenError::Contradicted { size: 4, .. })), "{opened:?}");
    let ran = convoke(&data, &["log", "verify", "--json"]);
    assert_eq!(ran.code, Some(4));
    assert!(ran.out.starts_with("{\"first_bad\":1,"), "{}", ran.out);
}

#[test]
fn a_log_shorter_than_its_newest_checkpoint_is_refused() {
    let (place, data) = fresh();
    let log = Log::open(&data, options(signed_by(1))).unwrap();
    append(&log, 2);
    log.close().unwrap();
    drop(log);
    let shorter = place.path().join("shorter");
    copy_all(&data, &shorter);
    let log = Log::open(&data, options(signed_by(1))).unwrap();
    append(&log, 3);
    log.close().unwrap();
    drop(log);
    fs::copy(data.join("checkpoints"), shorter.join("checkpoints")).unwrap();
    let opened = Log::open(&shorter, options(signed_by(1)));
    assert!(matches!(opened, Err(OpenError::Disagreement(_))), "{opened:?}");
    assert_eq!(convoke(&shorter, &["log", "verify"]).code, Some(4));
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy_all(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn a_changed_checkpoint_is_named_by_opening_or_by_verifying() {
    let (_place, data) = fresh();
    let log = Log::open(&data, options(signed_by(1))).unwrap();
    for _ in 0..3 {
        append(&log, 1);
        log.vouch().unwrap();
    }
    log.close().unwrap();
    drop(log);
    let path = data.join("checkpoints");
    let whole = fs::read(&path).unwrap();
    let note = whole.len() / 3;
    // The size, the root and the signature of each of the three.
    for (nth, at) in (0..3).flat_map(|nth| [44 + 1, 60, 180].map(|at| (nth, nth * note + at))) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        match Log::open(&data, options(Signing::Nobody)) {
            Ok(log) => {
                let broken = log.verify().unwrap_err();
                assert!(nth < 2, "{broken}");
                log.close().unwrap();
            }
            Err(error) => assert!(error.is_damage(), "{error}"),
        }
    }
    fs::write(&path, &whole).unwrap();
    let log = Log::open(&data, options(signed_by(1))).unwrap();
    assert_eq!(log.verify().unwrap().signed, 3);
}

#[test]
fn the_command_proves_and_checks_without_the_log() {
    let (place, data) = fresh();
    let lines = "{\"stream\":\"a\",\"kind\":\"interaction\",\"body\":\"x\"}\n".repeat(5);
    convoke_reading(&data, &["log", "append"], &lines).done();
    let verified = json(&data, &["log", "verify"]);
    assert_eq!(verified["checkpoints"], "self-asserted");
    assert_eq!((&verified["events"], &verified["signed"]), (&5.into(), &5.into()));
    let key = verified["key"].as_str().unwrap().to_owned();
    assert_eq!(json(&data, &["log", "verify", "--key", &key])["checkpoints"], "trusted");
    let other = TestSigner::new(1).public_key().to_string();
    let stranger = convoke(&data, &["log", "verify", "--key", &other]).failed(4);
    assert!(stranger.contains("every link agree, but the key given is none of this log's"));
    assert!(!stranger.contains("damaged") && !stranger.contains("repair"), "{stranger}");
    convoke(&data, &["log", "verify", "--key", "nonsense"]).failed(2);

    let file = place.path().join("proof.json");
    let file = file.to_str().unwrap();
    convoke(&data, &["log", "prove", "2", "--out", file]).done();
    let nowhere = place.path().join("nowhere");
    let checked = json(&nowhere, &["log", "check-proof", file, "--key", &key]);
    assert_eq!((&checked["proved"], &checked["position"]), (&"inclusion".into(), &2.into()));
    assert_eq!(checked["hash"], json(&data, &["log", "show", "2"])["hash"]);
    let refused = convoke(&nowhere, &["log", "check-proof", file, "--key", &other]).failed(4);
    assert!(refused.contains("is not signed by the key"), "{refused}");
    convoke(&data, &["log", "prove", "6"]).failed(1);
    convoke(&data, &["log", "prove"]).failed(2);
    assert!(!nowhere.exists());

    let early = place.path().join("early");
    fs::copy(data.join("checkpoints"), &early).unwrap();
    let early = early.to_str().unwrap();
    convoke_reading(&data, &["log", "append"], &lines).done();
    let proof = convoke(&data, &["log", "prove", "--consistency", "5", "10"]).done();
    fs::write(file, &proof).unwrap();
    let check = ["log", "check-proof", file, "--key", &key];
    let checked = json(&nowhere, &[&check[..], &["--checkpoint", early]].concat());
    assert_eq!((&checked["from"], &checked["to"]), (&5.into(), &10.into()));
    fs::write(file, proof.replacen("\"from\":5", "\"from\":4", 1)).unwrap();
    convoke(&nowhere, &check).failed(4);
    fs::write(file, "no proof").unwrap();
    convoke(&nowhere, &check).failed(4);
}

#[test]
fn the_command_takes_a_key_that_was_moved_away() {
    let (place, data) = fresh();
    let line = "{\"stream\":\"a\",\"kind\":\"interaction\",\"body\":\"x\"}\n";
    convoke_reading(&data, &["log", "append"], line).done();
    let safe = place.path().join("safe");
    fs::rename(data.join("key"), &safe).unwrap();
    let complaint = convoke_reading(&data, &["log", "append"], line).failed(1);
    assert!(complaint.contains("--key-file"), "{complaint}");
    let key_file = safe.to_str().unwrap();
    convoke_reading(&data, &["log", "append", "--key-file", key_file], line).done();
    let verified = json(&data, &["log", "verify"]);
    assert_eq!((&verified["events"], &verified["signed"]), (&2.into(), &2.into()));
    convoke(&data, &["log", "prove", "2"]).done();
}
