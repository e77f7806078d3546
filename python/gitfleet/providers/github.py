"""GitHubClient: GitHub's API with all pages, never exceeding a rate limit."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import quote, urlsplit

from gitfleet import _gitfleet, exceptions
from gitfleet._hidden import Hidden
from gitfleet.models.common import (
    BranchInfo,
    ContributorInfo,
    ProviderType,
    RateLimitInfo,
    RepoDetails,
    RepoInfo,
    UserInfo,
)
from gitfleet.providers.base import GitProviderClient
from gitfleet.providers.errors import GitHubError, GitHubNetworkError, ProviderError
from gitfleet.providers.listing import Listing
from gitfleet.providers.sync import SyncGitHubClient

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterable, Iterator

    from typing_extensions import Unpack

    from gitfleet.options import HostOptions
    from gitfleet.providers.token_manager import TokenManager

__all__ = [
    "App",
    "GitHubClient",
    "GitHubError",
    "GitHubNetworkError",
    "Listing",
    "SyncGitHubClient",
]

T = TypeVar("T")


@dataclass(frozen=True)
class App:
    """An installation of a GitHub App; its tokens are fetched when they are needed.

    Example:
        >>> App(app_id=1, installation_id=2, private_key="-----BEGIN RSA PRIVATE KEY-----")
        App(app_id=1, installation_id=2)
    """

    app_id: str | int
    """The app's id, or its client id."""
    installation_id: int
    """The installation whose repositories are read."""
    private_key: str = field(repr=False, metadata={"secret": True})
    """The private key in PEM, as downloaded from GitHub."""


def _model_with_raw_data(model: type[T]) -> Callable[[dict[str, Any]], T]:
    return lambda item: model(**item | {"raw_data": item})


def _unchanged(item: dict[str, Any]) -> dict[str, Any]:
    return item


class GitHubClient(GitProviderClient):
    """A client of GitHub's API.

    Every listing is followed to its end, 100 items a page. Requests wait for rate limits: the
    remaining quota of each limit is read from the answers, and no request is sent while it is used
    up. Temporary failures are retried. Cancelling a task stops its request.

    Args:
        token: By default, the first of these: ``GITHUB_TOKEN`` and ``GH_TOKEN`` for github.com, or
            ``GITHUB_ENTERPRISE_TOKEN`` and ``GH_ENTERPRISE_TOKEN`` for other hosts;
            ``GITFLEET_TOKEN_<HOST>``; ``.netrc``; for github.com, ``gh auth token``; the password
            for the service ``gitfleet`` and the host in the system's keyring, if the package
            ``keyring`` is installed.
        base_url: The API of a GitHub Enterprise, as ``https://HOST/api/v3``. Defaults to
            ``GITHUB_API_URL`` of the environment, else github.com's.
        token_manager: Further tokens; the client keeps their states in the manager up to date.
            GitHub's terms forbid sharing tokens to get past its limits.
        use_python_impl: Ignored; there is only one implementation.
        apps: Installations of GitHub Apps whose tokens are used for requests.
        cache: A directory for cached responses; a repeated request whose response is unchanged does
            not count against the limit.
        cache_bytes: Largest size of the cache.
        reserve: Requests an hour that are left for other programs; this does not apply to searches.
        longest_wait: Longest wait for the reset of a limit, in seconds; if the reset is later, a
            `RateLimitError` is raised.
        retries: Number of retries after a temporary failure.
        **options: How hosts are reached: see `HostOptions`.

    Raises:
        InvalidInputError: An argument is invalid. The methods raise it too. They also raise these
            errors, which are all `ProviderError`:
        AuthError: GitHub does not accept the token, or requires one.
        PermissionDeniedError: The token lacks a permission.
        NotFoundError: The resource does not exist, or the token may not see it.
        RateLimitError: A limit is reset later than `longest_wait` allows.
        GitHubNetworkError: GitHub could not be reached, or failed, after all retries.
        GitHubError: GitHub refused the request for another reason.

    Example:
        >>> import asyncio
        >>> async def main() -> None:
        ...     client = GitHubClient("a token")
        ...     async for repo in client.repositories("octo-org", forks=False):
        ...         print(repo.full_name, repo.stargazers_count)
        ...     details = await client.fetch_repository_details("octo-org", "alpha")
        ...     print(details.default_branch, details.topics)
        >>> asyncio.run(main())
        octo-org/alpha 12
        octo-org/beta 3
        main ['git']
    """

    def __init__(
        self,
        token: str | None = None,
        base_url: str | None = None,
        token_manager: TokenManager | None = None,
        use_python_impl: bool = False,  # noqa: ARG002, FBT001, FBT002 (former signature)
        *,
        apps: Iterable[App] = (),
        cache: str | os.PathLike[str] | None = None,
        cache_bytes: int = 256 << 20,
        reserve: int = 0,
        longest_wait: float = 65 * 60.0,
        retries: int = 4,
        **options: Unpack[HostOptions],
    ) -> None:
        super().__init__(ProviderType.GITHUB)
        arguments: dict[str, Any] = {
            "token": token,
            "base_url": base_url,
            "token_manager": token_manager,
            "apps": list(apps),
            "cache": cache,
            "cache_bytes": cache_bytes,
            "reserve": reserve,
            "longest_wait": longest_wait,
            "retries": retries,
            **options,
        }
        self._arguments = Hidden(arguments)
        base_url = _gitfleet.find_base_url(base_url or None)
        apps = arguments["apps"]
        managed = token_manager.get_all_tokens(ProviderType.GITHUB) if token_manager else []
        tokens = [token] if token else []
        tokens += [one.token for one in managed if one.token not in tokens]
        if not tokens and not apps:
            found = _gitfleet.find_token(base_url) or _keyring_token(base_url)
            tokens = [found] if found else []
        self.token_manager = token_manager
        self._tokens = Hidden(tokens)
        self._service = _gitfleet.GitHubService(
            {
                "tokens": tokens,
                "apps": [(str(app.app_id), app.installation_id, app.private_key) for app in apps],
                "base_url": base_url,
                "cache": None if cache is None else os.fspath(cache),
                "cache_bytes": cache_bytes,
                "reserve": reserve,
                "longest_wait": longest_wait,
                "retries": retries,
            },
            **options,
        )

    async def fetch_repositories(self, owner: str) -> list[RepoInfo]:
        """List the repositories of a user or organisation, all of them.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> [repo.full_name for repo in github.fetch_repositories("octo-org")]
            ['octo-org/alpha', 'octo-org/beta']
        """
        return await self.repositories(owner).collect()

    async def fetch_user_info(self) -> UserInfo:
        """Return the user that the token belongs to.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> github.fetch_user_info().login
            'me'
        """
        return await self.authenticated_user()

    async def get_rate_limit(self) -> RateLimitInfo:
        """Return the state of the REST API's limit; this request does not count against it.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> github.get_rate_limit().limit
            5000
        """
        answer = await self.get("/rate_limit")
        core = answer["resources"]["core"]
        return RateLimitInfo(**core | {"reset_time": core["reset"]})

    async def fetch_repository_details(self, owner: str, repo: str) -> RepoDetails:
        """Return a repository with all its metadata, under its current name.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> github.fetch_repository_details("octo-org", "alpha").stargazers_count
            12
        """
        return await self.repository(owner, repo)

    async def fetch_contributors(self, owner: str, repo: str) -> list[ContributorInfo]:
        """List contributors, most commits first.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> found = github.fetch_contributors("octo-org", "alpha")
            >>> [(one.login, one.contributions) for one in found]
            [('ann', 2), ('bob', 1)]
        """
        return await self.contributors(owner, repo).collect()

    async def fetch_branches(self, owner: str, repo: str) -> list[BranchInfo]:
        """List the branches.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> [branch.name for branch in github.fetch_branches("octo-org", "alpha")]
            ['main', 'next']
        """
        return await self.branches(owner, repo).collect()

    async def validate_credentials(self) -> bool:
        """Return whether GitHub accepts the token.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> github.validate_credentials()
            True
        """
        with self._updates_token_manager():
            return await self._service.validate_credentials()

    async def get(self, route: str) -> Any:
        """Return the answer for a route, such as ``/repos/o/r/topics``, as plain data.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> github.get("/repos/octo-org/alpha")["full_name"]
            'octo-org/alpha'
        """
        with self._updates_token_manager():
            return json.loads(await self._service.get(route))

    async def graphql(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        """Return the ``data`` of a GraphQL query.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> query = "query($login: String!) { user(login: $login) { name } }"
            >>> github.graphql(query, {"login": "ann"})["user"]["name"]
            'Ann'
        """
        with self._updates_token_manager():
            given = json.dumps(variables or {})
            return json.loads(await self._service.graphql(query, given))

    async def repository(self, owner: str, repo: str) -> RepoDetails:
        """Return a repository with all its metadata, under its current name.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> github.repository("octo-org", "alpha").topics
            ['git']
        """
        return _model_with_raw_data(RepoDetails)(await self.get(_repository_route(owner, repo)))

    async def languages(self, owner: str, repo: str) -> dict[str, int]:
        """Return bytes of code per language, most first.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> github.languages("octo-org", "alpha")
            {'Rust': 1200, 'Python': 300}
        """
        found: dict[str, int] = await self.get(_repository_route(owner, repo, "/languages"))
        return dict(sorted(found.items(), key=lambda one: -one[1]))

    async def user(self, login: str) -> UserInfo:
        """Return a user or organisation.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> github.user("octo-org").id
            1
        """
        return _model_with_raw_data(UserInfo)(await self.get(f"/users/{_path_segment(login)}"))

    async def authenticated_user(self) -> UserInfo:
        """Return the user that the token belongs to.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> github.authenticated_user().login
            'me'
        """
        return _model_with_raw_data(UserInfo)(await self.get("/user"))

    async def rate_limit(self) -> dict[str, RateLimitInfo]:
        """Return the state of every limit, by its name; this request does not count against them.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> sorted(github.rate_limit())
            ['core', 'search']
        """
        resources = (await self.get("/rate_limit"))["resources"]
        return {
            name: RateLimitInfo(**one | {"reset_time": one["reset"]})
            for name, one in resources.items()
        }

    async def metadata(
        self, repositories: Iterable[str | tuple[str, str]]
    ) -> list[RepoDetails | ProviderError]:
        """Return the metadata of many repositories, with few requests.

        Args:
            repositories: ``"owner/name"``, or pairs.

        Returns:
            For each repository, in order, its metadata, or the exception.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> alpha, absent = github.metadata(["octo-org/alpha", "octo-org/absent"])
            >>> alpha.stargazers_count, type(absent).__name__
            (12, 'NotFoundError')
        """
        pairs = [_owner_and_name(one) for one in repositories]
        with self._updates_token_manager():
            found = await self._service.metadata(pairs)
        make = _model_with_raw_data(RepoDetails)
        return [make(json.loads(one)) if isinstance(one, bytes) else one for one in found]

    def repositories(
        self,
        owner: str,
        *,
        forks: bool | None = None,
        archived: bool | None = None,
        language: str | None = None,
        topics: Iterable[str] = (),
        visibility: Literal["public", "private", "internal"] | None = None,
        pushed_since: str | datetime.datetime | float | None = None,
    ) -> Listing[RepoInfo]:
        """List the repositories of a user or organisation.

        Args:
            owner: The user or organisation; the client finds out which of the two it is.
            forks: True for only forks, False for only repositories that are not forks.
            archived: True for only archived repositories, False for only others.
            language: Only those mostly in this language.
            topics: Only those with all of these.
            visibility: Only repositories with this visibility.
            pushed_since: Only those with a push since then; a day alone begins at midnight UTC.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> found = github.repositories("octo-org", forks=False, language="Rust")
            >>> [repo.name for repo in found]
            ['alpha', 'beta']
        """
        wanted = _repository_filter(forks, archived, language, topics, visibility, pushed_since)

        async def opened() -> _gitfleet.Listing:
            with self._updates_token_manager():
                return await self._service.repositories(owner, wanted)

        return Listing(opened, _model_with_raw_data(RepoInfo), self._updates_token_manager)

    def search_repositories(
        self,
        query: str,
        *,
        sort: Literal["stars", "forks", "help-wanted-issues", "updated"] | None = None,
        ascending: bool = False,
    ) -> Listing[RepoInfo]:
        """List the repositories that match a query in GitHub's search syntax, at most 1,000.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> found = github.search_repositories("org:octo-org stars:>10", sort="stars")
            >>> [repo.name for repo in found]
            ['alpha']
        """
        order = f"&sort={sort}&order={'asc' if ascending else 'desc'}" if sort else ""
        route = f"/search/repositories?per_page=100&q={_path_segment(query)}{order}"
        return self._listing(route, _model_with_raw_data(RepoInfo))

    def contributors(
        self, owner: str, repo: str, *, anonymous: bool = False
    ) -> Listing[ContributorInfo]:
        """List contributors; with `anonymous`, also those without a GitHub account.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> [one.login for one in github.contributors("octo-org", "alpha")]
            ['ann', 'bob']
        """
        more = "&anon=1" if anonymous else ""
        route = _repository_route(owner, repo, f"/contributors?per_page=100{more}")
        return self._listing(route, _model_with_raw_data(ContributorInfo))

    def branches(self, owner: str, repo: str) -> Listing[BranchInfo]:
        """List the branches, by name.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> [branch.protected for branch in github.branches("octo-org", "alpha")]
            [True, False]
        """
        return self._listing(
            _repository_route(owner, repo, "/branches?per_page=100"),
            _model_with_raw_data(BranchInfo),
        )

    def tags(self, owner: str, repo: str) -> Listing[dict[str, Any]]:
        """List the tags.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> [tag["name"] for tag in github.tags("octo-org", "alpha")]
            ['v1']
        """
        return self._listing(_repository_route(owner, repo, "/tags?per_page=100"), _unchanged)

    def releases(self, owner: str, repo: str) -> Listing[dict[str, Any]]:
        """List the releases, newest first.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> [release["tag_name"] for release in github.releases("octo-org", "alpha")]
            ['v1']
        """
        return self._listing(_repository_route(owner, repo, "/releases?per_page=100"), _unchanged)

    def members(self, organisation: str) -> Listing[UserInfo]:
        """List the members of an organisation that the token may see.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> [member.login for member in github.members("octo-org")]
            ['ann', 'bob']
        """
        route = f"/orgs/{_path_segment(organisation)}/members?per_page=100"
        return self._listing(route, _model_with_raw_data(UserInfo))

    def resume(self, cursor: str) -> Listing[dict[str, Any]]:
        """Continue a listing at its `Listing.cursor`, or start one at a route; yields plain data.

        Example:
            >>> github = GitHubClient("a token").sync
            >>> [item["name"] for item in github.resume("/orgs/octo-org/repos?per_page=100")]
            ['alpha', 'beta']
        """
        return self._listing(cursor, _unchanged)

    def _listing(self, route: str, make: Callable[[dict[str, Any]], T]) -> Listing[T]:
        async def opened() -> _gitfleet.Listing:
            return self._service.listing(route)

        return Listing(opened, make, self._updates_token_manager)

    @property
    def sync(self) -> SyncGitHubClient:
        """The same methods for programs without asyncio.

        Example:
            >>> GitHubClient("a token").sync.user("octo-org").login
            'octo-org'
        """
        return SyncGitHubClient(self)

    @contextlib.contextmanager
    def _updates_token_manager(self) -> Iterator[None]:
        """Keep the token manager up to date, even after an error."""
        try:
            yield
        finally:
            manager = self.token_manager
            if manager is not None:
                known = {one.token: one for one in manager.get_all_tokens(ProviderType.GITHUB)}
                for token, status in zip(
                    self._tokens.value, self._service.statuses(), strict=False
                ):
                    if token in known:
                        _update_token_info(known[token], status)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_unpickle, (self._arguments.value,))

    def __repr__(self) -> str:
        return f"GitHubClient({len(self._tokens.value)} tokens)"


def _unpickle(made: dict[str, Any]) -> GitHubClient:
    return GitHubClient(**made)


def _keyring_token(base_url: str | None) -> str | None:
    """Ask the system's keyring, if there is one."""
    try:
        import keyring  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    host = (urlsplit(base_url).netloc if base_url else "") or "github.com"
    try:
        found: str | None = keyring.get_password("gitfleet", host)
    except keyring.errors.KeyringError:
        return None
    return found


def _update_token_info(info: Any, status: tuple[Any, ...]) -> None:
    username, is_valid, last_used, buckets = status
    info.username = info.username or username
    # Other clients may use the manager too, so values that they stored are kept.
    info.status.is_valid = info.status.is_valid and is_valid
    used = [when for when in (info.status.last_used, last_used) if when is not None]
    info.status.last_used = max(used, default=None)
    for name, _, remaining, reset in buckets:
        if name == "core" and remaining is not None:
            info.status.remaining_calls, info.status.reset_time = remaining, reset


def _repository_filter(  # noqa: PLR0917 (the order of `repositories`)
    forks: bool | None,  # noqa: FBT001
    archived: bool | None,  # noqa: FBT001
    language: str | None,
    topics: Iterable[str],
    visibility: str | None,
    pushed_since: str | datetime.datetime | float | None,
) -> _gitfleet.Wanted:
    return {
        "forks": forks,
        "archived": archived,
        "language": language,
        "topics": [topics] if isinstance(topics, str) else list(topics),
        "visibility": visibility,
        "pushed_since": pushed_since,
    }


def _path_segment(text: str) -> str:
    """Percent-encode text as one segment of a path, so that it cannot become several."""
    return {".": "%2E", "..": "%2E%2E"}.get(text) or quote(text, safe="")


def _repository_route(owner: str, repo: str, rest: str = "") -> str:
    return f"/repos/{_path_segment(owner)}/{_path_segment(repo)}{rest}"


def _owner_and_name(given: str | tuple[str, str]) -> tuple[str, str]:
    if not isinstance(given, str):
        return given
    owner, slash, name = given.partition("/")
    if not slash:
        msg = f"repository {given!r}: write owner/name"
        raise exceptions.InvalidInputError(msg)
    return owner, name
