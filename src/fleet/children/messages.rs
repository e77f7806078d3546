//! The messages between the supervisor and a child: one JSON object per line.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::net::Credentials;
use crate::path_bytes;
use crate::progress::{Phase, Progress};
use crate::remote::CloneOptions;
use crate::remote_url::RemoteUrl;
use crate::secret::Secret;

/// The kind of work that a child does.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(in crate::fleet) enum WorkKind {
    Mine,
    Clone,
    Update,
}

/// The parts that all jobs of a child share.
#[derive(Deserialize, Serialize)]
pub(in crate::fleet) struct Setup {
    /// The version of the supervisor. A child of another version refuses to work.
    pub(super) version: String,
    pub(in crate::fleet) kind: WorkKind,
    /// The options of the work, without credentials.
    pub(in crate::fleet) work: Value,
    pub(super) credentials: Vec<CredentialsMessage>,
    /// True if the supervisor can be asked for credentials.
    pub(super) has_provider: bool,
}

impl Setup {
    /// Returns a setup with the credentials of `clone`.
    pub(in crate::fleet) fn new(
        kind: WorkKind,
        work: &impl Serialize,
        clone: &CloneOptions,
    ) -> Result<Self> {
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            kind,
            work: to_message(work)?,
            credentials: clone.credentials.iter().map(Into::into).collect(),
            has_provider: clone.credential_provider.is_some(),
        })
    }
}

/// Converts a value to a part of a message.
pub(in crate::fleet) fn to_message(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| Error::internal(error.to_string()))
}

/// Converts a part of a message to a value.
pub(in crate::fleet) fn from_message<T: DeserializeOwned>(message: Value) -> Result<T> {
    serde_json::from_value(message).map_err(|error| Error::internal(error.to_string()))
}

/// One repository to work on.
#[derive(Clone, Deserialize, Serialize)]
pub(in crate::fleet) struct JobMessage {
    pub(in crate::fleet) target: TargetMessage,
    /// Its metadata from the hosting service.
    pub(in crate::fleet) about: Option<Value>,
}

/// A message to a child.
#[derive(Deserialize, Serialize)]
pub(super) enum ToChild {
    Setup(Box<Setup>),
    /// A job, and the memory that it may use, in bytes.
    Job(Box<JobMessage>, u64),
    /// The answer to [`ToSupervisor::Turn`].
    Turn,
    /// The answer to [`ToSupervisor::Credentials`].
    Credentials(Result<Option<CredentialsMessage>>),
    /// The job is to stop.
    Cancel,
}

/// A message from a child.
#[derive(Deserialize, Serialize)]
pub(super) enum ToSupervisor {
    Progress {
        phase: Phase,
        done: u64,
        total: Option<u64>,
        bytes: u64,
    },
    /// The job waits for its turn to use the processors.
    Turn,
    /// The job needs the credentials for this host.
    Credentials(String),
    /// The job has ended. The child uses this much memory, in bytes.
    Ended(Box<Result<Value>>, u64),
}

impl ToSupervisor {
    pub(super) fn progress(event: &Progress) -> Self {
        Self::Progress {
            phase: event.phase,
            done: event.done,
            total: event.total,
            bytes: event.bytes,
        }
    }
}

/// The credentials for a host. `Debug` is not implemented, because it would show them.
#[derive(Deserialize, Serialize)]
pub(in crate::fleet) struct CredentialsMessage {
    host: String,
    username: String,
    password: String,
}

impl From<&Credentials> for CredentialsMessage {
    fn from(known: &Credentials) -> Self {
        Self {
            host: known.host.clone(),
            username: known.username.clone(),
            password: known.password.expose().to_owned(),
        }
    }
}

impl From<CredentialsMessage> for Credentials {
    fn from(message: CredentialsMessage) -> Self {
        Self::new(
            message.host,
            message.username,
            Secret::new(message.password),
        )
    }
}

/// A repository, with the credentials of its address.
#[derive(Clone, Deserialize, Serialize)]
pub(in crate::fleet) enum TargetMessage {
    Remote {
        address: String,
        username: Option<String>,
        password: Option<String>,
    },
    Local {
        address: String,
        #[serde(with = "path_bytes")]
        path: PathBuf,
    },
}

impl From<&RemoteUrl> for TargetMessage {
    fn from(url: &RemoteUrl) -> Self {
        let address = url.as_str().to_owned();
        match url.local_path() {
            Some(path) => Self::Local {
                address,
                path: path.to_owned(),
            },
            None => Self::Remote {
                address,
                username: url.username().map(str::to_owned),
                password: url.password().map(|known| known.expose().to_owned()),
            },
        }
    }
}

impl TargetMessage {
    /// The address, with its credentials.
    pub(in crate::fleet) fn into_url(self) -> Result<RemoteUrl> {
        match self {
            Self::Local { address, path } => Ok(RemoteUrl::local(&address, path)),
            Self::Remote {
                address,
                username,
                password,
            } => {
                let url = RemoteUrl::parse(&address)?;
                Ok(url.with_user(username, password.map(Secret::new)))
            }
        }
    }
}
