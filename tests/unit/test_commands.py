"""A test command is an argument list: what only a shell would understand is refused, and named."""

import shlex

import pytest
from fixtrail_protocol.commands import CommandError, parse_test_command
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("command", "argv"),
    [
        ("pytest", ["pytest"]),
        ("python -m pytest -q 'tests/a b'", ["python", "-m", "pytest", "-q", "tests/a b"]),
        ('pytest -k "a and not b"', ["pytest", "-k", "a and not b"]),
        ("pytest 'a;b|c&d$(e)`f`'", ["pytest", "a;b|c&d$(e)`f`"]),
        (r"pytest a\;b \$HOME", ["pytest", "a;b", "$HOME"]),
        ('pytest "a;b|c"', ["pytest", "a;b|c"]),
        ("pytest a=b", ["pytest", "a=b"]),
        ("make 100$", ["make", "100$"]),
    ],
)
def test_commands_without_a_shell(command: str, argv: list[str]) -> None:
    assert parse_test_command(command) == argv


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("pytest; rm -rf /", ";"),
        ("pytest && echo", "&&"),
        ("pytest || true", "||"),
        ("pytest | tee log", "|"),
        ("pytest > log", ">"),
        ("pytest 2>&1", ">&"),
        ("(pytest)", "("),
        ("pytest `id`", "`"),
        ('pytest "$(id)"', "$("),
        ("pytest $HOME", "$H"),
        ("pytest ${A}", "${"),
        ("pytest\nid", "\n"),
        ("A=1 pytest", "A=1"),
        ("pytest\0", "\0"),
    ],
)
def test_what_needs_a_shell_is_refused_and_named(command: str, part: str) -> None:
    with pytest.raises(CommandError) as refused:
        parse_test_command(command)
    assert refused.value.part == part
    assert repr(part) in str(refused.value)


@pytest.mark.parametrize("command", ["", "  ", "'open", '"open', "pytest \\"])
def test_what_is_no_command_at_all(command: str) -> None:
    with pytest.raises(CommandError):
        parse_test_command(command)


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_what_shlex_quotes_is_read_back(argv: list[str]) -> None:
    argv = ["pytest", *argv]
    assert parse_test_command(shlex.join(argv)) == argv
