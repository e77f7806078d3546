//! Servers that send invalid data: the clone fails quickly, names the reason, and leaves no files.

use std::time::Duration;

use gitfleet::net::{Net, NetOptions};
use gitfleet::remote::CloneOptions;

use super::clone;
use super::server::{Server, packet};

const ID: &str = "1111111111111111111111111111111111111111";

fn advertisement(refs: &[&str]) -> Vec<u8> {
    let mut answer = Vec::new();
    for (index, name) in refs.iter().enumerate() {
        let capabilities = if index == 0 {
            "\0side-band-64k ofs-delta"
        } else {
            ""
        };
        answer.extend(packet(&format!("{ID} {name}{capabilities}\n")));
    }
    answer.extend(b"0000");
    answer
}

#[test]
fn nonsense_is_refused_and_leaves_nothing() {
    let answers = [
        ("nothing", Vec::new()),
        ("garbage", b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        ("an endless length", b"ffff".to_vec()),
        ("an error", packet("ERR go away")),
        (
            "a name that is a path",
            advertisement(&["refs/heads/../../../x"]),
        ),
        (
            "names that cannot both be",
            advertisement(&["refs/heads/a", "refs/heads/a/b"]),
        ),
        (
            "a pack that never comes",
            advertisement(&["HEAD", "refs/heads/main"]),
        ),
    ];
    for (what, answer) in answers {
        let server = Server::answering(answer);
        let root = tempfile::tempdir().unwrap();
        let into = root.path().join("ours");
        let net = Net::new(NetOptions::new().timeout(Duration::from_secs(5)));
        let error = clone(&server.url("x"), &into, &CloneOptions::new().net(net)).unwrap_err();
        let text = error.report();
        assert!(text.contains("127.0.0.1"), "{what}: {text}");
        assert!(!into.exists(), "{what}");
        let left: Vec<_> = std::fs::read_dir(root.path()).unwrap().collect();
        assert!(left.is_empty(), "{what}: {left:?}");
    }
}

#[test]
fn words_of_the_server_are_told() {
    let server = Server::answering(packet("ERR too many cooks"));
    let root = tempfile::tempdir().unwrap();
    let error = clone(
        &server.url("x"),
        &root.path().join("ours"),
        &CloneOptions::new(),
    );
    assert!(error.unwrap_err().report().contains("too many cooks"));
}
