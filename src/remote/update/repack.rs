//! Keeps the number of packs small. Each update that fetches objects adds a pack, and every pack is
//! one more place to search for an object.
//!
//! Small packs are joined by copying their compressed entries unchanged, each object once and bases
//! before their deltas. Only the distance from a delta to its base is rewritten. Before an old pack
//! is removed, the new pack is read back and indexed, which decodes and hashes every object in it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::odb::pack::data::entry::Header;
use gix::odb::pack::{self, data, index};

use crate::durable::sync_directory;
use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::no_follow;
use crate::remote::transport::TransferMonitor;

/// Maximum number of packs for which nothing is joined.
const FEW: usize = 10;
/// A pack is joined with the smaller packs if it has at most this many times their total number of
/// objects. It is also joined if [`FEW`] or more packs would stay separate without it. So each
/// object is copied only a few times, however many updates there are.
const FACTOR: u64 = 2;

/// Joins small packs of a repository if there are many. Kept packs and repositories with a
/// multi-pack index are left unchanged.
pub(crate) fn join_small_packs(
    repo: &gix::Repository,
    threads: usize,
    monitor: &TransferMonitor,
) -> Result<()> {
    let directory = repo.objects.store_ref().path().join("pack");
    if directory.join("multi-pack-index").exists() {
        return Ok(());
    }
    let mut packs = own_packs(&directory, repo.object_hash())?;
    if packs.len() <= FEW {
        return Ok(());
    }
    packs.sort_by_key(|pack| pack.index.num_objects());
    let mut objects = 0;
    let mut count = 0;
    for (at, pack) in packs.iter().enumerate() {
        let own = u64::from(pack.index.num_objects());
        if at > 0 && own > objects * FACTOR && packs.len() - at < FEW {
            break;
        }
        objects += own;
        count = at + 1;
    }
    packs.truncate(count);
    if count > 1 {
        join(repo, &directory, &packs, threads, monitor)?;
    }
    Ok(())
}

struct PackFile {
    path: PathBuf,
    index: index::File<gix::odb::pack::MMap>,
    is_promised: bool,
}

/// Returns the packs that may be joined. If some packs are marked as those of a partial clone, only
/// these are returned.
fn own_packs(directory: &Path, hash: gix::hash::Kind) -> Result<Vec<PackFile>> {
    let failed = || Error::storage("read", directory);
    let mut packs = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        let is_of_another = |extension: &str| path.with_extension(extension).exists();
        if path.extension() != Some("idx".as_ref())
            || ["keep", "mtimes", "bitmap"].into_iter().any(is_of_another)
        {
            continue;
        }
        let index =
            index::File::at(&path, hash).map_err(gix_error::unreadable(&path, "a pack's index"))?;
        packs.push(PackFile {
            is_promised: path.with_extension("promisor").exists(),
            path: path.with_extension("pack"),
            index,
        });
    }
    let is_partial = packs.iter().any(|pack| pack.is_promised);
    packs.retain(|pack| pack.is_promised == is_partial);
    Ok(packs)
}

fn join(
    repo: &gix::Repository,
    directory: &Path,
    packs: &[PackFile],
    threads: usize,
    monitor: &TransferMonitor,
) -> Result<()> {
    let joined = directory.join(".tmp-joined");
    let written = write(repo.object_hash(), packs, &joined, monitor);
    let indexed = written.and_then(|()| index(repo, directory, &joined, threads, monitor));
    let _ = fs::remove_file(&joined); // the next update removes it otherwise
    let name = indexed?;
    if packs.iter().any(|pack| pack.is_promised) {
        let promise = name.with_extension("promisor");
        no_follow::mark(&promise).map_err(Error::storage("write", &promise))?;
    }
    sync_directory(directory)?;
    for pack in packs.iter().filter(|pack| pack.path != name) {
        for extension in ["idx", "rev", "promisor", "pack"] {
            let file = pack.path.with_extension(extension);
            match fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::storage("remove", &file)(error));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Copies every object once, from the first pack that has it.
fn write(
    hash: gix::hash::Kind,
    packs: &[PackFile],
    to: &Path,
    monitor: &TransferMonitor,
) -> Result<()> {
    let failed = || Error::storage("write", to);
    let mut joined = JoinedPack {
        path: to,
        offsets: HashMap::new(),
        out: Hashed {
            file: BufWriter::with_capacity(1 << 20, File::create_new(to).map_err(failed())?),
            hasher: gix::hash::hasher(hash),
            position: 0,
        },
    };
    for pack in packs {
        let ids = pack.index.iter().map(|entry| (entry.oid, 0));
        joined.offsets.extend(ids);
    }
    let count = u32::try_from(joined.offsets.len())
        .map_err(|_| Error::internal("a pack of too many objects"))?;
    joined.put(&data::header::encode(data::Version::V2, count))?;
    for pack in packs {
        joined.copy(&OpenPack::open(pack, hash)?, monitor)?;
    }
    let mut out = joined.out;
    let trailer = out.hasher.try_finalize();
    let trailer = trailer.map_err(|error| Error::internal(format!("hashing: {error}")))?;
    out.file.write_all(trailer.as_slice()).map_err(failed())?;
    out.file.flush().map_err(failed())
}

/// The entries of a pack, in the order of their offsets.
struct OpenPack<'a> {
    pack: &'a PackFile,
    file: data::File<gix::odb::pack::MMap>,
    hash: gix::hash::Kind,
    entries: Vec<(u64, ObjectId)>,
}

impl<'a> OpenPack<'a> {
    fn open(pack: &'a PackFile, hash: gix::hash::Kind) -> Result<Self> {
        let file = data::File::at(&pack.path, hash)
            .map_err(gix_error::unreadable(&pack.path, "a pack"))?;
        let entries = pack
            .index
            .iter()
            .map(|entry| (entry.pack_offset, entry.oid));
        let mut entries: Vec<(u64, ObjectId)> = entries.collect();
        entries.sort_unstable_by_key(|(offset, _)| *offset);
        Ok(Self {
            pack,
            file,
            hash,
            entries,
        })
    }

    /// The bytes of an entry, its header, and the index of its base if it is a delta.
    fn read(&self, at: usize) -> Result<(&[u8], data::Entry, Option<usize>)> {
        let (offset, id) = self.entries[at];
        let damaged = || self.damaged(id);
        let next = self.entries.get(at + 1);
        let end = next.map_or(self.file.pack_end() as u64, |next| next.0);
        let bytes = self.file.entry_slice(offset..end).ok_or_else(damaged)?;
        let entry = data::Entry::from_bytes(bytes, offset, self.hash)
            .map_err(gix_error::unreadable(&self.pack.path, "a pack"))?;
        let index = &self.pack.index;
        let base = match entry.header {
            Header::OfsDelta { base_distance } => entry.checked_base_pack_offset(base_distance),
            Header::RefDelta { base_id } => index
                .lookup(base_id)
                .map(|at| index.pack_offset_at_index(at)),
            _ => return Ok((bytes, entry, None)),
        };
        let at = |base: u64| {
            self.entries
                .binary_search_by_key(&base, |entry| entry.0)
                .ok()
        };
        let base = base.and_then(at).ok_or_else(damaged)?;
        Ok((bytes, entry, Some(base)))
    }

    fn damaged(&self, id: ObjectId) -> Error {
        gix_error::damaged(
            &self.pack.path,
            format!("object {id}"),
            "its entry is malformed",
        )
    }
}

/// The pack that is being written.
struct JoinedPack<'a> {
    path: &'a Path,
    /// Offset of each object; 0 until it is written.
    offsets: HashMap<ObjectId, u64>,
    out: Hashed,
}

impl JoinedPack<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out
            .put(bytes)
            .map_err(Error::storage("write", self.path))
    }

    fn is_written(&self, id: &ObjectId) -> bool {
        self.offsets.get(id).is_some_and(|offset| *offset != 0)
    }

    /// Copies those entries of a pack that are not written yet. A base is written before its
    /// deltas, even if it is stored after them.
    fn copy(&mut self, from: &OpenPack<'_>, monitor: &TransferMonitor) -> Result<()> {
        let mut waiting = Vec::new();
        for first in 0..from.entries.len() {
            if monitor.must_stop() {
                return Err(Error::Cancelled);
            }
            waiting.push(first);
            while let Some(&at) = waiting.last() {
                let id = from.entries[at].1;
                if self.is_written(&id) {
                    waiting.pop();
                    continue;
                }
                let (bytes, entry, base) = from.read(at)?;
                match base {
                    None => {
                        self.offsets.insert(id, self.out.position);
                        self.put(bytes)?;
                    }
                    Some(base) if self.is_written(&from.entries[base].1) => {
                        self.put_delta(id, from.entries[base].1, bytes, &entry)?;
                    }
                    Some(base) if waiting.contains(&base) => return Err(from.damaged(id)),
                    Some(base) => waiting.push(base),
                }
            }
        }
        Ok(())
    }

    /// Writes a delta unchanged, except for the distance to its base, which is at another offset in
    /// this pack.
    fn put_delta(
        &mut self,
        id: ObjectId,
        base: ObjectId,
        bytes: &[u8],
        entry: &data::Entry,
    ) -> Result<()> {
        let base_distance = self.out.position - self.offsets[&base];
        let mut head = Vec::with_capacity(32);
        let header = Header::OfsDelta { base_distance };
        let written = header.write_to(entry.decompressed_size, &mut head);
        written.map_err(Error::storage("write", self.path))?;
        self.offsets.insert(id, self.out.position);
        self.put(&head)?;
        let body = entry.data_offset - entry.pack_offset();
        let body = usize::try_from(body)
            .unwrap_or(bytes.len())
            .min(bytes.len());
        self.put(&bytes[body..])
    }
}

/// A file writer that hashes and counts the bytes.
struct Hashed {
    file: BufWriter<File>,
    hasher: gix::hash::Hasher,
    position: u64,
}

impl Hashed {
    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.hasher.update(bytes);
        self.position += bytes.len() as u64;
        self.file.write_all(bytes)
    }
}

/// Stores the joined pack under its final name with an index, which verifies every object in it.
/// Returns the path of the pack.
fn index(
    repo: &gix::Repository,
    directory: &Path,
    joined: &Path,
    threads: usize,
    monitor: &TransferMonitor,
) -> Result<PathBuf> {
    let unreadable = || gix_error::unreadable(joined, "packs that were joined");
    let mut reader = BufReader::with_capacity(
        1 << 20,
        File::open(joined).map_err(Error::storage("read", joined))?,
    );
    let options = pack::bundle::write::Options {
        thread_limit: (threads > 0).then_some(threads),
        ..Default::default()
    };
    let written = pack::Bundle::write_to_directory(
        &mut reader,
        Some(directory),
        &mut gix::progress::Discard,
        monitor.flag(),
        None::<gix::OdbHandle>,
        repo.object_hash(),
        options,
    );
    let written = written.map_err(unreadable())?;
    if let Some(keep) = written.keep_path {
        fs::remove_file(&keep).map_err(Error::storage("remove", keep))?;
    }
    written
        .data_path
        .ok_or_else(|| Error::internal("joined packs have no name"))
}
