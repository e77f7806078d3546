"""Mining from slow hosts beside cloning from them: waiting and reading overlap.

    python benches/compare_mine.py [GITFLEET]

200 repositories of 20 hosts, which take half a second for each answer. One host never answers.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from gitfleet.testing import server

HOSTS, REPOSITORIES, DELAY, TIMEOUT = 20, 10, 0.5, 5


class SlowHandler(server.Handler):
    """Takes its time for each answer."""

    def respond(self, target: str, body: bytes) -> None:
        """Wait, then answer as git does."""
        time.sleep(DELAY)
        super().respond(target, body)


class SilentHandler(server.Handler):
    """Never answers."""

    def respond(self, target: str, body: bytes) -> None:  # noqa: ARG002
        """Wait for longer than any client."""
        threading.Event().wait(60)


def make(path: pathlib.Path) -> None:
    """Make a repository with twenty commits."""

    def git(*args: str) -> None:
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", path, *identity, *args], check=True, capture_output=True)

    path.mkdir(parents=True)
    git("init", "-q", "-b", "main")
    for number in range(20):
        (path / "file.txt").write_text("".join(f"line {n} of {number}\n" for n in range(200)))
        git("add", "-A")
        git("commit", "-q", "-m", str(number))


def timed(
    *command: str | pathlib.Path,
) -> tuple[float, subprocess.CompletedProcess[str]]:
    """Run a command; return the seconds it took, and its end."""
    since = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return time.monotonic() - since, done


def main(gitfleet: str) -> None:
    """Clone, then mine, then mine with a silent host among the others."""
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        first = root / "srv" / "owner" / "r0"
        make(first)
        for number in range(1, REPOSITORIES):
            shutil.copytree(first, first.with_name(f"r{number}"))
        handlers = [SlowHandler] * (HOSTS - 1)
        hosts = [server.GitServer(root / "srv", handler=handler) for handler in handlers]
        silent = server.GitServer(root / "srv", handler=SilentHandler)
        names = [f"owner/r{number}/.git" for number in range(REPOSITORIES)]
        heard = [f"{host.url}/{name}" for host in hosts for name in names]
        unheard = [f"{silent.url}/{name}" for name in names]
        common = ["--retries", "0", "--timeout", str(TIMEOUT), "-q"]
        cloned, _ = timed(
            gitfleet, "clone", "--bare", *heard, "-o", root / "clones", "-j", "32", *common
        )
        mined, _ = timed(
            gitfleet, "mine", *heard, "-o", root / "one", "--clone-jobs", "32", *common
        )
        both, done = timed(
            gitfleet, "mine", *unheard, *heard, "-o", root / "two", "--clone-jobs", "32", *common
        )
        found = len(list((root / "two").glob("repos/*/*/*/commits.parquet")))
        print(f"clone {len(heard)} repositories of {HOSTS - 1} hosts: {cloned:.1f} s")
        print(f"mine them: {mined:.1f} s, {mined / cloned:.2f} of it")
        print(f"mine them and {len(unheard)} of a silent host: {both:.1f} s, {found} mined")
        print(done.stderr.count("error:"), "failed, all of them of the silent host:", end=" ")
        print(done.stderr.count(silent.url) >= len(unheard))
        for host in [*hosts, silent]:
            host.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "gitfleet")
