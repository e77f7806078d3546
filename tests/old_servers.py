"""git's own server with fewer features, as servers of other makes have them.

As a program, it stands in for `ssh`: its first argument lists the features to leave out, and its
last one is the command that the server runs.
"""

import os
import subprocess
import sys

from gitfleet.testing import server


def without(advertisement, features):
    """The advertisement of version 0 or 1 without some features, which stand in its first line."""
    start = 0
    if advertisement[4:].startswith(b"# service"):
        start = int(advertisement[:4], 16) + 4
    if b"version 1" in advertisement[start : start + 14]:
        start += 14
    size = int(advertisement[start : start + 4], 16)
    line = advertisement[start + 4 : start + size]
    ref, _, known = line.partition(b"\0")
    kept = [word for word in known.split() if word.split(b"=")[0].decode() not in features]
    line = ref + b"\0" + b" ".join(kept) + b"\n"
    return advertisement[:start] + b"%04x" % (len(line) + 4) + line + advertisement[start + size :]


class OldHandler(server.Handler):
    """Speaks version 0 without the features that the first part of the path names.

    It speaks version 1 if that part says so.
    """

    def respond(self, target, body):
        ways, _, rest = target.removeprefix("/").partition("/")
        self.features = ways.split("+")
        del self.headers["Git-Protocol"]
        if "version=1" in self.features:
            self.headers["Git-Protocol"] = "version=1"
        super().respond("/" + rest, body)

    def answer(self, status, headers=(), body=b""):
        if "advertisement" in dict(headers).get("Content-Type", ""):
            body = without(body, self.features)
        super().answer(status, headers, body)


def main(features, command):
    environment = {name: value for name, value in os.environ.items() if name != "GIT_PROTOCOL"}
    if "version=1" in features:
        environment["GIT_PROTOCOL"] = "version=1"
    done = subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE, env=environment)
    size = done.stdout.read(4)
    line = size + done.stdout.read(int(size, 16) - 4)
    if b"version 1" in line:
        os.write(1, line)
        size = done.stdout.read(4)
        line = size + done.stdout.read(int(size, 16) - 4)
    os.write(1, without(line, features))
    while part := done.stdout.read1(1 << 16):
        while part:
            part = part[os.write(1, part) :]
    done.wait()


if __name__ == "__main__":
    main(sys.argv[1].split("+"), sys.argv[-1])
