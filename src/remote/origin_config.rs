//! What the configuration of a clone says of the remote `origin`.

use std::path::Path;

use gix::bstr::ByteSlice;
use gix::protocol::fetch::Tags;

use super::options::Filter;
use crate::error::{Error, Result};
use crate::git::repo::Repo;
use crate::remote_url::RemoteUrl;

/// What the configuration says of the remote `origin`.
#[derive(Clone)]
pub(crate) struct OriginConfig {
    pub(crate) url: RemoteUrl,
    pub(crate) specs: Vec<String>,
    /// Whether what the other side does not have goes.
    pub(crate) prunes: bool,
    pub(crate) tags: Tags,
    pub(crate) filter: Option<Filter>,
}

impl OriginConfig {
    pub(crate) fn read(repo: &Repo) -> Result<Self> {
        let local = repo.local();
        let config = local.config_snapshot();
        let Some(url) = config.string("remote.origin.url") else {
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
                "updating {}: it has a part of a history that no branch names",
                repo.path().display()
            )));
        }
        let has_specs = !specs.is_empty();
        if !has_specs && local.workdir().is_some() {
            return Err(Error::unsupported(format!(
                "updating {}: its configuration does not say where branches go (remote.origin.fetch)",
                repo.path().display()
            )));
        }
        if !has_specs {
            // `git clone --bare` writes none; what it brought were these. Nobody said that they may be forced or removed.
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
            url: address(repo, &url.to_str_lossy())?,
            specs,
            prunes: has_specs,
            tags,
            filter,
        })
    }
}

/// An address as it stands in the configuration: a path may be relative to the repository.
fn address(repo: &Repo, text: &str) -> Result<RemoteUrl> {
    let url = RemoteUrl::parse(text)?;
    match url.local_path() {
        Some(_) if Path::new(text).is_relative() && !text.contains("://") => {
            let joined = repo.path().join(text);
            RemoteUrl::parse(&joined.display().to_string())
        }
        _ => Ok(url),
    }
}
