"""One name and one default for an option: in the library, the command and the package."""

import ast
import inspect
import itertools
import re
import typing

import pytest

import gitfleet
from gitfleet import _gitfleet, options
from run_command import gitfleet as command

KEYS = {name: set(keys) for name, keys in _gitfleet.option_names()}
LIBRARY = {name: dict(defaults) for name, defaults in _gitfleet.library_options()}
COMMANDS = {
    "HistoryOptions": "commits",
    "BlameOptions": "blame",
    "CloneOptions": "clone",
    "FleetOptions": "clone",
    "MineOptions": "mine",
    "VerifyOptions": "verify",
}

# Keys that are not fields of the library's options, and why.
NOT_FIELDS = {
    "bare": "a value of `worktree`",
    "mirror": "a value of `worktree`",
    "credential_command": "the library is given a provider of credentials",
    "git_credentials": "the library is given a provider of credentials",
    "token": "one of `credentials`",
    "existing": "a field of Fleet itself",
}
# Fields of the library's options that are no keys, and why.
NOT_KEYS = {
    "paths": "positional",
    "worktree": "set by `bare` and `mirror`",
    "threads": "`jobs` decides for many repositories",
    "retry": "its fields are keys",
    "net": "its fields are keys",
    "limits": "its fields are keys",
    "history": "its fields are keys",
    "clone_options": "its fields are keys",
    "credential_provider": "made of `credential_command` and `git_credentials`",
    "max_object_bytes": "for programs that embed the library",
    "max_throttle": "for programs that embed the library",
    "max_wait": "for programs that embed the library",
    "passed_variables": "set by the extension",
    "http_proxy": "from the environment; `proxy` overrides it",
    "https_proxy": "from the environment; `proxy` overrides it",
}
# Options that `mine` sets itself: which commits are read, and how repositories are cloned.
DECIDED_BY_MINE = {
    *("all_refs", "authors", "branch", "committers", "depth", "filter", "grep", "ignore_case"),
    *("merge_commits", "order", "paths", "pattern_syntax", "refspecs", "shallow_since"),
    *("single_branch", "skip", "tags", "update_files"),
}
# Keys whose flag has another name, and why.
FLAGS = {
    "paths": ("path", "git's flags that may be given several times are singular"),
    "authors": ("author", "git's name"),
    "committers": ("committer", "git's name"),
    "refspecs": ("refspec", "may be given several times"),
    "insecure_hosts": ("insecure-host", "may be given several times"),
    "all_refs": ("all", "git's name"),
    "pattern_syntax": ("extended-regexp", "git's name"),
    "merge_commits": ("no-merges", "git's name"),
    "order": ("topo-order", "git's name"),
    "mailmap": ("no-mailmap", "on by default, so the flag turns it off"),
    "tags": ("no-tags", "on by default, so the flag turns it off"),
    "ignore_revs": ("ignore-rev", "git's name"),
    "ignore_revs_files": ("ignore-revs-file", "git's name"),
    "max_bytes": ("max-size", "in mebibytes"),
    "min_free_bytes": ("min-free", "in mebibytes"),
}
# Keys that have no flag of the command, and why.
NO_FLAG = {
    "line_ranges": "git's -L",
    "token": "secrets are not given on a command line",
    "credentials": "secrets are not given on a command line",
    "update_files": "a flag of `update`",
}


@pytest.mark.parametrize("name", KEYS)
def test_options_of_the_package_are_those_that_the_extension_reads(name):
    assert KEYS[name] == set(getattr(options, name).__annotations__)


@pytest.mark.parametrize("name", KEYS)
def test_options_of_the_package_are_fields_of_the_library(name):
    strays = KEYS[name] - LIBRARY[name].keys() - NOT_FIELDS.keys()
    assert strays == set()


@pytest.mark.parametrize("name", KEYS)
def test_fields_of_the_library_are_options_of_the_package(name):
    decided = DECIDED_BY_MINE if name == "MineOptions" else set()
    assert LIBRARY[name].keys() - KEYS[name] - NOT_KEYS.keys() - decided == set()


def test_options_of_the_package_are_documented():
    for name in options.__all__:
        (source,) = ast.parse(inspect.getsource(getattr(options, name))).body
        for field, text in itertools.pairwise([*source.body, None]):
            if isinstance(field, ast.AnnAssign):
                assert isinstance(text, ast.Expr), (name, field.target.id)


@pytest.mark.parametrize("name", COMMANDS)
def test_options_of_the_package_are_flags_of_the_command(name):
    flags = set(re.findall(r"--([a-z][a-z-]+)", command(COMMANDS[name], "--help").stdout))
    for key in KEYS[name] - NO_FLAG.keys():
        flag, _ = FLAGS.get(key, (key.replace("_", "-"), ""))
        assert flag in flags, key


@pytest.mark.parametrize("name", COMMANDS)
def test_defaults_of_the_command_are_the_librarys(name):
    text = command(COMMANDS[name], "--help").stdout
    key_of = {flag: key for key, (flag, _) in FLAGS.items()}
    scale = {"max-size": 1 << 20, "min-free": 1 << 20}
    flags = re.findall(r"--([a-z-]+) <(?:(?!--).)*?\[default: ([\d.]+)\]", text, re.DOTALL)
    for flag, value in flags:
        default = LIBRARY[name].get(key_of.get(flag, flag.replace("-", "_")), "")
        if number := re.sub(r"[^\d.]", "", default):
            assert float(value) * scale.get(flag, 1) == float(number), flag
    assert len(flags) >= 6 or name in {"HistoryOptions", "BlameOptions", "VerifyOptions"}


def words(debug):
    """The names of values as Rust's Debug shows them: ``[On, AllowAny]`` is ``on allow-any``."""
    found = re.findall(r"[A-Z][A-Za-z]*", debug)
    return " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])", "-", one).lower() for one in found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HistoryOptions", {"renames": "on", "missing": "allow-any"}),
        ("BlameOptions", {"missing": "error"}),
        ("MineOptions", {"renames": "on", "missing": "allow-any", "tables": None}),
        ("CloneOptions", {}),
    ],
)
def test_named_defaults_of_the_command_are_the_librarys(name, expected):
    text = command(COMMANDS[name], "--help").stdout
    flags = re.findall(r"--([a-z-]+) <(?:(?!--).)*?\[default: ([a-z][a-z -]*)\]", text, re.DOTALL)
    found = {flag.replace("-", "_"): value for flag, value in flags}
    compared = {flag: value for flag, value in found.items() if words(LIBRARY[name].get(flag, ""))}
    assert compared.keys() >= expected.keys()
    for flag, value in compared.items():
        assert value == words(LIBRARY[name][flag]), flag
        assert expected.get(flag) in (None, value)


def literals(hint):
    if typing.get_origin(hint) is typing.Literal:
        return set(typing.get_args(hint))
    return set().union(*map(literals, typing.get_args(hint)))


def test_named_values_of_the_package_are_those_of_the_command():
    compared = set()
    for name, subcommand in COMMANDS.items():
        hints = typing.get_type_hints(getattr(options, name))
        for section in re.split(r"\n +(?:-\w, )?--", command(subcommand, "--help").stdout)[1:]:
            flag, _, text = section.partition(" ")
            _, listed, values = text.partition("Possible values:")
            key = flag.replace("-", "_")
            if not listed or key not in hints:
                continue
            names = set(re.findall(r"^ +- (\S+?):?(?= |$)", values, re.MULTILINE))
            also = re.findall(r"\(also\s+([^)]+)\)", values)
            aliases = {alias for one in also for alias in re.split(r",\s+", one)}
            assert names <= literals(hints[key]) <= names | aliases, (name, key)
            compared.add(key)
    assert compared >= {"renames", "diff_merges", "missing", "tables", "existing"}


def test_documented_defaults_are_the_librarys():
    compared = set()
    for name in options.__all__:
        (source,) = ast.parse(inspect.getsource(getattr(options, name))).body
        for field, text in itertools.pairwise(source.body):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                key, documented = field.target.id, ast.literal_eval(text.value)
                found = re.search(r"efaults\s+to\s+(\d+)( MiB)?", documented)
                if found and key in (library := LIBRARY.get(name, LIBRARY["MineOptions"])):
                    value = int(found[1]) << (20 if found[2] else 0)
                    assert int(re.sub(r"\D", "", library[key])) == value, (name, key)
                    compared.add(key)
    assert compared >= {"timeout", "connect_timeout", "min_rate", "min_free_bytes", "jobs"}


def test_signatures_list_options():
    for function, name in ((gitfleet.mine, "MineOptions"), (gitfleet.Fleet, "FleetOptions")):
        shown = inspect.signature(function).parameters
        assert KEYS[name] <= set(shown)
        assert "options" not in shown


def test_unknown_options_are_refused_by_name(history):
    with pytest.raises(
        TypeError, match=r"unexpected keyword argument 'nonsense'; valid are .*skip"
    ):
        gitfleet.Repository(history).commits(nonsense=1)
    for value in (3.5, 1, b"on"):
        with pytest.raises(TypeError, match=r"renames .*: must be text"):
            gitfleet.Repository(history).commits(renames=value)


@pytest.mark.parametrize("value", ["on", "m", "combined", "c", "dense-combined", "cc", "remerge"])
def test_values_of_diff_merges_that_only_git_has_are_refused_by_name(value, history):
    with pytest.raises(
        gitfleet.InvalidInputError, match=f"diff_merges `{value}`: is not supported"
    ):
        gitfleet.Repository(history).commits(diff_merges=value)
    done = command("commits", history, f"--diff-merges={value}", check=False)
    assert done.returncode == 2
    assert f"'{value}'" in done.stderr
    assert "is not supported; use one of none, first-parent, separate" in done.stderr


def test_git_spellings_of_diff_merges_are_read(history):
    def counts(value):
        rows = gitfleet.Repository(history).changes(diff_merges=value).to_pylist()
        typed = ["--format", "jsonl", "--columns", "commit_id", f"--diff-merges={value}"]
        assert command("changes", history, *typed).stdout.count("\n") == len(rows)
        return rows

    assert counts("off") == counts("none")
    assert counts("1") == counts("first-parent")
    assert len(counts("separate")) > len(counts("none"))
