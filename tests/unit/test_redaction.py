"""Secrets are taken out, what only looks like them stays, and a text keeps its lines."""

from pathlib import Path

import pytest
from fixtrail.capture.diffs import unified_diff
from fixtrail.errors import UsageError
from fixtrail.privacy.gate import WITHHELD, Gate
from fixtrail.privacy.redaction import RedactionError, Redactor, known_values_from
from fixtrail.settings import RedactionRule, RedactionSettings
from hypothesis import given
from hypothesis import strategies as st

from tests.redaction.corpus import lookalikes, planted
from tests.redaction.measure import measure

KEY = b"a key of the trace".ljust(32)
TOKEN = "ghp_" + "aB3dE5fG7h" * 4
PIECES = st.sampled_from([each.text for each in planted()] + [each.text for each in lookalikes()])
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=40)), max_size=6).map("\n".join)


@pytest.fixture(scope="module")
def engine() -> Redactor:
    return Redactor(KEY)


def test_what_it_was_measured_to_find_and_to_leave_alone() -> None:
    found = measure()
    assert (found.secrets >= 300, found.kinds >= 40, found.lookalikes >= 300) == (True, True, True)
    assert found.recall >= 0.95, found.missed
    assert found.false_alarms <= 0.02, found.alarms


ENGINE = Redactor(KEY, RedactionSettings(), known_values=("correct horse battery",))


@given(TEXTS)
def test_a_redacted_text_stays_as_it_is_and_keeps_its_lines(text: str) -> None:
    once = ENGINE.redact_text(text).text
    assert ENGINE.redact_text(once).text == once
    assert once.count("\n") == text.count("\n")


@given(st.lists(PIECES, max_size=4), st.lists(PIECES, max_size=4))
def test_the_diff_of_redacted_texts_is_redacted_and_applies(old: list[str], new: list[str]) -> None:
    from fixtrail.replay.patch import apply_diff

    before, after = ("".join(f"{ENGINE.redact_text(line).text}\n" for line in lines) for lines in (old, new))
    diff = unified_diff("a.txt", before, after)[0]
    assert apply_diff(before, diff) == after
    assert ENGINE.redact_diff(diff).text == diff


def test_equal_secrets_have_equal_tags_under_one_key_and_others_under_another(engine: Redactor) -> None:
    one = engine.redact_text(f"token={TOKEN}").text
    two = engine.redact_text(f"again: {TOKEN} there").text
    tag = one.partition("[REDACTED:github-token:")[2][:8]
    assert tag in two
    assert tag not in Redactor(b"another").redact_text(f"token={TOKEN}").text


def test_a_private_key_is_replaced_line_by_line_in_files_diffs_and_cut_ones(engine: Redactor) -> None:
    body = ["MIIEowIBAAKCAQEA" + "q7" * 24, "Zm9vYmFyYmF6cXV4" * 4, "c2hvcnQ="]
    begin, end = "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----"
    text = "\n".join(("before", begin, *body, end, "after"))
    redacted = engine.redact_text(text).text.split("\n")
    assert (redacted[0], redacted[1], redacted[-2], redacted[-1]) == ("before", begin, end, "after")
    assert all(line.startswith("[REDACTED:private-key:") for line in redacted[2:-2])
    cut = engine.redact_text("\n".join((begin, *body[:2], "and then prose"))).text
    assert body[1] not in cut
    assert cut.endswith("and then prose")
    diff = "\n".join(("--- a/id", "+++ b/id", "@@ -0,0 +1,5 @@", *("+" + line for line in (begin, *body, end))))
    made = engine.redact_diff(diff).text
    assert made.split("\n")[:3] == diff.split("\n")[:3]
    assert not any(line in made for line in body)


def test_data_is_redacted_by_its_keys_and_ids_stay(engine: Redactor) -> None:
    data = {
        "command": f"curl -H 'Authorization: Bearer {TOKEN}'",
        "config": {"password": "hunter2-and-more", "password_hint": "the dog", "retries": 3},
        "blob_after": "9f1c2ab4d5e6f7081920a1b2c3d4e5f60718293a",
        "parts": ["plain", f"key {TOKEN}"],
    }
    made, counts = engine.redact_data(data, plain={"blob_after"})
    assert TOKEN not in str(made)
    assert made["config"]["password"].startswith("[REDACTED:key-name:")
    assert (made["config"]["password_hint"], made["config"]["retries"]) == ("the dog", 3)
    assert (made["blob_after"], made["parts"][0]) == (data["blob_after"], "plain")
    assert sum(counts.values()) == 3


def test_values_of_the_environment_and_of_env_files_are_known(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "DEBUG=true\nDB_URL_PART=zebra-quagga-77\nexport PIN='1234'\n# c\nNAME=application\n"
    )
    (tmp_path / ".env.example").write_text("DB_URL_PART=only-an-example-value\n")
    values = known_values_from({"MY_TOKEN": "walrus-9-tusk", "PATH": "/usr/bin:/bin", "LANG": "en_US.UTF-8"}, tmp_path)
    assert set(values) == {"zebra-quagga-77", "walrus-9-tusk"}
    engine = Redactor(KEY, known_values=values)
    assert "quagga" not in engine.redact_text("saw zebra-quagga-77 in the log").text


def test_own_rules_and_what_is_allowed() -> None:
    rule = RedactionRule(name="ticket", pattern=r"TICKET-(\d{4})")
    settings = RedactionSettings(rules=(rule,), allow=(r"ghp_aB3.*",))
    engine = Redactor(KEY, settings)
    text = engine.redact_text(f"TICKET-1234 {TOKEN}").text
    assert text.startswith("TICKET-[REDACTED:ticket:")
    assert text.endswith(TOKEN)
    with pytest.raises(UsageError) as refused:
        Redactor(KEY, RedactionSettings(rules=(RedactionRule(name="bad", pattern="(?=x)"),)))
    assert refused.value.code == "settings/invalid"


def test_home_and_user_are_mapped_in_events() -> None:
    engine = Redactor(KEY, home=Path("/home/adalove"), user="adalove")
    made, _ = engine.redact_data({"output": "/home/adalove/src and /home/adalovely, adalove@host: adaloves"})
    assert made["output"] == "~/src and /home/adalovely, $USER@host: adaloves"


class _Broken(Redactor):
    def redact_text(self, text: str, *, places: bool = False) -> "object":  # type: ignore[override]
        raise RedactionError("out of memory")


def test_it_fails_closed() -> None:
    gate = Gate(_Broken(KEY))
    data, counts = gate.event("terminal_command", {"command": f"use {TOKEN}", "exit_code": 1, "cause": "an-id"})
    assert (data["command"], data["exit_code"], data["cause"]) == (WITHHELD, 1, "an-id")
    assert counts == {"withheld": 1}
    assert gate.text("anything") == WITHHELD
    kept = gate.content(b"anything")
    assert kept is not None
    assert b"anything" not in kept[0]


def test_contents_that_are_not_utf_8_are_looked_at_and_come_back_as_they_were() -> None:
    gate = Gate(Redactor(KEY))
    assert gate.content(b"caf\xe9 without a secret\n") is None
    kept = gate.content(b"caf\xe9 " + TOKEN.encode() + b"\n")
    assert kept is not None
    assert kept[0].startswith(b"caf\xe9 [REDACTED:github-token:")
    assert gate.content(b"\0binary " + TOKEN.encode()) is None
