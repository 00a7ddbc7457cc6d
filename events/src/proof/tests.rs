use super::*;
use crate::merkle::Tree;
use crate::testkit::TestSigner;

struct Case {
    tree: Tree,
    signer: TestSigner,
}

impl Case {
    fn of(size: u64) -> Self {
        let mut tree = Tree::default();
        (0..size).for_each(|number| tree.push(Digest::of(&number.to_le_bytes())));
        Self { tree, signer: TestSigner::new(1) }
    }

    fn log() -> LogId {
        LogId::derive(&["proofs"])
    }

    fn key(&self) -> PublicKey {
        crate::Signer::public_key(&self.signer)
    }

    fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        let root = self.tree.root(size).unwrap();
        let checkpoint = Checkpoint { log: Self::log(), size, root };
        SignedCheckpoint::sign(checkpoint, &self.signer).unwrap()
    }

    fn inclusion(&self, position: u64, size: u64) -> InclusionProof {
        let index = position - 1;
        InclusionProof {
            log: Self::log(),
            position: Position::new(position).unwrap(),
            hash: self.tree.leaves()[usize::try_from(index).unwrap()],
            size,
            path: self.tree.inclusion(index, size).unwrap(),
        }
    }

    fn consistency(&self, from: u64, to: u64) -> ConsistencyProof {
        ConsistencyProof {
            log: Self::log(),
            from,
            from_root: self.tree.root(from).unwrap(),
            to,
            to_root: self.tree.root(to).unwrap(),
            path: self.tree.consistency(from, to).unwrap(),
        }
    }

    fn proofs(&self) -> [Proof; 2] {
        let checkpoint = self.checkpoint(9);
        [
            Proof::Inclusion { proof: self.inclusion(7, 9), checkpoint: checkpoint.clone() },
            Proof::Consistency { proof: self.consistency(4, 9), checkpoint },
        ]
    }
}

#[test]
fn a_proof_is_read_back_as_it_was_written() {
    let case = Case::of(9);
    for proof in case.proofs() {
        assert_eq!(proof.to_string().parse(), Ok(proof.clone()));
        assert_eq!(proof.check(&case.key()), Ok(()));
    }
}

#[test]
fn the_fields_of_a_proof_are_those_of_the_documentation() {
    let fields = |proof: &Proof| {
        let value: serde_json::Value = serde_json::from_str(&proof.to_string()).unwrap();
        value.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let [inclusion, consistency] = Case::of(9).proofs();
    let common = ["checkpoint", "kind", "log", "path"];
    let with = |own: &[&str]| {
        let mut all: Vec<_> = common.iter().chain(own).map(|name| (*name).to_owned()).collect();
        all.sort();
        all
    };
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(fields(&inclusion)), with(&["position", "hash", "size"]));
    assert_eq!(sorted(fields(&consistency)), with(&["from", "from_root", "to", "to_root"]));
}

#[test]
fn no_flipped_bit_in_a_file_leaves_another_proof_that_holds() {
    let case = Case::of(9);
    for proof in case.proofs() {
        let file = proof.to_string().into_bytes();
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[at] ^= 1 << bit;
                let read = String::from_utf8(changed).ok().and_then(|text| text.parse().ok());
                let Some(read) = read.filter(|read: &Proof| read.check(&case.key()).is_ok()) else {
                    continue;
                };
                // A hex digit in capitals is the same hash.
                assert_eq!(read, proof, "bit {bit} of byte {at}");
            }
        }
    }
}

#[test]
fn every_field_of_an_inclusion_proof_counts() {
    let case = Case::of(9);
    let (proof, checkpoint) = (case.inclusion(7, 9), case.checkpoint(9));
    let checkpoint = checkpoint.checkpoint();
    assert_eq!(proof.check(checkpoint), Ok(()));
    let root = Err(ProofError::Root { size: 9 });
    let other = Digest::of(b"other");
    let position = Position::new(6).unwrap();
    assert_eq!(InclusionProof { position, ..proof.clone() }.check(checkpoint), root);
    let position = Position::new(u64::MAX).unwrap();
    assert_eq!(InclusionProof { position, ..proof.clone() }.check(checkpoint), root);
    assert_eq!(InclusionProof { hash: other, ..proof.clone() }.check(checkpoint), root);
    assert_eq!(InclusionProof { path: vec![], ..proof.clone() }.check(checkpoint), root);
    for size in [0, 8, 10, u64::MAX] {
        let refused = InclusionProof { size, ..proof.clone() }.check(checkpoint);
        assert_eq!(refused, Err(ProofError::AnotherSize { checkpoint: 9 }));
    }
    let log = LogId::derive(&["another"]);
    let refused = InclusionProof { log, ..proof }.check(checkpoint);
    assert_eq!(refused, Err(ProofError::AnotherLog { proof: log, checkpoint: Case::log() }));
}

#[test]
fn every_field_of_a_consistency_proof_counts() {
    let case = Case::of(9);
    let (proof, checkpoint) = (case.consistency(4, 9), case.checkpoint(9));
    let checkpoint = checkpoint.checkpoint();
    assert_eq!(proof.check(checkpoint), Ok(()));
    let root = Err(ProofError::Root { size: 9 });
    let other = Digest::of(b"other");
    for from in [0, 3, 5, 9, 10] {
        let changed = ConsistencyProof { from, ..proof.clone() };
        assert_eq!(changed.check(checkpoint), root, "from {from}");
    }
    assert_eq!(ConsistencyProof { from_root: other, ..proof.clone() }.check(checkpoint), root);
    assert_eq!(ConsistencyProof { to_root: other, ..proof.clone() }.check(checkpoint), root);
    assert_eq!(ConsistencyProof { path: vec![], ..proof.clone() }.check(checkpoint), root);
    let refused = ConsistencyProof { to: 8, ..proof }.check(checkpoint);
    assert_eq!(refused, Err(ProofError::AnotherSize { checkpoint: 9 }));
}

#[test]
fn a_checkpoint_kept_elsewhere_must_fit_the_proof() {
    let case = Case::of(9);
    let [inclusion, consistency] = case.proofs();
    let key = case.key();
    for (proof, sizes) in [(&inclusion, &[9_u64][..]), (&consistency, &[4, 9])] {
        for size in 1..=9 {
            let kept = case.checkpoint(size);
            let expected = if sizes.contains(&size) {
                Ok(())
            } else {
                Err(ProofError::AnotherSize { checkpoint: size })
            };
            assert_eq!(proof.check_against(&kept, &key), expected, "of {size}");
        }
    }
    let root = Digest::of(b"another history");
    let forked = Checkpoint { log: Case::log(), size: 4, root };
    let forked = SignedCheckpoint::sign(forked, &case.signer).unwrap();
    let refused = consistency.check_against(&forked, &key);
    assert_eq!(refused, Err(ProofError::Root { size: 4 }));
}

#[test]
fn a_checkpoint_that_the_key_did_not_sign_proves_nothing() {
    let case = Case::of(9);
    let key = crate::Signer::public_key(&TestSigner::new(2));
    let not_signed = Err(ProofError::Checkpoint(CheckpointError::NotSigned { key }));
    for proof in case.proofs() {
        assert_eq!(proof.check(&key), not_signed);
        assert_eq!(proof.check_against(&case.checkpoint(9), &key), not_signed);
    }
    assert!(Verifier::new(&case.checkpoint(9), &key).is_err());
}

#[test]
fn a_verifier_finds_what_each_proof_by_itself_would() {
    for size in [1, 2, 3, 64, 100, 127, 129] {
        let case = Case::of(size);
        let checkpoint = case.checkpoint(size);
        let mut verifier = Verifier::new(&checkpoint, &case.key()).unwrap();
        let proofs: Vec<_> = (1..=size).map(|position| case.inclusion(position, size)).collect();
        for (nth, proof) in proofs.iter().chain(proofs.iter().rev()).enumerate() {
            for step in 0..=proof.path.len() {
                let mut forged = proof.clone();
                match forged.path.get_mut(step) {
                    Some(step) => *step = Digest::of(b"forged"),
                    None => forged.path.push(Digest::of(b"forged")),
                }
                let refused = verifier.check(&forged);
                assert_eq!(refused, Err(ProofError::Root { size }), "step {step} of {nth}");
            }
            let hash = Digest::of(b"forged");
            let forged = InclusionProof { hash, ..proof.clone() };
            assert_eq!(verifier.check(&forged), Err(ProofError::Root { size }));
            if nth % 3 != 0 {
                assert_eq!(verifier.check(proof), Ok(()), "{nth} of {size}");
            }
        }
    }
}
