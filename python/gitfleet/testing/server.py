"""A git server on this machine: ``git http-backend`` behind http or https."""

from __future__ import annotations

import base64
import http.server
import os
import subprocess
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from typing_extensions import Self

__all__ = ["GitServer", "Handler"]


class Handler(http.server.BaseHTTPRequestHandler):
    """The request handler of `GitServer`; subclasses may respond differently.

    Example:
        >>> import tempfile, urllib.error, urllib.request
        >>> class Busy(Handler):
        ...     def respond(self, target: str, body: bytes) -> None:
        ...         self.answer(503, [("Retry-After", "1")])
        >>> with GitServer(tempfile.mkdtemp(), handler=Busy) as server:
        ...     try:
        ...         urllib.request.urlopen(server.url)
        ...     except urllib.error.HTTPError as error:
        ...         print(error.code, error.headers["Retry-After"])
        503 1
    """

    protocol_version = "HTTP/1.1"
    root = ""
    """The directory whose repositories are served."""
    credentials: tuple[str, str] | None = None
    """The user and password that requests must have."""
    requests: list[tuple[str, str, str | None]]
    """Method, target and ``Authorization`` of each request."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's)
        """Log nothing."""

    def answer(
        self, status: int, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> None:
        """Send a response."""
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self) -> None:
        """Record the request, and answer it."""
        self.requests.append((self.command, self.path, self.headers.get("Authorization")))
        self.respond(self.path, self._body())

    def respond(self, target: str, body: bytes) -> None:
        """Answer a request for `target` as git does."""
        if self.credentials is not None:
            both = ":".join(self.credentials).encode()
            if self.headers.get("Authorization") != f"Basic {base64.b64encode(both).decode()}":
                self.answer(401, [("WWW-Authenticate", 'Basic realm="git"')])
                return
        path, _, query = target.partition("?")
        environment = os.environ | {
            "GIT_PROJECT_ROOT": self.root,
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(
            ["git", "http-backend"],  # noqa: S607
            input=body,
            env=environment,
            capture_output=True,
            check=False,
        )
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        status, headers = 200, []
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers.append((name, value))
        self.answer(status, headers, answer)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_POST = serve  # noqa: N815 (named by the base class)


class GitServer:
    r"""Serves the repositories below a directory on 127.0.0.1, until it is closed.

    Args:
        root: The directory; ``<url>/<path below it>`` is a repository's URL, with ``/.git`` at its
            end if it has a working tree.
        tls: Serve https, with the certificates of this context.
        credentials: The user and password that requests must have.
        handler: The class that answers requests.

    Example:
        >>> import tempfile, gitfleet
        >>> from gitfleet.testing import SampleRepository
        >>> root = tempfile.mkdtemp()
        >>> _ = SampleRepository(root + "/ann/tool").commit({"README": "tool\n"}, "First")
        >>> with GitServer(root) as server:
        ...     cloned, = gitfleet.Fleet(root + "/clones").clone(f"{server.url}/ann/tool/.git")
        >>> cloned.error is None
        True
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        tls: ssl.SSLContext | None = None,
        credentials: tuple[str, str] | None = None,
        handler: type[Handler] = Handler,
    ) -> None:
        self.requests: list[tuple[str, str, str | None]] = []
        """Method, target and ``Authorization`` of each request so far."""
        known = {
            "root": os.fspath(root),
            "credentials": credentials,
            "requests": self.requests,
        }
        self._server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (handler,), known)
        )
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.host = f"localhost:{self._server.server_port}"
        """The name of the server, with the port."""
        self.url = f"{'http' if tls is None else 'https'}://{self.host}"
        """The start of the repositories' URLs."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving.

        Example:
            >>> import tempfile
            >>> server = GitServer(tempfile.mkdtemp())
            >>> server.close()
        """
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
