"""List repositories with several people's tokens.

    python tokens.py OWNER TOKEN...

Needs gitfleet[models]. GitHub counts requests per user, and its terms forbid sharing tokens to
exceed the limit. Use only tokens whose owners agreed, or an installation of a GitHub App.
"""

import asyncio
import sys

from gitfleet.providers import GitHubClient, ProviderType, TokenManager


async def main(owner: str, tokens: list[str]) -> None:
    """List the repositories, and print what is left of each token's limit."""
    manager = TokenManager()
    for token in tokens:
        manager.add_token(token, ProviderType.GITHUB)
    client = GitHubClient(token_manager=manager)
    count = stars = 0
    async for repo in client.repositories(owner, forks=False):
        count, stars = count + 1, stars + (repo.stargazers_count or 0)
    print(f"{owner}: {count} repositories that are not forks, {stars} stars")
    for token in manager.get_all_tokens(ProviderType.GITHUB):
        print(token.username or "not used", token.status)


asyncio.run(main(sys.argv[1], sys.argv[2:]))
