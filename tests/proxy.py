"""A proxy for http requests and for tunnels, which keeps the targets of the requests."""

import contextlib
import http.client
import http.server
import select
import socket
import threading
import urllib.parse

from gitfleet.testing.server import Handler


class Proxy(http.server.ThreadingHTTPServer):
    daemon_threads = True

    """Tunnels lead to the host that a client names, or to `to`."""

    def __init__(self, status=None, to=None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.to = status, to
        self.targets = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class _Handler(Handler):
    def serve(self):
        self.server.targets.append(self.path)
        if self.server.status:
            self.close_connection = True
            self.answer(self.server.status, [], b"not allowed")
        elif self.command == "CONNECT":
            self._tunnel()
        else:
            self._forward()

    do_GET = do_POST = do_CONNECT = serve  # noqa: N815 (named by the base class)

    def _tunnel(self):
        self.close_connection = True
        host, _, port = (self.server.to or self.path).rpartition(":")
        with socket.create_connection((host, int(port))) as there:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while ready := select.select([self.connection, there], [], [], 10)[0]:
                    for one in ready:
                        data = one.recv(1 << 16)
                        if not data:
                            return
                        (there if one is self.connection else self.connection).sendall(data)

    def _forward(self):
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = url.path + (f"?{url.query}" if url.query else "")
        dropped = {"host", "connection", "content-length", "transfer-encoding"}
        headers = {n: v for n, v in self.headers.items() if n.lower() not in dropped}
        with contextlib.closing(http.client.HTTPConnection(url.hostname, url.port)) as there:
            there.request(self.command, target, body, headers)
            answer = there.getresponse()
            kept = [(n, v) for n, v in answer.getheaders() if n.lower() not in dropped]
            self.answer(answer.status, kept, answer.read())
