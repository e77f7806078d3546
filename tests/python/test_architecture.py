"""Tests that the package has no import cycles."""

import ast
from pathlib import Path

import gitfleet

PACKAGE = Path(gitfleet.__file__).parent


def modules() -> dict[str, Path]:
    found = {}
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyi")]:
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path
    return found


def imports(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Modules that a file imports, also for types only, but without lazily loaded names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in known else node.module)
    return (found & known.keys()) - {name}


def test_modules_do_not_import_themselves_through_others():
    known = modules()
    edges = {name: imports(name, path, known) for name, path in known.items()}
    assert sum(map(len, edges.values())) > 60

    def reached(start: str) -> set[str]:
        seen, queue = set(), [start]
        while queue:
            for target in edges[queue.pop()] - seen:
                seen.add(target)
                queue.append(target)
        return seen

    assert [name for name in known if name in reached(name)] == []
