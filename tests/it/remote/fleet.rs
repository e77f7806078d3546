//! Many repositories from a server.

use std::fs;

use gitfleet::fleet::{Fleet, MineOptions, mine};
use gitfleet::{Context, Error, ErrorKind, RemoteUrl};

use super::clone::served;
use crate::support::git_text;

#[test]
fn fleet_reports_an_invalid_address_in_its_place() {
    let (root, server) = served("history");
    let urls = ["ssh://", &server.url("repo"), &server.url("absent")];
    let report = Fleet::new(root.path().join("clones"))
        .clone_all(urls, &Context::new())
        .unwrap();
    let kinds: Vec<_> = report
        .outcomes
        .iter()
        .map(|outcome| outcome.result.as_ref().err().map(Error::kind))
        .collect();
    assert_eq!(kinds[..2], [Some(ErrorKind::InvalidInput), None]);
    assert!(kinds[2].is_some_and(|kind| kind != ErrorKind::InvalidInput));
    assert_eq!(report.outcomes[0].attempts, 0);
    let cloned = report.outcomes[1].result.as_ref().unwrap();
    assert_eq!(
        cloned.head.unwrap().to_string(),
        git_text(&root.path().join("repo"), ["rev-parse", "HEAD"])
    );
}

#[test]
fn mine_removes_half_made_clones_of_ended_processes() {
    let (root, server) = served("history");
    let keep = root.path().join("keep");
    let url = RemoteUrl::parse(&server.url("repo")).unwrap();
    let beside = keep.join(url.key().path());
    let beside = beside.parent().unwrap();
    let leftover = beside.join(".gitfleet-clone-abc");
    fs::create_dir_all(leftover.join("objects")).unwrap();
    fs::write(beside.join(".gitfleet-clone-abc.lock"), "1\n").unwrap();
    let options = MineOptions::new().keep_clones(keep.clone());
    let data = root.path().join("data");
    let report = mine([&url], &data, &options, &Context::new()).unwrap();
    assert!(report.failed().next().is_none());
    let left: Vec<_> = fs::read_dir(beside)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["repo"]);
}
