//! Data directories as they would be found: taken at any moment, put together, damaged.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const BLOCK: usize = 4_096;

/// One file of a directory; blocks of zeros are left out.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) name: PathBuf,
    pub(crate) length: u64,
    permissions: fs::Permissions,
    blocks: Vec<(u64, Vec<u8>)>,
}

impl Image {
    fn take(root: &Path, path: &Path) -> Option<Self> {
        // A directory in use may lose a file at any moment.
        let mut file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            opened => opened.unwrap(),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let blocks = bytes
            .chunks(BLOCK)
            .enumerate()
            .filter(|(_, block)| block.iter().any(|byte| *byte != 0))
            .map(|(nth, block)| (u64::try_from(nth * BLOCK).unwrap(), block.to_vec()))
            .collect();
        let name = path.strip_prefix(root).unwrap().to_owned();
        let length = u64::try_from(bytes.len()).unwrap();
        // The signer's key must not be open to others.
        let permissions = file.metadata().unwrap().permissions();
        Some(Self { name, length, permissions, blocks })
    }

    fn put(&self, root: &Path) {
        let path = root.join(&self.name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = File::create(path).unwrap();
        for (offset, block) in &self.blocks {
            file.write_all_at(block, *offset).unwrap();
        }
        file.set_len(self.length).unwrap();
        file.set_permissions(self.permissions.clone()).unwrap();
    }

    /// All of it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(self.length).unwrap()];
        for (offset, block) in &self.blocks {
            let offset = usize::try_from(*offset).unwrap();
            bytes[offset..offset + block.len()].copy_from_slice(block);
        }
        bytes
    }

    /// The offsets of its blocks that hold anything.
    pub(crate) fn used(&self) -> Vec<u64> {
        self.blocks.iter().map(|(offset, _)| *offset).collect()
    }
}

/// Every file of a directory.
#[derive(Clone)]
pub(crate) struct Images(pub(crate) Vec<Image>);

impl Images {
    /// Takes every file as it is now.
    pub(crate) fn take(root: &Path) -> Self {
        let mut images = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    images.extend(Image::take(root, &path));
                }
            }
        }
        images.sort_by(|one, other| one.name.cmp(&other.name));
        Self(images)
    }

    /// Only the files under this name.
    pub(crate) fn only(&self, name: &str) -> Self {
        let under = self.0.iter().filter(|image| image.name.starts_with(name));
        Self(under.cloned().collect())
    }

    /// All but the files under this name.
    pub(crate) fn without(&self, name: &str) -> Self {
        let others = self.0.iter().filter(|image| !image.name.starts_with(name));
        Self(others.cloned().collect())
    }

    /// These and those.
    pub(crate) fn with(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Makes the directory anew.
    pub(crate) fn put(&self, root: &Path) {
        if root.exists() {
            fs::remove_dir_all(root).unwrap();
        }
        fs::create_dir_all(root.join("sled/blobs")).unwrap();
        self.0.iter().for_each(|image| image.put(root));
    }
}

/// Turns one bit.
pub(crate) fn flip(file: &Path, bit: u64) {
    let file = File::options().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, bit / 8).unwrap();
    file.write_all_at(&[byte[0] ^ (1 << (bit % 8))], bit / 8).unwrap();
}

/// Overwrites a block with zeros, as far as the file goes.
pub(crate) fn zero(file: &Path, offset: u64) {
    let file = File::options().write(true).open(file).unwrap();
    let left = file.metadata().unwrap().len().saturating_sub(offset);
    let length = usize::try_from(left).unwrap().min(BLOCK);
    file.write_all_at(&vec![0; length], offset).unwrap();
}

/// Cuts a file off.
pub(crate) fn cut(file: &Path, length: u64) {
    File::options().write(true).open(file).unwrap().set_len(length).unwrap();
}

/// Numbers that come again with the same seed.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    /// One below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}
