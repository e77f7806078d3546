import asyncio
import datetime
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict, final, type_check_only

__all__ = [
    "DictStream",
    "Failures",
    "Fleet",
    "GitHubService",
    "Listing",
    "Manager",
    "RecordStream",
    "Repository",
    "__version__",
    "error_kinds",
    "find_token",
    "key_of_password",
    "mine",
    "mine_async",
    "run_cli",
    "seal",
    "unseal",
]

__version__: str

@type_check_only
class History(TypedDict):
    rev: list[str]
    all_refs: bool
    paths: list[str]
    since: str | datetime.datetime | float | None
    until: str | datetime.datetime | float | None
    authors: list[str]
    committers: list[str]
    grep: list[str]
    pattern_syntax: str
    ignore_case: bool
    merge_commits: str
    skip: int
    max_count: int | None
    order: str
    first_parent: bool
    renames: str
    merges: str | None
    missing: str
    mailmap: bool
    network: Network | None

@type_check_only
class Blame(TypedDict):
    rev: str | None
    working_tree: bool
    line_ranges: list[str]
    lines: bool
    ignore_whitespace: bool
    ignore_revs: list[str]
    ignore_revs_files: list[str]
    configured_ignores: bool
    first_parent: bool
    since: str | datetime.datetime | float | None
    mailmap: bool
    network: Network | None

@type_check_only
class Network(TypedDict):
    ca_bundle: str | None
    proxy: str | None
    timeout: float
    connect_timeout: float
    min_bytes_per_second: int
    allow_clear_text: bool
    ssh_command: list[str]
    credential_command: str | None
    git_credentials: bool
    credentials: list[tuple[str, str, str]]

@type_check_only
class Cloning(TypedDict):
    shape: str
    branch: str | None
    single_branch: bool
    depth: int | None
    shallow_since: str | datetime.datetime | float | None
    filter: str | None
    tags: bool
    refspecs: list[str]
    update_files: str
    max_bytes: int | None
    max_objects: int | None
    max_seconds: float | None
    min_free_bytes: int
    trust: bool
    network: Network

@type_check_only
class Crew(TypedDict):
    jobs: int
    jobs_per_host: int
    retries: int
    retry_wait: float

@type_check_only
class MineJob(TypedDict):
    targets: list[str]
    output: str
    tables: list[str]
    keep_clones: str | None
    jobs: int
    threads: int
    trust: bool
    network: Network
    rev: str | None
    retries: int
    progress: Callable[..., object] | None
    history: History

@final
class RecordStream:
    @property
    def column_names(self) -> list[str]: ...
    @property
    def metadata(self) -> dict[str, str]: ...
    @property
    def missing_blobs(self) -> int: ...
    def take_over(self) -> RecordStream: ...
    def collect(self) -> RecordStream: ...
    def to_pylist(self, *, surrogates: bool) -> list[dict[str, Any]]: ...
    def next_batch(self) -> RecordStream | None: ...
    def next_batch_async(self) -> asyncio.Future[RecordStream | None]: ...
    def peek(self, most: int) -> list[dict[str, Any]] | None: ...
    def write(self, path: str, form: str) -> int: ...
    def close(self) -> None: ...
    def __arrow_c_stream__(
        self,
        requested_schema: object | None = None,
        *,
        at_end: Callable[[], object] | None = None,
    ) -> object: ...
    def __arrow_c_schema__(self) -> object: ...

@final
class Failures:
    def all(self) -> list[tuple[str, Any]]: ...

@final
class Repository:
    def __new__(cls, path: str, *, trust: bool = False, threads: int = 0) -> Repository: ...
    @property
    def path(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def is_bare(self) -> bool: ...
    def is_shallow(self) -> bool: ...
    def head(self) -> str | None: ...
    def refs(self) -> list[tuple[str, str, str]]: ...
    def rev_parse(self, revision: str) -> str: ...
    def files(self, patterns: Sequence[str], revision: str) -> list[str]: ...
    def commits(self, history: History) -> RecordStream: ...
    def changes(self, history: History) -> RecordStream: ...
    def blame(
        self, paths: Sequence[str] | None, options: Blame, is_strict: bool
    ) -> tuple[RecordStream, Failures]: ...
    def blame_async(
        self, paths: Sequence[str] | None, options: Blame, is_strict: bool
    ) -> asyncio.Future[tuple[RecordStream, Failures]]: ...

@final
class DictStream:
    def next(self, most: int) -> asyncio.Future[list[dict[str, Any]]]: ...
    def close(self) -> None: ...

@final
class Fleet:
    def __new__(cls, root: str, *, existing: str, cloning: Cloning, crew: Crew) -> Fleet: ...
    def clone(
        self, urls: Sequence[str], progress: Callable[..., object] | None
    ) -> list[dict[str, Any]]: ...
    def clone_async(
        self, urls: Sequence[str], progress: Callable[..., object] | None
    ) -> asyncio.Future[list[dict[str, Any]]]: ...
    def update(
        self, paths: Sequence[str], progress: Callable[..., object] | None
    ) -> list[dict[str, Any]]: ...
    def update_async(
        self, paths: Sequence[str], progress: Callable[..., object] | None
    ) -> asyncio.Future[list[dict[str, Any]]]: ...

@type_check_only
class Service(TypedDict):
    tokens: list[str]
    apps: list[tuple[str, int, str]]
    base_url: str | None
    cache: str | None
    cache_bytes: int
    reserve: int
    longest_wait: float
    retries: int
    network: Network

@type_check_only
class Wanted(TypedDict):
    forks: bool | None
    archived: bool | None
    language: str | None
    topics: list[str]
    visibility: str | None
    pushed_since: str | datetime.datetime | float | None

@final
class GitHubService:
    def __new__(cls, service: Service) -> GitHubService: ...
    def get(self, route: str) -> asyncio.Future[bytes]: ...
    def graphql(self, query: str, variables: str) -> asyncio.Future[bytes]: ...
    def validate_credentials(self) -> asyncio.Future[bool]: ...
    def repositories(self, owner: str, wanted: Wanted) -> asyncio.Future[Listing]: ...
    def listing(self, route: str, wanted: Wanted | None = None) -> Listing: ...
    def metadata(self, repositories: Sequence[tuple[str, str]]) -> asyncio.Future[list[Any]]: ...
    def statuses(
        self,
    ) -> list[
        tuple[
            str | None,
            bool,
            float | None,
            list[tuple[str, int | None, int | None, int | None]],
        ]
    ]: ...

@final
class Listing:
    def next_page(self) -> asyncio.Future[bytes | None]: ...
    def take_page(self) -> None: ...
    @property
    def cursor(self) -> str | None: ...

@final
class Manager:
    def __new__(
        cls, urls: Sequence[str], *, cloning: Cloning, crew: Crew, trust: bool
    ) -> Manager: ...
    def clone_all(self, progress: Callable[..., object] | None) -> asyncio.Future[None]: ...
    def clone(self, url: str, progress: Callable[..., object] | None) -> asyncio.Future[None]: ...
    def tasks(
        self,
    ) -> dict[
        str,
        tuple[
            str,
            Literal["queued", "cloning", "completed", "failed"],
            int | None,
            str | None,
            str | None,
        ],
    ]: ...
    def cleanup(self) -> dict[str, str | None]: ...
    def clone_each(
        self, urls: Sequence[str], progress: Callable[..., object] | None
    ) -> asyncio.Future[None]: ...
    def extract_commits(
        self, path: str, history: History
    ) -> asyncio.Future[list[dict[str, Any]]]: ...
    def commit_stream(self, path: str, history: History) -> asyncio.Future[DictStream]: ...
    def find_files(
        self, path: str, patterns: Sequence[str], revision: str
    ) -> asyncio.Future[list[str]]: ...
    def bulk_blame(
        self, path: str, files: Sequence[str]
    ) -> asyncio.Future[dict[str, list[dict[str, Any]] | str]]: ...
    def blame_lines(
        self, path: str, files: Sequence[str], only_files: bool
    ) -> asyncio.Future[DictStream]: ...

def error_kinds() -> list[tuple[str, str]]: ...
def mine(job: MineJob) -> list[dict[str, Any]]: ...
def mine_async(job: MineJob) -> asyncio.Future[list[dict[str, Any]]]: ...
def find_token(base_url: str | None = None) -> str | None: ...
def key_of_password(
    password: bytes, salt: bytes, memory: int, passes: int, lanes: int
) -> bytes: ...
def seal(key: bytes, plain: bytes) -> bytes: ...
def unseal(key: bytes, sealed: bytes) -> bytes | None: ...
def run_cli(argv: Sequence[str]) -> int: ...
