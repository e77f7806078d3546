//! The remote `origin` in the configuration of a clone.

use std::path::Path;

use gix::protocol::fetch::Tags;

use super::options::Filter;
use super::origin::fetch_url;
use crate::error::{Error, Result};
use crate::git::repo::Repo;
use crate::remote_url::{RemoteUrl, address_of};

/// The settings of the remote `origin`.
#[derive(Clone)]
pub(crate) struct OriginConfig {
    pub(crate) url: RemoteUrl,
    pub(crate) specs: Vec<String>,
    /// True if refs that the remote no longer has are removed.
    pub(crate) prunes: bool,
    pub(crate) tags: Tags,
    pub(crate) filter: Option<Filter>,
}

impl OriginConfig {
    pub(crate) fn read(repo: &Repo) -> Result<Self> {
        let local = repo.local();
        let config = local.config_snapshot();
        let Some(url) = fetch_url(&local) else {
            return Err(Error::unsupported(format!(
                "updating {}: it has no remote `origin`",
                repo.path().display()
            )));
        };
        let specs = config
            .plumbing()
            .strings("remote.origin.fetch")
            .unwrap_or_default();
        let mut specs: Vec<String> = specs.iter().map(ToString::to_string).collect();
        let mut tags = match config.string("remote.origin.tagOpt") {
            Some(option) if option.as_slice() == b"--no-tags" => Tags::None,
            Some(option) if option.as_slice() == b"--tags" => Tags::All,
            _ => Tags::Included,
        };
        if specs.is_empty() && local.is_shallow().unwrap_or(false) {
            return Err(Error::unsupported(format!(
                "updating {}: it is a shallow clone without refspecs (remote.origin.fetch)",
                repo.path().display()
            )));
        }
        let has_specs = !specs.is_empty();
        if !has_specs && local.workdir().is_some() {
            return Err(Error::unsupported(format!(
                "updating {}: its configuration has no refspecs (remote.origin.fetch)",
                repo.path().display()
            )));
        }
        if !has_specs {
            // `git clone --bare` fetches these refspecs but does not write them. They neither force
            // nor prune, because the configuration does not allow it.
            specs = vec!["refs/heads/*:refs/heads/*".to_owned()];
            if tags != Tags::None {
                specs.push("refs/tags/*:refs/tags/*".to_owned());
            }
            tags = Tags::None;
        }
        let filter = match config.string("remote.origin.partialclonefilter") {
            None => None,
            Some(spec) if spec.as_slice() == b"blob:none" => Some(Filter::Blobs),
            Some(spec) if spec.as_slice() == b"tree:0" => Some(Filter::Trees),
            Some(other) => {
                return Err(Error::unsupported(format!(
                    "the filter `{other}` of {}",
                    repo.path().display()
                )));
            }
        };
        Ok(Self {
            url: address(repo, &url)?,
            specs,
            prunes: has_specs,
            tags,
            filter,
        })
    }
}

/// Parses a URL of the configuration. A path may be relative to the repository.
fn address(repo: &Repo, text: &str) -> Result<RemoteUrl> {
    let url = RemoteUrl::parse(text)?;
    match url.local_path() {
        Some(_) if Path::new(text).is_relative() && !text.contains("://") => {
            let joined = repo.path().join(text);
            RemoteUrl::parse(&address_of(joined.as_os_str()))
        }
        _ => Ok(url),
    }
}
