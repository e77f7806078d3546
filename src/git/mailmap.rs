//! The mailmap: who a name and e-mail really are.

use super::repo::Repo;

/// The repository's mailmap: `.mailmap` of the working tree, or of `HEAD` in a bare repository, as git looks it up.
pub(crate) struct Mailmap(Option<gix::mailmap::Snapshot>);

impl Mailmap {
    /// Reads it; one that is missing or cannot be read maps nothing, as in git.
    pub(crate) fn open(repo: &Repo) -> Self {
        let snapshot = repo.local().open_mailmap();
        Self((!snapshot.entries().is_empty()).then_some(snapshot))
    }

    /// Maps nothing.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Name and e-mail after mapping.
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
