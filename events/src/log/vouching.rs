//! Who vouches for a log, from opening it to its last checkpoint.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::checkpoint::{CheckpointFile, Desk, Notary};
use crate::record::extension::{Entry, rotation_message};
use crate::{
    CheckpointSink, Disagreement, Durability, Engine, KeyFile, KeyFileError, OpenError, PublicKey,
    Reader, SignError, SignedCheckpoint, Signer, newest,
};

/// How a log is vouched for: who signs its checkpoints, how often, and who else keeps them.
#[derive(Clone, Default)]
pub struct Proofs {
    /// Who signs.
    pub signing: Signing,
    /// How often.
    pub pace: Pace,
    /// Who else keeps the checkpoints; they lie beside the log in any case.
    pub sink: Option<Arc<dyn CheckpointSink>>,
}

/// Who signs the checkpoints of a log.
#[derive(Clone, Default)]
pub enum Signing {
    /// The key in the file `key` of the log's directory, which is made with the log; nobody, where
    /// the log has no directory.
    #[default]
    OwnKey,
    /// The key in a file elsewhere, which is there already.
    KeyFile(PathBuf),
    /// A signer of the host's own.
    Signer(Arc<dyn Signer>),
    /// Nobody: no checkpoint is added. A log without a key stays without one.
    Nobody,
}

/// How often a checkpoint is written while events come: as soon as there are so many new ones, or
/// one is so old. The last one is written when the log is closed; a log that is not synced has no
/// other, since it may lose what such a one would vouch for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// So many new events; 1,000 unless said otherwise.
    pub events: u64,
    /// Or the oldest new event is this old; a second unless said otherwise.
    pub span: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { events: 1_000, span: Duration::from_secs(1) }
    }
}

impl Pace {
    /// Not before the log is closed.
    const AT_THE_END: Self = Self { events: u64::MAX, span: Duration::MAX };
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnKey => f.write_str("OwnKey"),
            Self::KeyFile(path) => f.debug_tuple("KeyFile").field(path).finish(),
            Self::Signer(signer) => f.debug_tuple("Signer").field(&signer.public_key()).finish(),
            Self::Nobody => f.write_str("Nobody"),
        }
    }
}

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proofs")
            .field("signing", &self.signing)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

/// Why a log's key was not handed over to another one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotateError {
    /// The log has no key yet, or nobody here holds it.
    #[error("nobody here holds the log's key")]
    Nobody,
    /// Another key is on its way into the next record.
    #[error("a key is on its way into the next record already")]
    Underway,
    /// The key in force did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Holds an opened log against its newest checkpoint and starts whoever writes the next ones.
pub(super) fn start(
    engine: &Engine,
    directory: Option<&Path>,
    durability: Durability,
    proofs: Proofs,
) -> Result<Notary, OpenError> {
    let Proofs { signing, pace, sink } = proofs;
    let reader = engine.reader();
    let path = directory.map(|directory| directory.join("checkpoints"));
    let newest = path.as_deref().map(newest).transpose()?.flatten();
    let is_compared = match &newest {
        Some(newest) => agree(engine, newest)?,
        None => true,
    };
    let signer = signer(reader, directory, signing)?;
    if let Some(signer) = &signer {
        introduce(engine, signer.public_key())?;
    }
    let file = path.map(CheckpointFile::open).transpose()?;
    let pace = match durability {
        Durability::Synced => pace,
        Durability::Buffered => Pace::AT_THE_END,
    };
    let desk = Desk { signer, file, newest, is_compared, sink, pace };
    Notary::start(reader, desk).map_err(|source| OpenError::Writer { source })
}

/// Whoever will sign, if anybody.
fn signer(
    reader: &Reader,
    directory: Option<&Path>,
    signing: Signing,
) -> Result<Option<Arc<dyn Signer>>, OpenError> {
    let path = match (signing, directory) {
        (Signing::Nobody, _) | (Signing::OwnKey, None) => return Ok(None),
        (Signing::Signer(signer), _) => return Ok(Some(signer)),
        (Signing::KeyFile(path), _) => return Ok(Some(Arc::new(KeyFile::open(&path)?))),
        (Signing::OwnKey, Some(directory)) => directory.join("key"),
    };
    let key = match KeyFile::open(&path) {
        // A key that is in force and not there was moved away; another one would be of no use.
        Err(KeyFileError::Absent { .. }) if reader.index().keys().newest().is_none() => {
            KeyFile::create(&path)?
        }
        key => key?,
    };
    Ok(Some(Arc::new(key)))
}

/// Lets the next record introduce the key, if none is in force.
fn introduce(engine: &Engine, key: PublicKey) -> Result<(), OpenError> {
    let in_force = engine.reader().index().keys().newest();
    match in_force {
        None => {
            engine.handover().put(Entry::Key(key));
            Ok(())
        }
        Some(expected) if expected != key => Err(OpenError::AnotherKey { expected, found: key }),
        Some(_) => Ok(()),
    }
}

/// Holds the log against its newest checkpoint; says whether the root was compared too, which is
/// left for later where the log was not read.
fn agree(engine: &Engine, newest: &SignedCheckpoint) -> Result<bool, OpenError> {
    let checkpoint = *newest.checkpoint();
    let size = checkpoint.size;
    let contradicted = |why: &'static str| OpenError::Contradicted { size, why };
    let index = engine.reader().index();
    let events = index.events();
    if events < size {
        return Err(Disagreement::ShorterThanCheckpoint { events, checkpoint: size }.into());
    }
    if events > 0 && checkpoint.log != engine.reader().id() {
        return Err(contradicted("it is of another log"));
    }
    let key = index.keys().at(size).ok_or(contradicted("no key vouches for them"))?;
    if newest.check(&key).is_err() {
        return Err(contradicted("their key did not sign it"));
    }
    if !engine.has_read_all() {
        return Ok(false);
    }
    if index.leaves().tree().root(size) == Some(checkpoint.root) {
        return Ok(true);
    }
    Err(contradicted("they are not what was signed"))
}

/// Hands the log over to another key, from the next record on.
pub(super) fn rotate(
    reader: &Reader,
    notary: &Notary,
    handover: &super::handover::Handover,
    next: Arc<dyn Signer>,
) -> Result<(), RotateError> {
    let signer = notary.signer().ok_or(RotateError::Nobody)?;
    let key = next.public_key();
    let message = rotation_message(reader.id(), &signer.public_key(), &key);
    let entry = Entry::Rotation { next: key, signature: signer.sign(&message)? };
    // Known before its key can be in force.
    notary.admit(next);
    if handover.put(entry) { Ok(()) } else { Err(RotateError::Underway) }
}
