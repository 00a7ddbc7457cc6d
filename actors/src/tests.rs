//! What the room promises, file by file.

mod crashes;
