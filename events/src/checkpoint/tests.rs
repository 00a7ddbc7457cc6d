use std::fs;

use super::*;
use crate::testkit::TestSigner;

fn log() -> LogId {
    LogId::derive(&["checkpoints"])
}

fn signed(size: u64) -> SignedCheckpoint {
    let root = Digest::of(&size.to_le_bytes());
    SignedCheckpoint::sign(Checkpoint { log: log(), size, root }, &TestSigner::new(1)).unwrap()
}

#[test]
fn a_checkpoint_is_written_as_the_specification_says_and_read_back() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let text = format!("convoke/{}\n20852163\n{root}\n", log());
    let checkpoint: Checkpoint = text.parse().unwrap();
    assert_eq!((checkpoint.log, checkpoint.size), (log(), 20_852_163));
    assert_eq!(STANDARD.encode(checkpoint.root.as_bytes()), root);
    assert_eq!(checkpoint.to_string(), text);
    let extended = format!("{text}an extension of somebody's\n");
    assert_eq!(extended.parse::<Checkpoint>(), Ok(checkpoint));
}

#[test]
fn a_text_that_is_no_checkpoint_is_refused_by_the_line() {
    let whole = signed(7).checkpoint().to_string();
    let origin = origin(log());
    let check = |from: &str, to: &str, field: &'static str| {
        let refused = whole.replacen(from, to, 1).parse::<Checkpoint>();
        assert_eq!(refused, Err(CheckpointError::Text { field }), "{from:?} to {to:?}");
    };
    check("convoke/", "convoke", "origin");
    check("convoke/", "another/", "origin");
    check(&origin, &origin.to_uppercase(), "origin");
    check(&origin, &origin.replace('-', ""), "origin");
    check("\n7\n", "\n07\n", "size");
    check("\n7\n", "\n+7\n", "size");
    check("\n7\n", "\n-7\n", "size");
    check("\n7\n", "\n99999999999999999999\n", "size");
    check("=\n", "\n", "root");
    check("=\n", "=", "end");
    check("=\n", "=\n\n", "extension");
    assert!("".parse::<Checkpoint>().is_err());
}

#[test]
fn a_note_is_read_back_and_holds_for_its_signer_alone() {
    let signed = signed(7);
    let note = signed.to_string();
    assert_eq!(note.parse(), Ok(signed.clone()));
    assert_eq!(signed.check(&TestSigner::new(1).public_key()), Ok(()));
    let key = TestSigner::new(2).public_key();
    assert_eq!(signed.check(&key), Err(CheckpointError::NotSigned { key }));
}

#[test]
fn signatures_of_witnesses_are_kept_and_do_not_count() {
    let note = signed(7).to_string();
    let witness = note.lines().last().unwrap().replace("convoke/", "witness.example/");
    let both: SignedCheckpoint = format!("{note}{witness}\n").parse().unwrap();
    assert_eq!(both.check(&TestSigner::new(1).public_key()), Ok(()));
    assert_eq!(both.to_string(), format!("{note}{witness}\n"));
    let (text, _) = note.split_once("\n\n").unwrap();
    let alone: SignedCheckpoint = format!("{text}\n\n{witness}\n").parse().unwrap();
    assert!(alone.check(&TestSigner::new(1).public_key()).is_err());
}

#[test]
fn a_second_signature_of_the_same_key_must_be_right_too() {
    let (one, other) = (signed(7).to_string(), signed(8).to_string());
    let forged = format!("{one}{}\n", other.lines().last().unwrap());
    let forged: SignedCheckpoint = forged.parse().unwrap();
    assert!(forged.check(&TestSigner::new(1).public_key()).is_err());
}

#[test]
fn no_flipped_bit_leaves_a_note_signed() {
    let (note, key) = (signed(7).to_string().into_bytes(), TestSigner::new(1).public_key());
    for at in 0..note.len() {
        for bit in 0..8 {
            let mut changed = note.clone();
            changed[at] ^= 1 << bit;
            let read = String::from_utf8(changed).ok().and_then(|note| note.parse().ok());
            let holds = read.is_some_and(|note: SignedCheckpoint| note.check(&key).is_ok());
            assert!(!holds, "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn the_newest_checkpoint_is_found_however_many_there_are() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("checkpoints");
    assert!(newest(&path).unwrap().is_none());
    // More than is read from the end at once.
    for size in 1..=200 {
        CheckpointFile::open(path.clone()).unwrap().append(&signed(size)).unwrap();
        assert_eq!(newest(&path).unwrap(), Some(signed(size)));
    }
    let all = file::all(&path).unwrap();
    assert_eq!(all, (1..=200).map(signed).collect::<Vec<_>>());
}

#[test]
fn a_note_that_was_cut_short_is_passed_over_and_overwritten() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("checkpoints");
    let mut file = CheckpointFile::open(path.clone()).unwrap();
    for size in 1..=100 {
        file.append(&signed(size)).unwrap();
    }
    let whole = fs::read(&path).unwrap();
    let last = signed(100).to_string().len() + 1;
    for cut in 1..=last {
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        assert_eq!(newest(&path).unwrap(), Some(signed(99)), "{cut} bytes are missing");
        CheckpointFile::open(path.clone()).unwrap().append(&signed(100)).unwrap();
        assert!(fs::read(&path).unwrap() == whole, "{cut} bytes were missing");
    }
}

#[test]
fn damage_to_the_file_is_named_and_never_another_checkpoint() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("checkpoints");
    let mut file = CheckpointFile::open(path.clone()).unwrap();
    for size in 1..=3 {
        file.append(&signed(size)).unwrap();
    }
    let (whole, key) = (fs::read(&path).unwrap(), TestSigner::new(1).public_key());
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        let Ok(found) = file::all(&path) else { continue };
        let is_signed = |found: &SignedCheckpoint| found.check(&key).is_ok();
        let harmless = found.iter().filter(|found| is_signed(found)).count() == 2;
        assert!(harmless && found.len() <= 3, "byte {at}");
    }
}
