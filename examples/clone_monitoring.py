"""Clone repositories and watch the progress.

    python clone_monitoring.py URL...

Needs no other package.
"""

import asyncio
import sys

import gitfleet


async def main(urls: list[str]) -> None:
    """Clone, show the progress on one line, and then print the result of each clone."""
    async with gitfleet.compat.RepoManager(urls) as manager:
        latest: dict[str, gitfleet.Progress] = {}
        async for event in manager.watch():
            latest[event.subject] = event
            ended = sum(one.has_ended for one in latest.values())
            received = sum(one.bytes for one in latest.values()) / 1e6
            line = f"{ended}/{len(urls)} done, {received:.1f} MB, {event.subject} {event.phase}"
            print(f"\r{line[:100]:<100}", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        for url, task in (await manager.fetch_clone_tasks()).items():
            if task.temp_dir is None:
                print(f"{url}: {task.status.error}")
                continue
            files = await manager.find_files(task.temp_dir, "*.py")
            newest = await manager.extract_commits(task.temp_dir, max_count=1)
            last = newest[0]["sha"] if newest else "no commit"
            print(f"{url}: {len(files)} Python files, last {last}")


asyncio.run(main(sys.argv[1:]))
