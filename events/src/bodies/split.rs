//! Splitting: what of an append goes into records and what beside the log.

use super::{Bodies, BodyError};
use crate::record::TooLarge;
use crate::text::{Text, TextBody, TextName, Texts};
use crate::{Append, AppendError, Digest, HubId, Prepared};

/// The longest text that stays in its record wherever there is room, in bytes.
const INLINE: usize = 4 * 1024;

/// The longest text that is never moved out of its record, in bytes: naming it takes half of that.
const SMALL: usize = 128;

/// A text on its way into the body store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) digest: Digest,
    pub(crate) content: String,
}

impl Body {
    pub(crate) fn new(content: String) -> Self {
        Self { digest: Digest::of(content.as_bytes()), content }
    }
}

impl Bodies {
    /// Checks an append, and splits off the texts that are too long for its records; takes none in.
    pub(crate) fn prepare(&self, append: Append) -> Result<Prepared, AppendError> {
        // What it names by digest alone must be there already.
        let texts = append.events.iter().flat_map(|pending| pending.texts.iter());
        for (digest, length) in texts.filter_map(Text::stored) {
            self.get(&append.hub, digest, length)?;
        }
        append.prepare_within(self.limit)
    }

    /// Takes in the texts that were split off an append.
    pub(crate) fn take_from(&self, prepared: &mut Prepared) -> Result<(), BodyError> {
        for body in std::mem::take(&mut prepared.bodies) {
            self.put(&prepared.append().hub, &body)?;
        }
        Ok(())
    }

    /// Puts the content of every text of an event in its place.
    pub(crate) fn fetch(
        &self,
        hub: &HubId,
        texts: &mut Texts,
    ) -> Result<(), (TextName, BodyError)> {
        for text in texts.iter_mut() {
            if let Some((digest, length)) = text.stored() {
                match self.get(hub, digest, length) {
                    Ok(content) => text.body = TextBody::Fetched { digest, content },
                    Err(error) => return Err((text.name.clone(), error)),
                }
            }
        }
        Ok(())
    }
}

impl Text {
    /// Digest and length, where the text was left in the body store.
    pub(crate) const fn stored(&self) -> Option<(Digest, u32)> {
        match self.body {
            TextBody::Stored { digest, length } => Some((digest, length)),
            TextBody::Inline(_) | TextBody::Fetched { .. } => None,
        }
    }

    /// How many bytes could be moved out of the record.
    fn movable(&self) -> Option<usize> {
        match &self.body {
            TextBody::Inline(content) => Some(content.len()).filter(|length| *length > SMALL),
            TextBody::Stored { .. } | TextBody::Fetched { .. } => None,
        }
    }

    /// Leaves digest and length in the place of its content.
    fn move_out(&mut self) -> Option<Body> {
        let (TextBody::Inline(content) | TextBody::Fetched { content, .. }) = &mut self.body else {
            return None;
        };
        let body = Body::new(std::mem::take(content));
        // The limit was checked, and is far below this one.
        let length = u32::try_from(body.content.len()).unwrap_or(u32::MAX);
        self.body = TextBody::Stored { digest: body.digest, length };
        Some(body)
    }
}

impl Append {
    /// Whether there is anything to move out of its records, or anything moved out already.
    pub(crate) fn may_be_split(&self) -> bool {
        let mut texts = self.events.iter().flat_map(|pending| pending.texts.iter());
        texts.any(|text| match &text.body {
            TextBody::Inline(content) => content.len() > SMALL,
            TextBody::Stored { .. } | TextBody::Fetched { .. } => true,
        })
    }

    /// Whether nothing is moved out of it as long as each of its events fits its record, and no text
    /// is longer than this.
    pub(crate) fn stays_whole(&self, limit: usize) -> bool {
        let longest = INLINE.min(limit);
        let mut texts = self.events.iter().flat_map(|pending| pending.texts.iter());
        texts
            .all(|text| matches!(&text.body, TextBody::Inline(content) if content.len() <= longest))
    }

    /// Moves out every text that is longer than a record should hold, and the longest ones of an
    /// event until it fits.
    pub(crate) fn split(mut self, limit: usize) -> Result<(Self, Vec<Body>), TooLarge> {
        let mut bodies = Vec::new();
        let mut events = std::mem::take(&mut self.events);
        for pending in &mut events {
            for text in pending.texts.iter_mut() {
                let size = text.body.content().map_or(0, str::len);
                if size > limit {
                    return Err(TooLarge { what: "a text", size, limit });
                }
                if size > INLINE || matches!(text.body, TextBody::Fetched { .. }) {
                    bodies.extend(text.move_out());
                }
            }
            while pending.texts.iter().any(|text| text.movable().is_some())
                && self.is_too_large(pending)
            {
                let longest = pending.texts.iter_mut().max_by_key(|text| text.movable());
                bodies.extend(longest.and_then(Text::move_out));
            }
        }
        self.events = events;
        Ok((self, bodies))
    }
}
