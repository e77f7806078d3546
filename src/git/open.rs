//! Opening a git directory that was found: the checks of its owner and of its files, and gix's handle.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use gix::odb::alternate::Cycle;
use gix::sec::Trust as Owner;

use super::alternates::object_dirs;
use super::discover::Place;
use super::view::{View, head_link};
use super::{gix_error, special_files};
use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::regular_file;

/// The policy for a repository that belongs to another user.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Trust {
    /// Refuse it, as git does: its configuration could point outside of the repository.
    #[default]
    Owner,
    /// Read it. No program named in its configuration is ever run.
    Anyone,
}

/// Opens the repository at `place`, which was found for `path`. A [`View`] of it is opened instead
/// if gix refuses what git reads.
pub(super) fn open_place(
    path: &Path,
    place: &Place,
    trust: Trust,
) -> Result<(gix::Repository, Option<View>)> {
    special_files::check(&place.git_dir)?;
    let common_dir = common_dir(&place.git_dir)?;
    if common_dir != place.git_dir {
        special_files::check(&common_dir)?;
    }
    let unreadable = |what: &'static str| gix_error::unreadable(&place.git_dir, what);
    let objects = object_dirs(&common_dir.join("objects"))
        .map_err(Error::storage("read the alternates of", &place.git_dir))?;
    for objects in &objects {
        special_files::check_objects(objects)?;
    }
    if trust == Trust::Owner {
        let worktree = place.worktree.as_deref();
        let own = [place.found.as_path(), &place.git_dir, &common_dir];
        let all = own.into_iter().chain(worktree);
        let alternates = objects.iter().map(PathBuf::as_path);
        for dir in all.chain(alternates) {
            refuse_foreign(path, dir)?;
        }
    }
    let (mut repo, view) = open_git_dir(&place.git_dir, &common_dir)?;
    check_config(&repo, &common_dir.join("config"))?;
    if trust == Trust::Owner
        && let Some(worktree) = repo.workdir()
    {
        refuse_foreign(path, worktree)?; // the one that `core.worktree` names
    }
    let is_bare = repo.config_snapshot().boolean("core.bare") == Some(true);
    let worktree = place.worktree.as_ref().filter(|_| !is_bare);
    if let (Some(worktree), None) = (worktree, repo.workdir()) {
        // The git directory is elsewhere and does not record this working tree.
        let found = repo.set_workdir(worktree.clone());
        found.map_err(unreadable("its working tree"))?;
    }
    refuse_unknown_formats(&repo)?;
    Ok((repo, view))
}

/// The directory of the files that all working trees of a repository share.
pub(super) fn common_dir(git_dir: &Path) -> Result<PathBuf> {
    let found = gix::discover::path::from_plain_file(&git_dir.join("commondir"));
    let found = found.transpose().map_err(Error::storage("read", git_dir))?;
    Ok(found.map_or_else(|| git_dir.to_owned(), |found| git_dir.join(found)))
}

/// Refuses a file or directory of another user, as git does (safe.directory, CVE-2022-24765): the
/// configuration of a repository could point outside of it. With sudo, a directory may belong to the
/// user who called sudo.
fn refuse_foreign(path: &Path, dir: &Path) -> Result<()> {
    match Owner::from_path_ownership(dir) {
        Ok(Owner::Full) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()), // a working tree that is gone
        Err(error) => Err(Error::storage("read", dir)(error)),
        Ok(Owner::Reduced) => {
            let reason =
                "belongs to another user; pass the trust option (--trust) to read it anyway";
            let reason = if dir.starts_with(path) {
                reason.to_owned()
            } else {
                format!("{reason} ({})", dir.display())
            };
            Err(Error::invalid(
                format!("repository {}", path.display()),
                reason,
            ))
        }
    }
}

fn open_git_dir(git_dir: &Path, common_dir: &Path) -> Result<(gix::Repository, Option<View>)> {
    // With less trust, gix would drop the repository's configuration and refuse objects above
    // 16 MiB. The owner was checked before; no program of the configuration runs.
    let options = gix::open::Options::isolated()
        .open_path_as_is(true)
        .with(Owner::Full)
        .filter_config_section(|_| true)
        // A multi-pack-index may name packs that were removed since it was written; git does not
        // rely on it. `objects::packs` looks into the packs themselves.
        .config_overrides([
            "core.multiPackIndex=false",
            "gitoxide.objects.allocLimitIfReducedTrust=0",
        ]);
    let cannot = || gix_error::unreadable(git_dir, "cannot be opened");
    if head_link(git_dir).is_none() {
        match gix::open_opts(git_dir, options.clone()) {
            Err(error) if error.downcast_any_ref::<Cycle>().is_some() => {}
            opened => return Ok((opened.map_err(cannot())?, None)),
        }
    }
    let view = View::new(git_dir, common_dir)?;
    let opened = gix::open_opts(view.git_dir(), options).map_err(cannot())?;
    Ok((opened, Some(view)))
}

/// Fails if the configuration has sections, and gix has read none: it takes a file that the machine
/// cannot read for an empty one.
fn check_config(repo: &gix::Repository, path: &Path) -> Result<()> {
    let text = match regular_file::read(path, regular_file::LARGEST) {
        Err(error) if is_absence(error.kind()) => return Ok(()),
        text => text.map_err(Error::storage("read", path))?,
    };
    let has_sections = text.lines().any(|line| line.trim_start().starts_with(b"["));
    let snapshot = repo.config_snapshot();
    let mut read = snapshot.plumbing().sections();
    let is_read = read.any(|section| section.meta().source == gix::config::Source::Local);
    if has_sections && !is_read {
        let reason = "it could not be read the first time";
        return Err(Error::storage("read", path)(std::io::Error::other(reason)));
    }
    Ok(())
}

fn refuse_unknown_formats(repo: &gix::Repository) -> Result<()> {
    const KNOWN: &[&str] = &[
        "noop",
        "noop-v1",
        "objectformat",
        "partialclone",
        "preciousobjects",
        "refstorage",
        "relativeworktrees",
        "worktreeconfig",
    ];
    let config = repo.config_snapshot();
    let version = config.integer("core.repositoryFormatVersion").unwrap_or(0);
    let place = repo.git_dir().display();
    if !(0..=1).contains(&version) {
        return Err(Error::unsupported(format!(
            "repository format version {version} ({place})"
        )));
    }
    if let Some(storage) = config
        .string("extensions.refStorage")
        .filter(|storage| !matches!(storage.as_slice(), b"files" | b"reftable"))
    {
        return Err(Error::unsupported(format!(
            "ref storage `{storage}` ({place})"
        )));
    }
    if version == 0 {
        return Ok(()); // git then ignores all extensions except those above
    }
    for section in config
        .plumbing()
        .sections_by_name("extensions")
        .into_iter()
        .flatten()
    {
        for name in section.value_names() {
            let name = name.to_ascii_lowercase();
            if !KNOWN.contains(&name.as_str()) {
                return Err(Error::unsupported(format!(
                    "repository extension `{name}` ({place})"
                )));
            }
        }
    }
    Ok(())
}
