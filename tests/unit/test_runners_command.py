"""Which runner a command starts, how it is asked for a report, and how only some of its tests are run."""

import re

import pytest
from fixtrail.qa.sandbox.runners import ask, recognise, run_all, select
from fixtrail_protocol.commands import parse_test_command

ASKED = {
    "pytest -q": "pytest -q",
    "pytest --junitxml=report.xml -q": "pytest --junitxml=OURS -q",
    "pytest --junit-xml report.xml tests": "pytest --junit-xml OURS tests",
    "pytest --junit-prefix=p": "pytest --junit-prefix=p",
    "pytest --junitxml": "pytest --junitxml",
    "python -m unittest": "python /fixtrail/inside/unittest_report.py OURS",
    "python -Bm unittest -v tests": "python -B /fixtrail/inside/unittest_report.py OURS -v tests",
    "python3 -munittest discover -s tests": "python3 /fixtrail/inside/unittest_report.py OURS discover -s tests",
    "coverage run -m unittest": "coverage run /fixtrail/inside/unittest_report.py OURS",
    "go test ./...": "/bin/sh /fixtrail/inside/go_test.sh OURS go test -json ./...",
    "go test -json -v": "/bin/sh /fixtrail/inside/go_test.sh OURS go test -json -v",
    "cargo test": "cargo test",
    "jest": "jest --json --outputFile=OURS --passWithNoTests",
    "npx jest --json --outputFile mine.json src": "npx jest src --json --outputFile=OURS --passWithNoTests",
    "vitest run": "vitest run --reporter=default --reporter=junit --outputFile.junit=OURS --passWithNoTests",
    "vitest run --reporter dot --outputFile=x.json src": "vitest run src --reporter=default --reporter=junit "
    "--outputFile.junit=OURS --passWithNoTests",
    "mvn -B test": "/bin/sh /fixtrail/inside/maven.sh OURS mvn -B test",
    "make test": "make test",
}


@pytest.mark.parametrize(
    ("runner", "command"),
    [
        ("pytest", "pytest"),
        ("pytest", "pytest -q tests/unit"),
        ("pytest", "py.test"),
        ("pytest", "pytest-3"),
        ("pytest", "/usr/bin/pytest -x"),
        ("pytest", ".venv/bin/pytest"),
        ("pytest", "python -m pytest"),
        ("pytest", "python3 -m pytest -q"),
        ("pytest", "python3.11 -X dev -W error -m pytest"),
        ("pytest", "python -mpytest"),
        ("pytest", "python -Bm pytest"),
        ("pytest", "python -m coverage run -m pytest"),
        ("pytest", "coverage run --branch -m pytest -q"),
        ("pytest", "uv run pytest"),
        ("pytest", "uv run --frozen python -m pytest"),
        ("pytest", "poetry run pytest"),
        ("pytest", "env A=b pytest"),
        ("unittest", "python -m unittest"),
        ("unittest", "python -munittest discover"),
        ("unittest", "coverage run -m unittest"),
        ("unittest", "uv run python -W error -m unittest -v"),
        ("go", "go test ./..."),
        ("cargo", "cargo test"),
        ("cargo", "cargo +stable test --workspace"),
        ("cargo", "cargo t"),
        ("jest", "jest"),
        ("jest", "npx --no-install jest src"),
        ("jest", "node_modules/.bin/jest"),
        ("jest", "node --experimental-vm-modules node_modules/jest/bin/jest.js"),
        ("jest", "node -r ./setup.js node_modules/jest/bin/jest.js"),
        ("jest", "yarn jest"),
        ("jest", "npm exec -- jest"),
        ("jest", "npx -p jest -p babel jest"),
        ("unittest", "uv run --with attrs python -m unittest"),
        ("vitest", "bun x vitest"),
        ("vitest", "vitest run"),
        ("vitest", "pnpm exec vitest run"),
        ("vitest", "pnpm vitest"),
        ("vitest", "bunx vitest"),
        ("maven", "mvn test"),
        ("maven", "./mvnw -B clean verify"),
    ],
)
def test_a_runner_is_recognised(runner: str, command: str) -> None:
    assert recognise(parse_test_command(command)) == runner


@pytest.mark.parametrize(
    "command",
    [
        "make test",
        "python run_tests.py -m pytest",
        "python -c 'import pytest' -m pytest",
        "python -m",
        "python",
        "coverage run tests.py",
        "uv pip install pytest",
        "uv run",
        "./pytest.sh",
        "go build ./...",
        "cargo build",
        "cargo nextest run",
        "npm test",
        "npm run test",
        "npm exec jest",
        "yarn exec jest",
        "npx",
        "npx -c jest",
        "yarn test",
        "node jest.config.js",
        "mvn compile",
        "env",
    ],
)
def test_others_are_not(command: str) -> None:
    assert recognise(parse_test_command(command)) is None


@pytest.mark.parametrize(("command", "asked"), ASKED.items())
def test_a_runner_is_asked_for_a_report(command: str, asked: str) -> None:
    assert ask(parse_test_command(command), "OURS") == asked.split()


@pytest.mark.parametrize("command", ASKED)
def test_asking_twice_changes_nothing_more(command: str) -> None:
    once = ask(parse_test_command(command), "OURS")

    assert ask(once, "OURS") == once
    assert recognise(once) == recognise(parse_test_command(command))


@pytest.mark.parametrize(
    ("command", "names", "selected"),
    [
        (
            "python -m unittest discover -s tests",
            ["test_calc.AddTest::test_adds", "test_calc.AddTest::test_more"],
            "python -m unittest discover -s tests -k *test_calc.AddTest.test_adds -k *test_calc.AddTest.test_more",
        ),
        (
            "go test -run Old -count=1 ./...",
            ["example.com/calc::TestB", "example.com/calc::TestA/sub", "example.com/more::TestA"],
            "go test -run ^(TestA|TestB)$ -count=1 ./...",
        ),
        (
            "cargo test --workspace -- --nocapture",
            ["tests/sums.rs::adds", "src/lib.rs::tests::nested"],
            "cargo test --workspace --no-fail-fast -- --exact adds tests::nested",
        ),
        ("jest src -t old", ["a.test.js::adds"], "jest src --testNamePattern ^(adds)$"),
        ("vitest run", ["a.test.js::add > twice"], r"vitest run --testNamePattern ^(add\stwice)$"),
        (
            "mvn -B test -Dtest=Old",
            ["com.example.A::adds", "com.example.A::more(int)[1]", "com.example.B::adds"],
            "mvn -B test --fail-at-end -Dtest=com.example.A#adds+more,com.example.B#adds -DfailIfNoTests=false "
            "-Dsurefire.failIfNoSpecifiedTests=false",
        ),
    ],
)
def test_only_some_tests_are_run_again(command: str, names: list[str], selected: str) -> None:
    assert select(parse_test_command(command), names) == [word.replace(r"\s", " ") for word in selected.split()]


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("make test", ["a::b"]),
        ("pytest", ["tests.test_a::test_b"]),
        ("go test", ["example.com/calc"]),
        ("cargo test", ["(unnamed)"]),
        ("jest", ["a.test.js"]),
        ("mvn test", ["(compilation)"]),
        ("mvn test", ["com.example.A::adds two numbers"]),
        ("python -m unittest", ["tests.test_calc"]),
        ("go test", []),
    ],
)
def test_what_cannot_be_named_is_not_selected(command: str, names: list[str]) -> None:
    assert select(parse_test_command(command), names) is None


def test_titles_are_matched_as_they_are() -> None:
    title = "adds (1+1) [a|b] {2} ^$ . * ? / \\"
    argv = select(["jest"], [f"a.test.js::{title}"])

    assert argv is not None
    assert re.match(argv[-1], title)
    assert not re.match(argv[-1], title + "x")


def test_no_failure_keeps_other_tests_from_running() -> None:
    assert run_all(["cargo", "test", "--", "--nocapture"]) == ["cargo", "test", "--no-fail-fast", "--", "--nocapture"]
    assert run_all(["mvn", "test"]) == ["mvn", "test", "--fail-at-end"]
    assert run_all(["go", "test", "./..."]) == ["go", "test", "./..."]
    assert run_all(["make", "test"]) == ["make", "test"]
