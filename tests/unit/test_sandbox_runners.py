"""Which runner a command starts, and where its report goes."""

import pytest
from fixtrail.qa.sandbox.runners import recognise, report_to
from fixtrail_protocol.commands import parse_test_command


@pytest.mark.parametrize(
    "command",
    [
        "pytest",
        "pytest -q tests/unit",
        "py.test",
        "pytest-3",
        "/usr/bin/pytest -x",
        ".venv/bin/pytest",
        "python -m pytest",
        "python3 -m pytest -q",
        "python3.11 -X dev -W error -m pytest",
        "python -mpytest",
        "python -Bm pytest",
        "python -m coverage run -m pytest",
        "coverage run --branch -m pytest -q",
        "uv run pytest",
        "uv run --frozen python -m pytest",
        "poetry run pytest",
    ],
)
def test_pytest_is_recognised(command: str) -> None:
    assert recognise(parse_test_command(command)) == "pytest"


@pytest.mark.parametrize(
    "command",
    [
        "make test",
        "python run_tests.py -m pytest",
        "python -m unittest",
        "python -c 'import pytest' -m pytest",
        "python -m",
        "python",
        "coverage run tests.py",
        "uv pip install pytest",
        "uv run",
        "./pytest.sh",
        "go test ./...",
    ],
)
def test_others_are_not(command: str) -> None:
    assert recognise(parse_test_command(command)) is None


@pytest.mark.parametrize(
    ("command", "changed"),
    [
        ("pytest -q", "pytest -q"),
        ("pytest --junitxml=report.xml -q", "pytest --junitxml=OURS -q"),
        ("pytest --junit-xml report.xml tests", "pytest --junit-xml OURS tests"),
        ("pytest --junit-prefix=p", "pytest --junit-prefix=p"),
        ("pytest --junitxml", "pytest --junitxml"),
    ],
)
def test_a_report_of_the_commands_own_goes_to_our_place(command: str, changed: str) -> None:
    assert report_to(parse_test_command(command), "OURS") == changed.split()
