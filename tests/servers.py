"""Servers other than the http server: a git daemon, an sshd, and a proxy that injects faults."""

import contextlib
import getpass
import os
import random
import shutil
import socket
import struct
import subprocess
import threading
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"no server listens on port {port}")


@contextlib.contextmanager
def git_daemon(root):
    """`git daemon` over every repository below `root`; yields the start of its URLs."""
    port = free_port()
    command = ["git", "daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1"]
    process = subprocess.Popen(
        [*command, f"--port={port}", f"--base-path={root}", os.fspath(root)],
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    try:
        wait_for(port)
        yield f"git://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def sshd_program():
    return shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def sshd(directory):
    """An sshd that accepts one key; yields the start of its URLs and an ssh command with it."""
    port = free_port()
    for name in ("host", "user"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / name]
        subprocess.run(command, check=True)
    shutil.copy(directory / "user.pub", directory / "authorized")
    (directory / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {directory}/host\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {directory}/authorized\nStrictModes no\nAcceptEnv GIT_PROTOCOL\n"
        "PasswordAuthentication no\nPermitRootLogin prohibit-password\n"
    )
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)
    process = subprocess.Popen(
        [sshd_program(), "-D", "-f", directory / "sshd_config"], stderr=subprocess.DEVNULL
    )
    command = (
        f"ssh -F none -i {directory}/user -o IdentitiesOnly=yes -o StrictHostKeyChecking=no"
        f" -o UserKnownHostsFile={directory}/known -o LogLevel=ERROR"
    )
    try:
        wait_for(port)
        yield f"ssh://{getpass.getuser()}@127.0.0.1:{port}", command
    finally:
        process.terminate()
        process.wait()


class Proxy:
    """Forwards connections to a server, and makes some of them fail.

    `fates` maps a kind of failure to the share of connections that fail in this way.
    """

    def __init__(self, port, fates, seed=1):
        self.fates, self.random = fates, random.Random(seed)
        self.met = dict.fromkeys([*fates, "none"], 0)
        self._to = port
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.host = f"localhost:{self._listener.getsockname()[1]}"
        self._stop = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._stop.set()
        self._listener.close()

    def _accept(self):
        while not self._stop.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, self._fate()), daemon=True).start()

    def _fate(self):
        with self._lock:
            draw, fate = self.random.random(), "none"
            for name, share in self.fates.items():
                draw -= share
                if draw < 0:
                    fate = name
                    break
            self.met[fate] += 1
            return fate

    def _serve(self, client, fate):
        with contextlib.suppress(OSError), client:
            if fate == "reset":
                client.recv(100)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif fate == "stall":
                client.recv(100)
                self._stop.wait(20)
            elif fate in ("503", "429"):
                client.recv(65536)
                more = "Retry-After: 1\r\n" if fate == "429" else ""
                head = f"HTTP/1.1 {fate} No\r\n{more}Content-Length: 5\r\nConnection: close"
                client.sendall(f"{head}\r\n\r\nbusy\n".encode())
            else:
                self._pass_on(client, self.random.randrange(900, 2500) if fate == "cut" else None)

    def _pass_on(self, client, limit):
        with socket.create_connection(("127.0.0.1", self._to)) as server:

            def upstream():
                with contextlib.suppress(OSError):
                    while data := client.recv(65536):
                        server.sendall(data)
                    server.shutdown(socket.SHUT_WR)

            threading.Thread(target=upstream, daemon=True).start()
            while data := server.recv(65536):
                if limit is not None:
                    data, limit = data[:limit], limit - len(data)
                client.sendall(data)
                if limit is not None and limit <= 0:
                    client.shutdown(socket.SHUT_RDWR)  # not closed: the other thread reads from it
                    return
            client.shutdown(socket.SHUT_RDWR)


def pkt(text):
    """A line of the protocol (gitprotocol-common)."""
    data = text.encode() if isinstance(text, str) else text
    return f"{len(data) + 4:04x}".encode() + data


class LyingServer:
    """A git:// server, version 2, that sends the refs, pack and messages that it is given."""

    def __init__(self, refs, pack=b"", *, endless=None, words=None):
        """`endless` is sent repeatedly, as the list of refs or instead of a pack."""
        self.refs, self.pack, self.endless, self.words = refs, pack, endless, words
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"git://127.0.0.1:{self._listener.getsockname()[1]}/o/r"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError, ValueError), client, client.makefile("rwb") as stream:
            self._read_line(stream)
            known = ["version 2\n", "ls-refs=unborn\n", "fetch=shallow\n", "object-format=sha1\n"]
            self._send(stream, known)
            while lines := self._read_request(stream):
                if lines[0].startswith(b"command=ls-refs"):
                    if not self.refs:
                        self._flood(stream)
                    self._send(stream, self.refs)
                elif b"done\n" in lines or b"done" in lines:
                    if self.endless:
                        stream.write(pkt("packfile\n"))
                        self._flood(stream)
                    if self.words:
                        self._send(stream, ["packfile\n", b"\x03" + self.words.encode()])
                        return
                    pack = [self.pack[at : at + 65000] for at in range(0, len(self.pack), 65000)]
                    self._send(stream, ["packfile\n", *(b"\x01" + part for part in pack)])
                else:
                    self._send(stream, ["acknowledgments\n", "NAK\n"])

    def _flood(self, stream):
        while True:
            stream.write(pkt(self.endless) * 100)

    @staticmethod
    def _send(stream, lines):
        stream.write(b"".join(map(pkt, lines)) + b"0000")
        stream.flush()

    @staticmethod
    def _read_line(stream):
        length = int(stream.read(4), 16)
        return stream.read(length - 4) if length > 4 else None

    def _read_request(self, stream):
        lines = []
        while True:
            head = stream.read(4)
            if head in (b"", b"0000"):
                return lines
            if head != b"0001":
                lines.append(stream.read(int(head, 16) - 4))
