//! Checks the names of a remote's refs, which become names of files and lines of files.

use gix::bstr::{BStr, ByteSlice};
use gix::protocol::handshake::Ref;

/// Describes the first ref name that is invalid or clashes with another; `None` if all are valid.
pub(crate) fn invalid_name(refs: &[Ref]) -> Option<String> {
    let mut names: Vec<&BStr> = Vec::with_capacity(refs.len());
    for found in refs {
        let (name, ..) = found.unpack();
        let target = match found {
            Ref::Symbolic { target, .. } | Ref::Unborn { target, .. } => Some(target.as_bstr()),
            Ref::Peeled { .. } | Ref::Direct { .. } => None,
        };
        for name in [Some(name), target].into_iter().flatten() {
            if name != "HEAD" && gix::validate::reference::name(name).is_err() {
                let shown = name.to_str_lossy().escape_debug().to_string();
                return Some(format!(
                    "the server has a ref with the invalid name `{shown}`"
                ));
            }
        }
        names.push(name);
    }
    names.sort_unstable_by(|a, b| {
        let (a, b) = (a.iter().copied(), b.iter().copied());
        a.map(order).cmp(b.map(order))
    });
    let clash = names.windows(2).find(|two| {
        let rest = two[1].strip_prefix(two[0].as_bytes());
        rest.is_some_and(|rest| rest.first() == Some(&b'/'))
    })?;
    Some(format!(
        "the server has a ref `{}` and a ref `{}`, which cannot both exist",
        clash[0], clash[1]
    ))
}

/// Orders `/` before all other bytes, so that a name is followed directly by the names below it.
fn order(byte: u8) -> u8 {
    if byte == b'/' { 0 } else { byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs(names: &[&str]) -> Vec<Ref> {
        let direct = |name: &&str| Ref::Direct {
            full_ref_name: (*name).into(),
            object: gix::ObjectId::null(gix::hash::Kind::Sha1),
        };
        names.iter().map(direct).collect()
    }

    #[test]
    fn refnames_that_would_do_harm_are_found() {
        for names in [
            &["refs/heads/../../x"][..],
            &["refs/heads/a\nb"],
            &["refs/heads/x.lock"],
            &["refs/heads/a", "refs/heads/a-b", "refs/heads/a/b"],
        ] {
            assert!(invalid_name(&refs(names)).is_some(), "{names:?}");
        }
        let good = ["HEAD", "refs/heads/a", "refs/heads/a-b/c", "refs/heads/ab"];
        assert_eq!(invalid_name(&refs(&good)), None);
    }
}
