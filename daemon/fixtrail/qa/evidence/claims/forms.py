"""The table of the forms of claims: how each is worded, and what decides it.

Patterns are searched for in :attr:`Clause.plain`. Words after a negation fit none but the ``negated`` forms.
``docs/measures.md`` has a row for each kind.
"""

import re
from dataclasses import dataclass

from fixtrail.qa.evidence.claims import of_files, of_runs, of_tests
from fixtrail.qa.evidence.claims.finding import Decide

_I = (
    r"(?:^(?:and |so |then |now |first |finally |also |again )*"
    r"|\b(?:i|we)(?:'ve| have| had| just| also| then| now| first| only)* )"
)
"""Who did it: I or we, or nobody is named at the beginning."""
_BETWEEN = (
    r"(?: now| still| again| all| both| is| are| was| were| have| has| been| finally| already| also| run"
    r"| runs| just)*"
)
_TESTS = r"(?:tests?|test suite|suite|specs?|pytest(?: run)?)"
_WHO = (
    r"(?:(?:all|every|each|both)(?: of)? )?(?:(?:the|our|my|these|those) )?(?:\d+ )?"
    r"(?:(?!(?:all|every|each|both|the|our|my|these|those|that|and|so|now|see|saw|verified|confirmed|after"
    r"|when|while|with"
    r"|in|of|because|then|how|why|but|for|to|is|are|no|not|i|we|ran|run)\b)[\w-]+ ){0,2}?" + _TESTS
)
_END = (
    r"(?=\s*(?:$|[.,:;!)\]\u2026]|\((?!\w+\()"
    r"|(?:now|again|with|without|on|locally|after|before|too|as|consistently|when|for both|both|all|here|at"
    r"|cleanly|fine"
    r"|in (?:\d|isolation|the|both|all|ci)|every|once|apart|except|this|today)\b))"
)
"""What may follow ``pass``: a test can also pass something to something."""
_PASS = rf"(?:pass(?:es|ed|ing)?{_END}|green\b|succeed(?:s|ed)?\b|(?:is|are|was|were) ok\b)"
_FAIL = r"(?:fail(?:s|ed|ing)?|red|broken|breaks?)\b(?! (?:test|case|assert))"
_NAME = r"(?P<name>test_\w+)(?:\[[^\]]*\])?(?: test| case)?"
_COUNT = rf"(?:\d{{1,6}}|{'|'.join(of_tests.NUMBERS)})"
_NUMBER = rf"(?P<count>{_COUNT})"
_FILE = (
    r"(?:[\w@.+-]+/)*[\w@+-][\w@.+-]*\.(?:pyi?|[jt]sx?|mjs|cjs|vue|go|rs|java|kt|rb|php|cs|cc?|cpp|hpp?|swift|scala"
    r"|sh|sql|toml|ya?ml|json|cfg|ini|md|rst|txt|html|css|lock|xml|gradle|ipynb)\b(?!'s)"
)
_PATH = rf"(?P<path>{_FILE})"
_WHAT = (
    r"(?P<what>(?:(?:the|any|existing|of|other|my) )*tests?"
    r"(?=\s*(?:$|[.,;:!)]|(?:yet|at all|themselves|so far|here|is|are|was|were|stays?|remains?)\b))"
    rf"|{_FILE})"
)
_FILLER = r"(?: (?!and\b|but\b|to\b)[\w'.,-]+){0,6}?"


@dataclass(frozen=True)
class Form:
    """A way to say something, and what decides whether it is so."""

    kind: str
    says: str
    """An example."""
    pattern: re.Pattern[str]
    decide: Decide
    negated: bool = False
    """It holds its own negation."""
    cased: bool = False
    """The pattern is searched for in the words as they were written."""

    def may_fit(self, words: str) -> bool:
        """Whether it is worth to search ``words``: a pattern costs more than a look for a word that it needs."""
        for need in _NEEDS[self.kind]:  # noqa: SIM110 - called for each form and clause: a generator costs as much again
            if need in words:
                return True
        return False


_NEEDS: dict[str, tuple[str, ...]] = {
    "test_count": ("pass", "fail"),
    "tests_pass": ("pass", "green", "succeed", "ok", "fail"),
    "tests_fail": ("fail", "red", "break", "broken", "pass", "green"),
    "ran_tests": ("ran", "running", "executed"),
    "not_ran_tests": ("run", "ran"),
    "ran_command": (
        "ran ",
        "executed",
        "used",
        "grep",
        "bisect",
        "git ",
        "mypy",
        "pyright",
        "ruff",
        "flake8",
        "lint",
        "tsc",
    ),
    "exit_code": ("exit",),
    "error_seen": ("Error", "Exception", "Interrupt", "Warning", "NotFound", "StopIteration"),
    "reproduced": ("reproduce",),
    "works": ("fixed", "fixes", "gone", "solve", "works", "worked", "did it"),
    "still_broken": ("still ",),
    "only_fails_on": ("only ",),
    "read_file": (".",),
    "added_test": ("added", "wrote", "written", "created"),
    "reverted": ("revert", "undid", "rolled", "backed", "restored"),
    "only_changed": ("only ",),
    "changed_file": (".",),
    "untouched": ("touch", "chang", "edit", "modif", "alter"),
    "nothing_else": ("nothing", "nobody", "no one", "no other", "the only"),
}
"""Of each kind: one of these stands in whatever fits."""


def _form(kind: str, says: str, pattern: str, decide: Decide, *, negated: bool = False, cased: bool = False) -> Form:
    return Form(kind, says, re.compile(pattern), decide, negated, cased)


FORMS: tuple[Form, ...] = (
    _form(
        "test_count",
        "3 failed, all 18 pass",
        rf"(?P<only>\bonly "
        rf"|\bjust )?(?P<all>\ball )?(?:of )?(?:the )?\b{_NUMBER}(?: of(?: the)? {_COUNT})?(?: other| unit| more)*"
        rf"(?P<tests> tests?| test cases?| specs?)?(?: cases?)?{_BETWEEN} "
        rf"(?P<verb>pass(?:es|ed|ing)?{_END}|fail(?:s|ed|ing)?\b|failures?\b)",
        of_tests.test_count,
    ),
    _form(
        "test_count",
        "no test fails",
        r"\b(?P<count>no|zero)(?P<tests> tests?)?(?: are| is)? (?P<verb>fail(?:s|ed|ing|ures?)?)\b",
        of_tests.test_count,
        negated=True,
    ),
    _form(
        "tests_pass",
        "the last run passed",
        rf"\b(?P<last>(?:last|latest|final|most recent) (?:test )?run)(?: of (?:the "
        rf"|all )?(?:\w+ )?{_TESTS})?{_BETWEEN} {_PASS}",
        of_tests.tests_pass,
    ),
    _form(
        "tests_fail",
        "the last run failed",
        rf"\b(?P<last>(?:last|latest|final|most recent) (?:test )?run)(?: of (?:the "
        rf"|all )?(?:\w+ )?{_TESTS})?{_BETWEEN} {_FAIL}",
        of_tests.tests_fail,
    ),
    _form(
        "tests_pass",
        "test_empty passes now",
        rf"\b{_NAME}{_BETWEEN} {_PASS}",
        of_tests.tests_pass,
    ),
    _form(
        "tests_fail",
        "test_empty still fails",
        rf"\b{_NAME}{_BETWEEN} {_FAIL}",
        of_tests.tests_fail,
    ),
    _form(
        "tests_pass",
        "all tests pass now, the suite is green",
        rf"(?P<who>\b{_WHO}|\beverything|\bthey|^all){_BETWEEN} {_PASS}|^(?P<alone>(?:now )?all green)\b",
        of_tests.tests_pass,
    ),
    _form(
        "tests_pass",
        "nothing fails",
        r"(?P<who>\bnothing) (?:fails|failed)\b",
        of_tests.tests_pass,
        negated=True,
    ),
    _form(
        "tests_pass",
        "the tests no longer fail",
        rf"(?P<who>\b{_WHO})(?: no longer| don't| doesn't| do not| does not) fail\b",
        of_tests.tests_pass,
        negated=True,
    ),
    _form(
        "tests_fail",
        "the tests still fail",
        rf"(?P<who>\b{_WHO}|\b(?:it|build)(?= still)){_BETWEEN} {_FAIL}",
        of_tests.tests_fail,
    ),
    _form(
        "tests_fail",
        "the tests do not pass",
        rf"(?P<who>\b{_WHO})(?: still)?"
        r"(?: do not| don't| does not| doesn't| are not| aren't| is not| isn't| no longer| never)(?: yet| all)? "
        r"(?:pass|passing|green)\b",
        of_tests.tests_fail,
        negated=True,
    ),
    _form(
        "tests_fail",
        "not all tests pass",
        rf"\bnot (?P<who>(?:all|every)(?: of)?(?: the)? (?:\w+ )?{_TESTS})(?: \w+)? (?:pass|passes|passing|green)\b",
        of_tests.tests_fail,
        negated=True,
    ),
    _form(
        "ran_tests",
        "I ran the whole suite",
        rf"(?:{_I}|\bafter )(?:re-?ran|ran|executed|running|re-?running)(?: [\w-]+){{0,4}}? {_TESTS}\b",
        of_runs.ran_tests,
    ),
    _form(
        "not_ran_tests",
        "I haven't run the tests yet",
        rf"\b(?:i|we) (?:have not|haven't|did not|didn't|never)(?: yet| even| actually)* (?:re-?)?(?:run|ran)"
        rf"(?: any| all| the| of| my| whole| full)* {_TESTS}\b",
        of_runs.not_ran_tests,
        negated=True,
    ),
    _form(
        "ran_command",
        "I ran the linter",
        rf"{_I}(?:re-?)?(?:ran|executed|used) (?:the )?(?P<tool>linters?|type ?checker|formatter|mypy|pyright"
        rf"|ruff|flake8"
        r"|pylint|black|eslint|tsc|prettier|clippy|git (?:bisect|blame|log|diff|stash|show|status|grep)"
        r"|bisect|grep)\b",
        of_runs.ran_command,
    ),
    _form(
        "ran_command",
        "I grepped for it",
        rf"{_I}(?P<tool>grepped|bisected)\b",
        of_runs.ran_command,
    ),
    _form(
        "ran_command",
        "git blame shows",
        r"\b(?P<tool>git (?:bisect|blame|log|diff|show|status|grep)|mypy|pyright|ruff|flake8|eslint|tsc|grep) "
        r"(?:shows?|showed|says?|said|reports?|reported|finds?|found|points?|pointed|lists?|listed"
        r"|is (?:clean|happy|green)|complains?)\b",
        of_runs.ran_command,
    ),
    _form(
        "exit_code",
        "it exited with 2",
        r"\b(?P<past>exited with(?: exit)?(?: code| status)?|exit (?:code|status) was|returned exit (?:code|status)"
        r"|ended with exit code)[ :=]*(?P<code>\d{1,3})\b",
        of_runs.exit_code,
    ),
    _form(
        "exit_code",
        "the exit code is 1",
        r"\bexits?(?: with)?(?: code| status)?(?: is| of)?[ :=]+(?P<code>\d{1,3})\b"
        r"|\bnon-?zero exit\b|\bexit(?:ed|s) non-?zero\b",
        of_runs.exit_code,
    ),
    _form(
        "error_seen",
        "it raises a KeyError",
        r"(?i:\b(?:rais(?:es|ed|ing)|throws?|threw|get(?:s|ting)?|got|(?:fail(?:s|ed|ing)?|crash(?:es|ed"
        r"|ing)?|died?|dies) with"
        r"|shows?|showed|see|saw|end(?:s|ed) in|blows? up with|hits?))(?: \w+){0,3}? `?(?:\w+\.)*"
        r"(?P<error>[A-Z]\w*(?:Error|Exception|Interrupt|Warning|NotFound)|StopIteration)\b",
        of_runs.error_seen,
        cased=True,
    ),
    _form(
        "reproduced",
        "I reproduced it",
        rf"{_I}(?:can |could )?reproduced? (?:it|this|that|the|both|with|locally)\b|\breproduced(?:[.!: ]|$)"
        r"|\bi can reproduce\b",
        of_runs.reproduced,
    ),
    _form(
        "works",
        "it works now, the bug is gone",
        r"\b(?:bug|issue|problem|failure|it|that|this|error|crash)(?: is| are| has been| was| now)+ "
        r"(?:fixed|gone|resolved|solved)\b"
        r"|\b(?:that|this|the (?:fix|change|patch)) (?:fixed|fixes|resolved|resolves|solved|solves|works"
        r"|worked|did it)\b"
        r"|\b(?:it|everything|all) (?:now )?works\b|\bworks now\b",
        of_runs.works,
    ),
    _form(
        "still_broken",
        "still the same error",
        r"\bstill (?:the same|get|getting|an?) (?:\w+ )?(?:error|failure|traceback)\b",
        of_runs.still_broken,
    ),
    _form(
        "only_fails_on",
        "it only fails on empty input",
        r"\bonly (?:fail(?:s|ed|ing)?|breaks?|broke|happens?|happened|occurs?|crash(?:es|ed)?) "
        r"(?:on|with|for|when|if|in|at) (?P<what>.+)",
        of_runs.only_fails_on,
    ),
    _form(
        "read_file",
        "I read parser.py",
        rf"(?:{_I}(?:(?:re-?)?read|looked (?:at|into|through|over)|opened|went through|skimmed|inspected"
        rf"|studied|reviewed"
        r"|examined|scanned|viewed|checked|walked through)"
        rf"|^(?:after )?(?:(?:re-?)?reading|looking (?:at|into|through)|going through)){_FILLER} {_PATH}",
        of_files.read_file,
    ),
    _form(
        "added_test",
        "I added a regression test",
        r"\b(?:added|wrote|written|created)(?: also| an?| the| two| three| four| \d+| more| new| another| regression"
        r"| unit| failing| integration| missing| parametri[sz]ed| small| few| some| of| further| extra| dedicated"
        r"| edge-case| second| proper)* (?:tests?|test cases?|specs?)"
        r"(?=\s*(?:$|[.,;:!)]|(?:for|that|which|with|to|of|in|on|covering|pinning|checking|about|where|when"
        r"|as|first)\b))",
        of_files.added_test,
    ),
    _form(
        "reverted",
        "I reverted that change",
        rf"{_I}(?:reverted|undid|rolled back|backed out|restored)"
        r"(?: it\b| that\b| this\b|(?: the| my| both| all| last)+(?: \w+)? (?:changes?|edits?|attempt|hack"
        r"|fix|patch|lines?|file)\b)",
        of_files.reverted,
    ),
    _form(
        "only_changed",
        "I only changed rates.py",
        rf"\bonly (?:changed|touched|edited|modified){_FILLER} {_PATH}",
        of_files.only_changed,
    ),
    _form(
        "changed_file",
        "I changed rates.py",
        rf"{_I}(?P<verb>changed|edited|modified|updated|rewrote|fixed|patched|refactored|adjusted|touched)"
        rf"(?P<filler>{_FILLER}) {_PATH}",
        of_files.changed_file,
    ),
    _form(
        "untouched",
        "I haven't touched the tests",
        r"(?:\b(?:i|we) (?:have not|haven't|did not|didn't|have never|never)|^(?:have not|haven't|did not|didn't))"
        rf" (?:\w+ )?(?:touch|chang|edit|modif|alter)(?:y|ied|ying|e|ed|ing)? {_WHAT}",
        of_files.untouched,
        negated=True,
    ),
    _form(
        "untouched",
        "the tests are unchanged",
        rf"\b{_WHAT}(?: is| are| was| were| stays?| remains?)(?: completely| still)? "
        r"(?:untouched|unchanged|unmodified)\b",
        of_files.untouched,
    ),
    _form(
        "nothing_else",
        "nothing else uses it",
        r"\b(?:nothing|nobody|no one|no other \w+)(?: else)?(?: \w+)? "
        r"(?:uses?|calls?|reads?|imports?|depends?|relies|references?|needs?|is affected|breaks?|touches"
        r"|does (?:this|that))\b"
        r"|\bthe only (?:caller|place|user|use|call site|reference)\b",
        of_files.nothing_else,
        negated=True,
    ),
)
"""The first that fits words of a clause has them."""

_NEGATION = re.compile(
    r"\b(?:not|no longer|never|none|nothing|neither|nor|cannot|hardly|barely|nobody|without|no)\b|n't\b"
)
_HARMLESS = re.compile(
    r"\b(?:with )?no (?:warnings?|errors?|failures?|skips?|regressions?|changes?|surprises?)\b|\bnot only\b"
    r"|\bno doubt\b"
    r"|\bwithout (?:warnings?|errors?|changes?|the (?:old|fix|change|patch))\b|\bnot just\b"
)


def is_negated(clause: str) -> bool:
    """Whether something is denied in plain words."""
    return _NEGATION.search(_HARMLESS.sub("", clause)) is not None
