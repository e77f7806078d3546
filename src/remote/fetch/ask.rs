//! Requests of a fetch, as pkt-lines.
//!
//! Versions 0 and 1 have the client's features behind the first `want`, and fix the order of the
//! lines: wants, the shallow boundary, the depth, the filter. Version 2 has a line for each.

use gix::ObjectId;
use gix::protocol::fetch::Shallow;
use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::Capabilities;

use super::connection::agent;

/// Mode in which the server acknowledges common commits, in protocol versions 0 and 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Acknowledgements {
    /// One line for each of them, and `ready`: `multi_ack_detailed`.
    Detailed,
    /// One line for each of them: `multi_ack`.
    Many,
    /// One line, for the first.
    One,
}

/// Capabilities of the server.
pub(super) struct Abilities<'a> {
    pub(super) version: Protocol,
    capabilities: &'a Capabilities,
}

impl<'a> Abilities<'a> {
    pub(super) fn of(handshake: &'a gix::protocol::Handshake) -> Self {
        Self {
            version: handshake.server_protocol_version,
            capabilities: &handshake.capabilities,
        }
    }

    pub(super) fn has(&self, feature: &str) -> bool {
        if self.version != Protocol::V2 {
            return self.capabilities.contains(feature);
        }
        let fetch = self.capabilities.capability("fetch");
        fetch.and_then(|fetch| fetch.supports(feature)) == Some(true)
    }

    pub(super) fn acknowledgements(&self) -> Acknowledgements {
        if self.has("multi_ack_detailed") {
            Acknowledgements::Detailed
        } else if self.has("multi_ack") {
            Acknowledgements::Many
        } else {
            Acknowledgements::One
        }
    }

    /// Returns true if the server sends the pack in side bands, next to its messages.
    pub(super) fn has_side_bands(&self) -> bool {
        self.version == Protocol::V2 || self.has("side-band-64k") || self.has("side-band")
    }

    fn value(&self, name: &str) -> Option<String> {
        let value = self.capabilities.capability(name)?.value()?;
        Some(value.to_string())
    }
}

/// A request for objects.
pub(super) struct Ask {
    pub(super) wants: Vec<ObjectId>,
    /// The commits without parents of a shallow clone.
    pub(super) boundary: Vec<ObjectId>,
    pub(super) depth: Shallow,
    pub(super) filter: Option<&'static str>,
    /// Request the tags of the commits that are sent.
    pub(super) include_tags: bool,
}

impl Ask {
    /// Returns what the request needs and the server cannot do.
    pub(super) fn missing(&self, server: &Abilities<'_>) -> Option<&'static str> {
        let since = if server.version == Protocol::V2 {
            "shallow"
        } else {
            "deepen-since"
        };
        let is_shallow = !self.boundary.is_empty() || self.depth != Shallow::NoChange;
        let is_since = matches!(self.depth, Shallow::Since { .. });
        let has_tags = server.version == Protocol::V2 || server.has("include-tag");
        if is_shallow && !server.has("shallow") {
            Some("shallow clones")
        } else if is_since && !server.has(since) {
            Some("clones since a date")
        } else if self.filter.is_some() && !server.has("filter") {
            Some("filters")
        } else if self.include_tags && !has_tags {
            Some("tags of a part of the history; leave them out with --no-tags")
        } else {
            None
        }
    }

    /// Returns true if the server answers with a new shallow boundary.
    pub(super) fn deepens(&self) -> bool {
        self.depth != Shallow::NoChange
    }

    /// The lines before the objects that the client has.
    pub(super) fn lines(&self, server: &Abilities<'_>, is_stateless: bool) -> Vec<String> {
        if server.version == Protocol::V2 {
            let features = ["thin-pack", "ofs-delta"].into_iter();
            let tags = self.include_tags.then_some("include-tag");
            let mut lines: Vec<String> = features.chain(tags).map(str::to_owned).collect();
            lines.extend(self.history_lines());
            lines.extend(self.wants.iter().map(|id| format!("want {id}")));
            return lines;
        }
        let mut lines: Vec<String> = self.wants.iter().map(|id| format!("want {id}")).collect();
        if let Some(first) = lines.first_mut() {
            for feature in self.features(server, is_stateless) {
                first.push(' ');
                first.push_str(&feature);
            }
        }
        lines.extend(self.history_lines());
        lines
    }

    /// The lines about the part of the history that is requested.
    fn history_lines(&self) -> impl Iterator<Item = String> {
        let boundary = self.boundary.iter().map(|id| format!("shallow {id}"));
        let depth = match &self.depth {
            Shallow::DepthAtRemote(depth) => Some(format!("deepen {depth}")),
            Shallow::Since { cutoff } => Some(format!("deepen-since {}", cutoff.seconds)),
            _ => None,
        };
        let filter = self.filter.map(|filter| format!("filter {filter}"));
        boundary.chain(depth).chain(filter)
    }

    /// The client's features, for versions 0 and 1: only those that are used, as in git, because
    /// some servers enable a feature that is merely listed.
    fn features(&self, server: &Abilities<'_>, is_stateless: bool) -> Vec<String> {
        let acknowledgements = match server.acknowledgements() {
            Acknowledgements::Detailed => Some("multi_ack_detailed"),
            Acknowledgements::Many => Some("multi_ack"),
            Acknowledgements::One => None,
        };
        let no_done = can_skip_done(server, is_stateless).then_some("no-done");
        let side_band = ["side-band-64k", "side-band"].into_iter();
        let side_band = side_band.filter(|name| server.has(name)).take(1);
        let usual = ["thin-pack", "ofs-delta"].into_iter();
        let usual = usual.filter(|name| server.has(name));
        let tags = self.include_tags.then_some("include-tag");
        let since = matches!(self.depth, Shallow::Since { .. }).then_some("deepen-since");
        let filter = self.filter.map(|_| "filter");
        let plain = acknowledgements.into_iter().chain(no_done).chain(side_band);
        let plain = plain.chain(usual).chain(tags).chain(since).chain(filter);
        let mut features: Vec<String> = plain.map(str::to_owned).collect();
        features.extend(valued_features(server));
        features
    }
}

/// The features with values, in every version: the hash of the ids, and the user agent.
pub(super) fn valued_features(server: &Abilities<'_>) -> Vec<String> {
    let hash = server.value("object-format");
    let hash = hash.map(|hash| format!("object-format={hash}"));
    let (name, value) = agent();
    let agent = server.value("agent").and(value);
    let agent = agent.map(|agent| format!("{name}={agent}"));
    hash.into_iter().chain(agent).collect()
}

/// Returns true if the server sends the pack as soon as it is ready. As in git, this is for http
/// only, and needs detailed acknowledgements.
pub(super) fn can_skip_done(server: &Abilities<'_>, is_stateless: bool) -> bool {
    let is_detailed = server.acknowledgements() == Acknowledgements::Detailed;
    is_stateless && is_detailed && server.has("no-done")
}
