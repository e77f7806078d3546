"""Servers and proxies whose answers are unusual, and which git can read."""

import gzip
import os
import socket
from typing import ClassVar

import pytest

from gitfleet.testing import server
from run_command import gitfleet, refs


class OddHandler(server.Handler):
    """Changes each answer in the way that the first part of the path names."""

    protocol_version = "HTTP/1.1"
    closed = 0
    encodings: ClassVar[list] = []

    def respond(self, target, body):
        self.way, _, rest = target.removeprefix("/").partition("/")
        self.is_first = "info/refs" in target
        OddHandler.encodings.append(self.headers.get("Accept-Encoding"))
        if self.way == "closing" and not self.is_first and OddHandler.closed == 0:
            # The connection was idle, and the server closes it when the next request arrives.
            OddHandler.closed += 1
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return None
        return super().respond("/" + rest, body)

    def answer(self, status, headers=(), body=b""):
        fields = dict(headers)
        media_type = fields.get("Content-Type", "")
        if self.way == "charset":
            fields["Content-Type"] = f"{media_type}; charset=utf-8"
        elif self.way == "capitals":
            fields["Content-Type"] = media_type.upper()
        elif self.way == "octets" and not self.is_first:
            fields["Content-Type"] = "application/octet-stream"
        elif self.way == "untyped" and not self.is_first:
            fields.pop("Content-Type")
        elif self.way == "gzip":
            fields["Content-Encoding"] = "gzip"
            body = gzip.compress(body)
        elif self.way == "page" and not self.is_first:
            fields["Content-Type"], body = "text/html; charset=utf-8", b"<html>Please log in</html>"
        super().answer(status, fields.items(), body)


@pytest.fixture
def odd_server(fixtures):
    OddHandler.closed, OddHandler.encodings = 0, []
    with server.GitServer(fixtures["history"].parent.parent, handler=OddHandler) as started:
        yield started


@pytest.mark.parametrize("way", ["charset", "capitals", "octets", "untyped", "gzip", "closing"])
def test_answer_that_git_reads_is_read(odd_server, way, fixtures, tmp_path, git):
    into = tmp_path / "clones"
    url = f"{odd_server.url}/{way}/owner/history/.git"
    gitfleet("clone", "--mirror", url, "-o", into, "--retries", "0")
    (clone,) = into.glob("*/*/*")
    theirs = tmp_path / "theirs"
    git(tmp_path, "clone", "-q", "--mirror", url, os.fspath(theirs))
    assert refs(clone) == refs(theirs)
    assert OddHandler.closed == (way == "closing")
    assert all("gzip" in encoding for encoding in OddHandler.encodings)


def test_web_page_instead_of_an_answer_is_named(odd_server, tmp_path):
    url = f"{odd_server.url}/page/owner/history/.git"
    done = gitfleet("clone", "--mirror", url, "-o", tmp_path, "--retries", "0", check=False)
    assert done.returncode == 1
    assert "web page" in done.stderr
