//! Repositories named by their hosting service: `github:OWNER` and `github:OWNER/NAME`.

use crate::error::{Error, Result};
use crate::fleet::Target;
use crate::json::Json;
use crate::providers::github::{GitHub, RepositoryFilter};

/// Prefix of the names of repositories on GitHub.
const GITHUB: &str = "github:";

/// Returns true if a text names repositories on a hosting service, which must be looked up.
pub(crate) fn is_hosted(text: &str) -> bool {
    text.starts_with(GITHUB)
}

/// Returns the repositories that each of `texts` names, in order; an owner may have many. A
/// text that does not start with `github:` is a path or an address. Repositories on GitHub are
/// returned with their metadata. Needs a Tokio runtime, as [`GitHub`] does.
pub(crate) async fn look_up(
    texts: &[String],
    github: &GitHub,
) -> Vec<(String, Result<Vec<Target>>)> {
    let names: Vec<Option<(String, String)>> = texts.iter().map(|text| full_name(text)).collect();
    let asked: Vec<(String, String)> = names.iter().flatten().cloned().collect();
    let mut answers = match github.metadata(&asked).await {
        Ok(answers) => answers.into_iter(),
        Err(error) => {
            // The request for all repositories failed, so its error is reported for each of them.
            let each = |_: &(String, String)| match &error {
                Error::Service(error) => Err(Error::Service(error.clone())),
                error => Err(Error::Refused {
                    subject: "GitHub".to_owned(),
                    reason: error.report(),
                }),
            };
            asked.iter().map(each).collect::<Vec<_>>().into_iter()
        }
    };
    let mut found = Vec::with_capacity(texts.len());
    for (text, name) in texts.iter().zip(names) {
        let targets = match (name, text.strip_prefix(GITHUB)) {
            (Some(_), _) => answers
                .next()
                .map_or_else(|| Ok(Vec::new()), |answer| Ok(vec![target(answer?)?])),
            (None, Some(owner)) => owned(owner.trim_end_matches('/'), github).await,
            (None, None) => Target::parse(text).map(|target| vec![target]),
        };
        found.push((text.clone(), targets));
    }
    found
}

fn full_name(text: &str) -> Option<(String, String)> {
    let (owner, name) = text.strip_prefix(GITHUB)?.split_once('/')?;
    (is_name(owner) && is_name(name)).then(|| (owner.to_owned(), name.to_owned()))
}

/// Returns true for a name that an owner or a repository may have on GitHub.
fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_token = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"];
    let is_token = is_token.iter().any(|start| text.starts_with(start));
    !text.is_empty() && text.bytes().all(is_letter) && !is_token
}

/// Refuses text that is not the name of an owner. It may be a token in the wrong place, so it is
/// neither shown nor sent.
pub(crate) fn check_owner(owner: &str) -> Result<()> {
    if is_name(owner) {
        return Ok(());
    }
    Err(Error::invalid(
        "owner on GitHub",
        "has no valid name; write OWNER or OWNER/NAME, and for mining github:OWNER",
    ))
}

async fn owned(owner: &str, github: &GitHub) -> Result<Vec<Target>> {
    check_owner(owner)?;
    let pages = github
        .repositories(owner, RepositoryFilter::default())
        .await?;
    let all = pages.collect().await?;
    all.into_iter().map(target).collect()
}

fn target(about: Json) -> Result<Target> {
    let url = about.text("/clone_url").unwrap_or_default();
    let target = Target::parse(url)?;
    if target.local_path().is_some() {
        return Err(Error::Refused {
            subject: "GitHub".to_owned(),
            reason: format!(
                "the clone URL of {} is a local path: `{url}`",
                about.text("/full_name").unwrap_or_default()
            ),
        });
    }
    Ok(target.with_about(about))
}
