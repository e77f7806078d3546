//! The mailmap, which maps committed names and e-mails to the proper ones.

use super::repo::Repo;

/// The repository's mailmap, as in git: `.mailmap` of the working tree, or of `HEAD` in a bare
/// repository, and those that the repository's configuration names.
pub(crate) struct Mailmap(Option<gix::mailmap::Snapshot>);

impl Mailmap {
    /// Reads the repository's mailmap. As in git, one that is missing or unreadable maps nothing.
    pub(crate) fn open(repo: &Repo) -> Self {
        let snapshot = repo.local().open_mailmap();
        Self((!snapshot.entries().is_empty()).then_some(snapshot))
    }

    /// A mailmap that maps nothing.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Returns name and e-mail after mapping.
    pub(crate) fn resolve(&self, name: &[u8], email: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let signature = gix::actor::SignatureRef {
            name: name.into(),
            email: email.into(),
            time: "0 +0000",
        };
        match self
            .0
            .as_ref()
            .and_then(|snapshot| snapshot.try_resolve(signature))
        {
            Some(found) => (found.name.into(), found.email.into()),
            None => (name.to_vec(), email.to_vec()),
        }
    }
}
