//! The packs of a repository and of those it borrows objects from: which object lies where, and unpacking it.
//!
//! gix finds entries and inflates them. Following differences to their bases is done here, because every object on the
//! way is kept: gix keeps only the one that was asked for, and unpacks the bases behind it again for each neighbour.

use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::odb::pack::data::entry::Header;
use gix::odb::pack::{data, index};
use gix::zlib::{Inflate, Status};

use super::cache::{ObjectCache, ObjectLocation};
use super::{Object, delta};

/// git writes chains of at most 4,095 differences; a longer one runs in a circle.
const LONGEST_CHAIN: usize = 4096;
/// No deflate stream grows by more when it is inflated.
const MOST_GROWTH: u64 = 1100;

/// What is left behind the output, so that inflating never has to look for its end byte by byte: zlib's quick loop runs as
/// long as a longest match fits.
const ROOM: usize = 320;
/// What a thread's buffer may keep when a large object is done.
const MOST_KEPT: usize = 4 << 20;

pub(super) struct Packs {
    packs: Vec<Pack>,
    /// The first one that cannot be read, and why: an object that is found nowhere may be in it.
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
    /// The pack that had the last object: the next one is likely to be there too.
    last_pack: usize,
}

/// Why an object cannot be unpacked.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its bytes make no sense.
    Damaged(String),
    /// It is a difference to an object that lies in no pack.
    BaseElsewhere,
}

impl Packs {
    /// Maps all packs below `object_dirs`. One that cannot be read is left out, and remembered.
    pub(super) fn open(object_dirs: &[PathBuf], hash: gix::hash::Kind) -> Self {
        Self::open_again(object_dirs, hash, 3)
    }

    fn open_again(object_dirs: &[PathBuf], hash: gix::hash::Kind, attempts: u32) -> Self {
        let in_dir = |dir: &PathBuf| {
            let files = std::fs::read_dir(dir.join("pack"));
            let mut indices: Vec<PathBuf> = files
                .into_iter()
                .flatten()
                .filter_map(|file| Some(file.ok()?.path()))
                .filter(|file| file.extension().is_some_and(|extension| extension == "idx"))
                .collect();
            indices.sort(); // the same order at every run
            indices
        };
        let open = |index: &Path| -> Result<Pack, gix::Error> {
            Ok(Pack {
                index: index::File::at(index, hash)?,
                data: data::File::at(index.with_extension("pack"), hash)?,
            })
        };
        let mut found = Self {
            packs: Vec::new(),
            unreadable: None,
        };
        for index in object_dirs.iter().flat_map(in_dir) {
            match open(&index) {
                Ok(pack) => found.packs.push(pack),
                // Its objects are in another pack now: somebody joined or collected them.
                Err(_) if !index.exists() && attempts > 0 => {
                    return Self::open_again(object_dirs, hash, attempts - 1);
                }
                Err(error) => {
                    let reason = crate::git::gix_error::text(&error);
                    found.unreadable.get_or_insert((index, reason));
                }
            }
        }
        found
    }

    /// Where the object lies, if in a pack.
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

    /// Every place where the object lies.
    pub(super) fn copies(&self, id: ObjectId) -> impl Iterator<Item = (usize, u64)> {
        self.packs
            .iter()
            .enumerate()
            .filter_map(move |(number, pack)| {
                let entry = pack.index.lookup(id)?;
                Some((number, pack.index.pack_offset_at_index(entry)))
            })
    }

    /// Unpacks what lies at `offset`. Everything on the way goes into the cache.
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
                        .ok_or_else(|| unfit("its base lies before the pack"))?;
                }
                Header::RefDelta { base_id } => {
                    let base = pack.index.lookup(base_id).ok_or(Fault::BaseElsewhere)?;
                    at = pack.index.pack_offset_at_index(base);
                }
                header => {
                    let kind = header
                        .as_kind()
                        .ok_or_else(|| unfit("its kind is unknown"))?;
                    let bytes = pack.inflate(&entry, scratch)?;
                    let object = Object::new(kind, bytes.to_vec());
                    cache.put(place, object.clone());
                    break object;
                }
            }
            if scratch.chain.len() == LONGEST_CHAIN {
                return Err(unfit("it is a difference to itself"));
            }
            scratch.chain.push(entry);
        };
        while let Some(entry) = scratch.chain.pop() {
            let delta = pack.inflate(&entry, scratch)?;
            let bytes = delta::apply(&object.data, delta)
                .ok_or_else(|| unfit("it is a difference that does not fit its base"))?;
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
    /// Bytes of an entry when inflated: what the pack says, if that can be.
    fn size(&self, entry: &data::Entry) -> Result<usize, Fault> {
        let left = (self.data.data_len() as u64).saturating_sub(entry.data_offset);
        if entry.decompressed_size > left.saturating_mul(MOST_GROWTH) {
            return Err(unfit("it is larger than its bytes can be"));
        }
        usize::try_from(entry.decompressed_size).map_err(|_| unfit("it does not fit into memory"))
    }

    /// Inflates an entry into the thread's buffer.
    fn inflate<'s>(
        &self,
        entry: &data::Entry,
        scratch: &'s mut Scratch,
    ) -> Result<&'s [u8], Fault> {
        let size = self.size(entry)?;
        let Scratch { inflate, bytes, .. } = scratch;
        if bytes.len() > MOST_KEPT && size + ROOM <= MOST_KEPT {
            *bytes = Vec::new();
        }
        if bytes.len() < size + ROOM {
            bytes.resize(size + ROOM, 0);
        }
        let end = self.data.data_len() as u64;
        let input = self.data.entry_slice(entry.data_offset..end);
        let input = input.ok_or_else(|| unfit("it lies behind the pack's end"))?;
        inflate.reset();
        let inflated = inflate.once(input, &mut bytes[..size + ROOM]);
        let (status, _, written) = inflated.map_err(|error| damaged(&error))?;
        if status != Status::StreamEnd || written != size {
            return Err(unfit("its size is not what the pack says"));
        }
        Ok(&bytes[..size])
    }
}

fn damaged(error: &gix::Error) -> Fault {
    Fault::Damaged(crate::git::gix_error::text(error))
}

fn unfit(reason: &str) -> Fault {
    Fault::Damaged(reason.to_owned())
}
