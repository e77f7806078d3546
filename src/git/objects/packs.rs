//! The packs of a repository and its alternates: finds objects in them and decodes them.
//!
//! gix finds entries and inflates them. Delta chains are followed here, because every object of a
//! chain is cached: gix caches only the object that was requested, and would decode its bases again
//! for each neighbour.

use std::cell::Cell;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::objs::Kind;
use gix::odb::pack::data::decode::header::ResolvedBase;
use gix::odb::pack::data::entry::Header;
use gix::odb::pack::{data, index};
use gix::zlib::{Inflate, Status};

use super::cache::{ObjectCache, ObjectLocation};
use super::{Object, delta};
use crate::error::{Error, Result};
use crate::git::gix_error;

/// git writes delta chains of at most 4,095 entries; a longer one counts as circular.
const LONGEST_CHAIN: usize = 4096;
/// Upper limit for the factor by which a deflate stream grows when it is inflated.
const MAX_INFLATE_FACTOR: u64 = 1100;

/// Number of bytes kept free after the output. zlib's fast loop runs only while a match of maximum
/// length fits; without this space, the end would be inflated byte by byte.
const ROOM: usize = 320;
/// Largest size, in bytes, that a buffer of a thread keeps after a large object.
const MAX_BUFFER_BYTES: usize = 4 << 20;

pub(super) struct Packs {
    packs: Vec<Pack>,
    /// The first pack that cannot be read, and the reason. An object that is not found anywhere may
    /// be in it.
    pub(super) unreadable: Option<(PathBuf, String)>,
}

struct Pack {
    index: index::File<gix::odb::pack::MMap>,
    data: data::File<gix::odb::pack::MMap>,
}

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Scratch {
    inflate: Inflate,
    bytes: Vec<u8>,
    chain: Vec<data::Entry>,
    /// The pack of the last object; the next object is likely to be there too.
    last_pack: usize,
}

/// The reason why an object cannot be decoded.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its bytes are damaged; the text describes the damage.
    Damaged(String),
    /// It is a delta whose base is not in the same pack.
    BaseNotInPack,
}

/// Returns the indices of packs in a directory, in the same order in every run.
fn indices_in(directory: &Path) -> Result<Vec<PathBuf>> {
    let failed = || Error::storage("read", directory);
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed())?,
    };
    let mut indices = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed())?.path();
        if path.extension().is_some_and(|extension| extension == "idx") {
            indices.push(path);
        }
    }
    indices.sort();
    Ok(indices)
}

impl Packs {
    /// Maps all packs below `object_dirs`. Packs that cannot be read are left out; the first of
    /// them is kept in `unreadable`.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if the machine cannot read a directory or a pack.
    pub(super) fn open(object_dirs: &[PathBuf], hash: gix::hash::Kind) -> Result<Self> {
        Self::open_again(object_dirs, hash, 3)
    }

    fn open_again(object_dirs: &[PathBuf], hash: gix::hash::Kind, attempts: u32) -> Result<Self> {
        let open = |index: &Path| -> gix::Result<Pack> {
            Ok(Pack {
                index: index::File::at(index, hash)?,
                data: data::File::at(index.with_extension("pack"), hash)?,
            })
        };
        let mut found = Self {
            packs: Vec::new(),
            unreadable: None,
        };
        let mut indices = Vec::new();
        for dir in object_dirs {
            indices.extend(indices_in(&dir.join("pack"))?);
        }
        for index in indices {
            match open(&index) {
                Ok(pack) => found.packs.push(pack),
                // The pack was removed by a repack or garbage collection: its objects are in
                // another pack now.
                Err(_) if !index.exists() && attempts > 0 => {
                    return Self::open_again(object_dirs, hash, attempts - 1);
                }
                Err(error) => {
                    if let Some(error) = gix_error::machine(&error, &index) {
                        return Err(error);
                    }
                    let reason = gix_error::text(&error);
                    found.unreadable.get_or_insert((index, reason));
                }
            }
        }
        Ok(found)
    }

    /// Returns the location of the object, if it is in a pack.
    pub(super) fn find(&self, id: &ObjectId, scratch: &mut Scratch) -> Option<ObjectLocation> {
        let last = scratch.last_pack;
        let others = (0..self.packs.len()).filter(|&pack| pack != last);
        for number in std::iter::once(last).chain(others) {
            let Some(pack) = self.packs.get(number) else {
                continue;
            };
            if let Some(entry) = pack.index.lookup(id) {
                scratch.last_pack = number;
                return Some(ObjectLocation::Packed {
                    pack: number,
                    offset: pack.index.pack_offset_at_index(entry),
                });
            }
        }
        None
    }

    /// Returns the kind and the size of the object at `offset`, without decoding it; `None` if it is
    /// damaged, or if the kind is that of a delta base in another pack.
    pub(super) fn header(
        &self,
        number: usize,
        offset: u64,
        scratch: &mut Scratch,
    ) -> Option<(Kind, u64)> {
        let pack = &self.packs[number];
        let is_elsewhere = Cell::new(false);
        let base = |id: &gix::hash::oid| -> gix::Result<Option<ResolvedBase>> {
            let Some(entry) = pack.index.lookup(id) else {
                is_elsewhere.set(true);
                let (kind, num_deltas) = (Kind::Blob, None);
                return Ok(Some(ResolvedBase::OutOfPack { kind, num_deltas }));
            };
            let entry = pack.data.entry(pack.index.pack_offset_at_index(entry))?;
            Ok(Some(ResolvedBase::InPack(entry)))
        };
        let entry = pack.data.entry(offset).ok()?;
        let header = pack.data.decode_header(entry, &mut scratch.inflate, &base);
        let header = header.ok().filter(|_| !is_elsewhere.get());
        header.map(|header| (header.kind, header.object_size))
    }

    /// Returns the pack and offset of every copy of the object.
    pub(super) fn copies(&self, id: ObjectId) -> impl Iterator<Item = (usize, u64)> {
        self.packs
            .iter()
            .enumerate()
            .filter_map(move |(number, pack)| {
                let entry = pack.index.lookup(id)?;
                Some((number, pack.index.pack_offset_at_index(entry)))
            })
    }

    /// Decodes the object at `offset`. Every object of its delta chain is put into the cache.
    pub(super) fn unpack(
        &self,
        number: usize,
        offset: u64,
        cache: &ObjectCache,
        scratch: &mut Scratch,
    ) -> Result<Object, Fault> {
        let pack = &self.packs[number];
        scratch.chain.clear();
        let mut at = offset;
        let mut object = loop {
            let place = ObjectLocation::Packed {
                pack: number,
                offset: at,
            };
            if let Some(object) = cache.get(place) {
                break object;
            }
            let entry = pack.data.entry(at).map_err(|error| damaged(&error))?;
            match entry.header {
                Header::OfsDelta { base_distance } => {
                    at = entry
                        .checked_base_pack_offset(base_distance)
                        .ok_or_else(|| {
                            damaged_entry("its delta base is before the start of the pack")
                        })?;
                }
                Header::RefDelta { base_id } => {
                    let base = pack.index.lookup(base_id).ok_or(Fault::BaseNotInPack)?;
                    at = pack.index.pack_offset_at_index(base);
                }
                header => {
                    let kind = header
                        .as_kind()
                        .ok_or_else(|| damaged_entry("its kind is unknown"))?;
                    let bytes = pack.inflate(&entry, scratch)?;
                    let object = Object::new(kind, bytes.to_vec());
                    cache.put(place, object.clone());
                    break object;
                }
            }
            if scratch.chain.len() == LONGEST_CHAIN {
                return Err(damaged_entry("its delta chain is circular"));
            }
            scratch.chain.push(entry);
        };
        while let Some(entry) = scratch.chain.pop() {
            let delta = pack.inflate(&entry, scratch)?;
            let bytes = delta::apply(&object.data, delta)
                .ok_or_else(|| damaged_entry("its delta does not fit its base"))?;
            object = Object::new(object.kind, bytes);
            let place = ObjectLocation::Packed {
                pack: number,
                offset: entry.pack_offset(),
            };
            cache.put(place, object.clone());
        }
        Ok(object)
    }
}

impl Pack {
    /// Returns the inflated size of an entry, as stated in the pack, if it is plausible.
    fn size(&self, entry: &data::Entry) -> Result<usize, Fault> {
        let left = (self.data.data_len() as u64).saturating_sub(entry.data_offset);
        if entry.decompressed_size > left.saturating_mul(MAX_INFLATE_FACTOR) {
            return Err(damaged_entry(
                "its size is larger than its compressed data allows",
            ));
        }
        usize::try_from(entry.decompressed_size)
            .map_err(|_| damaged_entry("it does not fit into memory"))
    }

    /// Inflates an entry into the thread's buffer.
    fn inflate<'s>(
        &self,
        entry: &data::Entry,
        scratch: &'s mut Scratch,
    ) -> Result<&'s [u8], Fault> {
        let size = self.size(entry)?;
        let Scratch { inflate, bytes, .. } = scratch;
        if bytes.len() > MAX_BUFFER_BYTES && size + ROOM <= MAX_BUFFER_BYTES {
            *bytes = Vec::new();
        }
        if bytes.len() < size + ROOM {
            bytes.resize(size + ROOM, 0);
        }
        let end = self.data.data_len() as u64;
        let input = self.data.entry_slice(entry.data_offset..end);
        let input = input.ok_or_else(|| damaged_entry("it starts after the end of the pack"))?;
        inflate.reset();
        let inflated = inflate.once(input, &mut bytes[..size + ROOM]);
        let (status, _, written) = inflated.map_err(|error| damaged(&error))?;
        if status != Status::StreamEnd || written != size {
            return Err(damaged_entry(
                "its size differs from the size stated in the pack",
            ));
        }
        Ok(&bytes[..size])
    }
}

fn damaged(error: &gix::Error) -> Fault {
    Fault::Damaged(crate::git::gix_error::text(error))
}

fn damaged_entry(reason: &str) -> Fault {
    Fault::Damaged(reason.to_owned())
}
