"""The engine: one pass over the bytes finds lines worth a closer look; those are looked at rule by rule.

What it guarantees: the same text, key and rules give the same result; a redacted text stays as it is; a text has as
many lines afterwards as before, and what becomes of a line depends on that line alone (and, inside a private key of
several lines, on the line that begins it). Unified diffs of redacted files are therefore redacted diffs.
"""

import hmac
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import re2

from fixtrail.errors import UsageError
from fixtrail.privacy.redaction.judgement import is_code, is_placeholder, is_random, is_word
from fixtrail.privacy.redaction.naming import KEY, NAMINGS
from fixtrail.privacy.redaction.rules import RULES, Rule
from fixtrail.settings import RedactionSettings

ENGINE_VERSION = "1"
"""Goes up when the same text may give another result."""
KEY_LINES = 400
"""A private key without an end is taken to end after so many lines."""
ROUNDS = 4
MOST_NAMES = 1_000
_BEGIN_EXAMPLE = "-----BEGIN PRIVATE KEY-----"

_RANDOM = r"[A-Za-z0-9+/_-]{24,}={0,2}"
_BEGIN = r"-----BEGIN (?:[A-Z0-9 ]+ )?PRIVATE KEY(?: BLOCK)?-----"
_KEY_BODY = re.compile(r"^[\s+\-]*[A-Za-z0-9+/=]{16,}\s*$|^[\s+\-]*(?:Proc-Type|DEK-Info|Comment|Version):")
_HASHED = re.compile(
    r"(?:sha(?:1|256|384|512)|md5|integrity|base64|ssh-(?:rsa|dss|ed25519)|ecdsa-\S+)[-:=, \"']*$", re.I
)
_KEY_NAME = re.compile(f"^{KEY.replace('(?i:', '(?:')}$", re.IGNORECASE)
_MARK = re.compile(r"\[REDACTED:[a-z0-9_-]+:[0-9a-f]{8}\]")
_HEADER = re.compile(
    r"^(?:diff --git |index [0-9a-f]|--- |\+\+\+ |@@ |rename |copy |similarity |dissimilarity |old mode|new mode|"
    r"new file|deleted file|Binary files |GIT binary patch|literal |delta |\\ No newline)"
)


class RedactionError(Exception):
    """The engine could not run; what it was given must not be let through."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without its secrets, and how often each rule replaced something."""

    text: str
    counts: Mapping[str, int] = field(default_factory=dict)


def _options(*, captures: bool = True) -> Any:
    options = re2.Options()
    options.never_capture = not captures  # to say where each group matched costs more than to find the line
    options.max_mem = 256 * 1024**2
    options.log_errors = False
    return options


def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, _options())


def _relaxed(pattern: str) -> str:
    """Return a pattern that matches at least where this one does and needs fewer states: long counts are cut."""

    def relax(found: "re.Match[str]") -> str:
        least = min(int(found[1]), 8)
        return f"{{{least},}}" if least or found[2] is not None else found[0]

    return re.sub(r"\{(\d+)(,\d*)?\}", relax, pattern)


class Redactor:
    """Replaces secrets by ``[REDACTED:rule:tag]``; the tag is the same for the same secret under one key.

    Parameters
    ----------
    key
        Of the tags: HMAC-SHA-256, the first 8 hex digits.
    settings
        The user's own rules, and what is allowed.
    known_values
        Secrets by value, the longest first.
    home, user
        Replaced by ``~`` and ``$USER`` where they stand in paths.

    Raises
    ------
    UsageError
        ``settings/invalid``: a rule of the user's own is no RE2 pattern.
    """

    def __init__(
        self,
        key: bytes,
        settings: RedactionSettings | None = None,
        *,
        known_values: Iterable[str] = (),
        home: Path | None = None,
        user: str | None = None,
    ) -> None:
        settings = settings or RedactionSettings()
        self._key = key
        self._entropy = settings.entropy
        self._known = tuple(value for value in known_values if value)
        try:
            own = [Rule(rule.name, rule.pattern, judged=False) for rule in settings.rules]
            self._allowed = [_compiled(pattern) for pattern in settings.allow]
            rules = [*RULES, *own]
            self._rules = [(rule, _compiled(rule.pattern)) for rule in rules]
            patterns = [rule.pattern for rule in rules] + [naming.pattern for naming in NAMINGS]
            self._set = re2.Set.SearchSet(_options())
            for pattern in patterns:
                self._set.Add(pattern)
            self._set.Compile()
            self._namings = [(naming, _compiled(naming.pattern)) for naming in NAMINGS]
            exact = [re2.escape(value) for value in self._known]
            self._exact = _compiled("|".join(exact)) if exact else None
            alarm = [*map(_relaxed, patterns), _BEGIN, *exact, *([_RANDOM] if self._entropy else [])]
            everything = "(?m)" + "|".join(f"(?:{pattern})" for pattern in alarm)
            self._alarm = re2.compile(everything, _options(captures=False))
        except re2.error as error:
            raise UsageError(
                "settings/invalid", f"A redaction rule is no RE2 pattern: {error}.", "Mend it in your settings."
            ) from None
        self._random = re.compile(_RANDOM)
        self._places = _places(home, user)
        self._place_names = [str(home)] if home is not None else []
        self._place_names += [user] if user is not None else []
        self._telling: dict[str, bool] = {}

    @classmethod
    def from_settings(cls, key: bytes, settings: RedactionSettings, **more: Any) -> "Redactor":
        """Return a redactor as the settings have it; ``more`` is as the constructor has it."""
        return cls(key, settings, **more)

    # --- texts ----------------------------------------------------------------------------------------------

    def redact_text(self, text: str, *, places: bool = False) -> Redacted:
        """Return a text of any length without its secrets; with ``places`` home and user are replaced as well.

        Raises
        ------
        RedactionError
            The engine could not run.
        """
        try:
            return self._redact(text, places=places)
        except (re2.error, MemoryError, ValueError, IndexError, RecursionError) as error:
            raise RedactionError(type(error).__name__) from None

    def _redact(self, text: str, *, places: bool) -> Redacted:
        counts: dict[str, int] = {}
        raw = text.encode("utf-8", "surrogatepass")
        out: list[bytes] = []
        done = 0
        for hit in self._alarm.finditer(raw):
            if hit.start() < done:
                continue
            begin = raw.rfind(b"\n", done, hit.start()) + 1 or done
            end = raw.find(b"\n", hit.end())
            end = len(raw) if end < 0 else end
            lines = raw[begin:end].decode("utf-8", "surrogatepass").split("\n")
            if any("PRIVATE KEY" in line for line in lines):
                end, lines = self._with_key(raw, begin, end, lines)
            out.append(raw[done:begin])
            out.append("\n".join(self._lines(lines, counts)).encode("utf-8", "surrogatepass"))
            done = end
        result = (b"".join(out) + raw[done:]).decode("utf-8", "surrogatepass") if done else text
        for pattern, name in self._places if places else ():
            result = pattern.sub(name, result)
        return Redacted(result, counts)

    def _with_key(self, raw: bytes, begin: int, end: int, lines: list[str]) -> tuple[int, list[str]]:
        """Take the lines of a private key in: up to its end, or while they look like one."""
        while len(lines) < KEY_LINES and end < len(raw):
            following = raw.find(b"\n", end + 1)
            following = len(raw) if following < 0 else following
            line = raw[end + 1 : following].decode("utf-8", "surrogatepass")
            if not (_KEY_BODY.match(line) or "-----END" in line or not line.strip("+- \t\r")):
                break
            lines.append(line)
            end = following
            if "-----END" in line:
                break
        return end, lines

    def _lines(self, lines: list[str], counts: dict[str, int]) -> list[str]:
        result = []
        inside = False
        for line in lines:
            if inside and "-----END" not in line and line.strip("+- \t\r"):
                body = line.strip("+- \t\r")
                if not body.startswith("[REDACTED:") and not re.match(
                    r"^(?:Proc-Type|DEK-Info|Comment|Version):", body
                ):
                    line = line.replace(body, self._mark("private-key", body, counts), 1)
                result.append(line)
                continue
            begins = "-----BEGIN" in line and "PRIVATE KEY" in line and "-----END" not in line
            inside = begins if begins or "-----END" in line else inside
            result.append(line if begins else self._line(line, counts))
        return result

    def _line(self, line: str, counts: dict[str, int]) -> str:
        for _ in range(ROUNDS):
            before = line
            if self._exact is not None:
                line = self._exact.sub(lambda found: self._mark("known-value", found.group(0), counts), line)
            for index in sorted(self._set.Match(line) or ()):
                if index < len(self._rules):
                    rule, pattern = self._rules[index]
                    line = self._replace(line, rule.name, pattern, counts, judged=rule.judged, worded=rule.worded)
                else:
                    naming, pattern = self._namings[index - len(self._rules)]
                    line = self._replace(
                        line, naming.name, pattern, counts, quoted=naming.quoted, sure=naming.sure, named=True
                    )
            if self._entropy and len(line) >= 24:
                line = self._random.sub(lambda found: self._if_random(found, counts), line)
            if line == before:
                break
        return line

    def _replace(
        self,
        line: str,
        name: str,
        pattern: Any,
        counts: dict[str, int],
        *,
        judged: bool = True,
        worded: bool = True,
        named: bool = False,
        quoted: bool = False,
        sure: bool = False,
    ) -> str:
        parts: list[str] = []
        done = 0
        marks = [mark.span() for mark in _MARK.finditer(line)] if "[REDACTED:" in line else []
        for found in pattern.finditer(line):
            group = 1 if pattern.groups and found.group(1) is not None else 0
            secret = found.group(group)
            begin, end = found.span(group)
            if (
                begin < done
                or any(begin < last and first < end for first, last in marks)
                or (judged and is_placeholder(secret))
                or (not worded and is_word(secret))
                or (named and not quoted and line[end : end + 1] in ("(", "["))
                or self._is_allowed(secret)
            ):
                continue
            if named and not self._is_literal(
                found.group(0)[: begin - found.start()], secret, quoted=quoted, sure=sure
            ):
                continue
            parts += [line[done:begin], self._mark(name, secret, counts)]
            done = end
        return "".join(parts) + line[done:] if parts else line

    def _is_literal(self, before: str, value: str, *, quoted: bool, sure: bool) -> bool:
        """Whether a value after a telling name is a secret rather than a word, a name or an expression."""
        if value.lower() in before.lower():
            return False  # it says its own name
        if sure:
            return True
        if quoted:
            return not is_word(value) or (bool(re.search(r"pass|pwd", before, re.IGNORECASE)) and " " not in value)
        return not is_code(value) and not is_word(value) and any(char.isdigit() or not char.isalnum() for char in value)

    def _if_random(self, found: "re.Match[str]", counts: dict[str, int]) -> str:
        word = found[0]
        if not is_random(word.rstrip("=")) or is_placeholder(word) or self._is_allowed(word):
            return word
        if _HASHED.search(found.string, max(0, found.start() - 24), found.start()):
            return word
        return self._mark("entropy", word, counts)

    def _is_allowed(self, secret: str) -> bool:
        return any(pattern.fullmatch(secret) for pattern in self._allowed)

    def _mark(self, rule: str, secret: str, counts: dict[str, int]) -> str:
        counts[rule] = counts.get(rule, 0) + 1
        tag = hmac.new(self._key, secret.encode("utf-8", "surrogatepass"), sha256).hexdigest()[:8]
        return f"[REDACTED:{rule}:{tag}]"

    # --- diffs and data -------------------------------------------------------------------------------------

    def redact_diff(self, diff: str) -> Redacted:
        """Return a unified diff without secrets: headers stay, each line is redacted as it would be in its file."""
        lines = diff.split("\n")
        heads = ["" if _HEADER.match(line) else line[:1] for line in lines]
        bodies = ["" if _HEADER.match(line) else line[1:] for line in lines]
        redacted = self.redact_text("\n".join(bodies))
        made = [
            line if _HEADER.match(line) else head + body
            for line, head, body in zip(lines, heads, redacted.text.split("\n"), strict=True)
        ]
        return Redacted("\n".join(made), redacted.counts)

    def redact_data(
        self, data: Mapping[str, Any], *, plain: Collection[str] = ()
    ) -> tuple[dict[str, Any], Mapping[str, int]]:
        """Return JSON-like data without secrets: every string of it, and whole values whose key says what they are.

        Parameters
        ----------
        plain
            Keys whose values are left as they are.

        Raises
        ------
        RedactionError
            The engine could not run.
        """
        strings: list[str] = []
        self._gather(data, plain, strings)
        if not self._is_worth_a_look("\n".join(strings)):
            return dict(data), {}
        counts: dict[str, int] = {}
        made = {key: value if key in plain else self._value(key, value, plain, counts) for key, value in data.items()}
        return made, counts

    def _gather(self, data: Mapping[str, Any], plain: Collection[str], strings: list[str]) -> None:
        """Collect all that is text; of a key that says "secret" something that surely is worth a look.

        Runs for every event: types are compared, not asked whether they are mappings.
        """
        for key, value in data.items():
            kind = type(value)
            if kind is int or key in plain:
                continue
            if kind is str:
                strings.append(value)
            elif kind is dict:
                self._gather(value, plain, strings)
            elif kind is list:
                for item in value:
                    if type(item) is str:
                        strings.append(item)
                    elif type(item) is dict:
                        self._gather(item, plain, strings)
                    elif type(item) is list:
                        self._gather({key: item}, plain, strings)
            elif kind is not float and kind is not bool and value is not None:
                strings.append(_BEGIN_EXAMPLE)  # of a kind of its own: the slow way knows what to do
            if self._tells(key):
                strings.append(_BEGIN_EXAMPLE)

    def _tells(self, key: str) -> bool:
        """Whether a key's name says that its value is secret; names are few, so what was found is remembered."""
        if (told := self._telling.get(key)) is None:
            told = _KEY_NAME.match(key) is not None
            if len(self._telling) < MOST_NAMES:
                self._telling[key] = told
        return told

    def _is_worth_a_look(self, text: str) -> bool:
        if any(name in text for name in self._place_names):
            return True
        try:
            return self._alarm.search(text.encode("utf-8", "surrogatepass")) is not None
        except (re2.error, MemoryError, ValueError) as error:
            raise RedactionError(type(error).__name__) from None

    def _value(self, key: str, value: Any, plain: Collection[str], counts: dict[str, int]) -> Any:
        if isinstance(value, str):
            if len(value) < 4:
                return value
            if self._tells(key) and not is_placeholder(value) and not is_word(value) and "\n" not in value:
                return self._mark("key-name", value, counts)
            redacted = self.redact_text(value, places=True)
            for rule, count in redacted.counts.items():
                counts[rule] = counts.get(rule, 0) + count
            return redacted.text
        if isinstance(value, Mapping):
            return {
                name: item if name in plain else self._value(name, item, plain, counts) for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._value(key, item, plain, counts) for item in value]
        return value


def _places(home: Path | None, user: str | None) -> "list[tuple[re.Pattern[str], str]]":
    """Match the home directory, and the user's name where it is part of a path or of an address."""
    found = []
    if home is not None and len(home.parts) > 1:
        found.append((re.compile(rf"(?<![\w.-]){re.escape(str(home))}(?![\w.-])"), "~"))
    if user is not None and len(user) > 2 and user != "root":
        name = re.escape(user)
        found.append((re.compile(rf"((?:/home/|/Users/|\\Users\\)){name}(?!\w)"), r"\1$USER"))
        found.append((re.compile(rf"(?<![\w.-]){name}(?=@)"), "$USER"))
    return found
