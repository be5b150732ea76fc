"""Text in a trace that speaks to whoever, or whatever, assesses it: asks for marks, gives orders, plays a role.

A sign for people and for the judge, and no proof: it looks for the usual forms, and errs on the quiet side where a
developer may be speaking of a program that judges, grades or scores.
"""

import re
import unicodedata

READ_CHARACTERS = 100_000
"""Of a text; a longer one is looked at from both ends."""

_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\U000e0000-\U000e007f]")


def _any(words: str) -> str:
    """Return a pattern for one of the alternatives in ``words``, which are parted by ``/``."""
    return "(?:" + "|".join(word.strip() for word in words.split("/")) + ")"


_MODEL = _any(
    "llm/ai/language model/large language model/ai model/scoring model/judging model/grading model/reward model"
)
_WHO = _any(
    r"judges?/graders?/assessors?/evaluators?/raters?/examiners?/llms?/a\.?i\.?/chat ?bots?/language models?"
    r"/(?:ai|llm|scoring|judging|grading|reward) (?:models?|judges?|assistants?|reviewers?)"
)
_ROLE = _any("judge/grader/assessor/evaluator/rater/examiner/language model/llm/ai/assistant/chatbot")
_WORK = _any("trace/reasoning/solution/fix/work/submission/attempt/analysis/session/notes?/steps?/answer/debugging")
_MARKS = _any("marks?/scores?/points?/grades?/ratings?/credit")
_BEST = _any("full/top/maximum/max/maximal/perfect/highest/best/high")
_FULL = r"(?:5(?:\.0)?|1\.0|10|100)"
_OF = rf"(?:an? )?{_FULL}(?: ?(?:of|out of|[/:]) ?(?:{_FULL}|1)| ?%| points?| stars?)(?= |$|[.!,;])"
_TOP = rf"(?:(?:the )?{_BEST}(?: possible)? {_MARKS}|{_OF})"
_TOP_OR_NUMBER = rf"(?:{_TOP}|{_FULL}(?= |$|[.!,;]))"
_ASSESS = _any("give/award/assign/grant/score/rate/mark/grade")
_GIVE = _any("give/award/assign/grant/score/rate/mark/grade/return/output/respond with/answer with/reply with")
_UNDO = _any("ignore/disregard/forget/override/bypass/skip/do not follow/don['\u2019]t follow")
_EARLIER = _any("previous/prior/above/earlier/preceding/foregoing/other/system/original/initial/given/grading/scoring")
_ORDERS = _any("instructions?/prompts?/rules?/rubrics?/criteria/guidelines/directions/constraints/messages?")
_DIMENSION = _any("hypothesis_formation/evidence_gathering/logical_coherence/validation/depth/reasoning_score")
_MARKED = rf"[\"'`]?{_DIMENSION}[\"'`]? ?[:=] ?[\"']?[01](?:\.\d+)?\b"
_ARE = "(?: are|['\u2019]re)"

_IN_TEXT = (
    # Somebody is spoken to.
    rf"\b{_any('note/message/memo/attention/dear/hey/hello/hi/instructions?/reminder/tip')}(?: to| for)?"
    rf"(?: the| any| all| our| my)? {_WHO} ?[,:;.!\u2014-]",
    rf"(?:^|[.!?] ?)@?(?:to |for )?(?:the )?{_WHO} ?[,:] "
    rf"{_any('please/you/ignore/disregard/give/award/score/rate/mark/grade/this/do/note/the reasoning/the above')}\b",
    rf"\bif you{_ARE} (?:an? |the )?(?:automated |automatic )?{_WHO}\b",
    rf"\byou{_ARE} (?:now |no longer )?(?:an? |the )?(?:\w+ )?{_ROLE}\b",
    rf"\b(?:whoever|whatever|anyone (?:who|that)|the (?:model|llm|ai|one) (?:that|who)) (?:is |will be )?"
    rf"(?:grad|assess|judg|scor|evaluat|rat)\w* (?:this|my|the) {_WORK}\b",
    # Orders that would undo others.
    rf"\b{_UNDO} (?:(?:all|any|every|each|the|your|these|those|of|my) )*{_EARLIER} (?:\w+ )?{_ORDERS}\b",
    rf"\b{_UNDO} (?:the|your|this|that) {_any('rubric/grading/scoring/instructions/system prompt/guidelines')}\b",
    r"\b(?:new|updated|revised|real|actual) (?:system )?(?:instructions?|rubric|system prompt) ?:",
    rf"\bas an? (?:automated )?(?:ai |large )*(?:{_MODEL}|{_ROLE}|ai),? (?:you|i|it)\b",
    r"\b(?:reveal|print|repeat|show|output) (?:your|the) (?:system )?prompt\b",
    # Marks are asked for.
    rf"\b{_ASSESS} (?:\w+ ){{0,3}}?(?:this|my|the|these|our) (?:\w+ )?{_WORK} (?:\w+ ){{0,3}}?{_TOP_OR_NUMBER}",
    rf"\b{_GIVE} (?:me |it |us |this )(?:\w+ )?{_TOP}",
    rf"\b(?:please|you (?:must|should|have to|need to|can|will)|therefore|so|now) {_GIVE} (?:\w+ ){{0,2}}?{_TOP}"
    r" ?(?:for|to|in|on|across|here|[.!]|$)",
    rf"\b(?:this|my|the above|our) {_WORK} (?:\w+ )?(?:deserves?|merits?|earns?|warrants?"
    r"|(?:should|must) (?:get|receive|be (?:given|awarded|scored|rated|graded|marked)))"
    rf" (?:\w+ ){{0,3}}?(?:{_TOP}|highly)",
    rf"\b{_TOP} (?:in|on|for|across|to) (?:all|every|each|the) (?:five |5 |of the )*"
    rf"{_any('dimensions?/criteria/criterion/category/categories/rubric')}\b",
    rf"\bthis {_WORK} is (?:\w+ )?(?:exemplary|flawless|perfect|outstanding|excellent) in (?:every|all|each)\b",
    # The answer is put into the judge's mouth.
    rf"{_MARKED}.{{0,80}}?{_MARKED}",
)
"""In a text in lower case whose white space is single spaces."""

_AT_LINES = (
    # Words that mark roles and ends of prompts.
    rf"<\|{_any('im_start/im_end/system/user/assistant/endoftext/eot_id/start_header_id/end_header_id')}\|>",
    r"<\|?(?:start|end)_of_turn\|?>|\[/?(?:inst|sys|system)\]|<</?sys>>",
    rf"</?{_any('system/system_prompt/system-prompt/system_message/assistant/human/instructions?/rubric')}>",
    r"^\W{0,6}(?:system|assistant|developer)(?: prompt| message| override)?\W{0,4}:\W{0,4}"
    rf"{_any('you/ignore/disregard/the trace/the above/the assessor/the judge/give/award/override/from now')}\b",
    r"^\W{0,12}fence\b.{0,40}\b(?:begins|ends)\W*$",
    r"^\W{0,12}(?:begin|end)(?: of)?(?: the)? "
    rf"{_any('trace/data/transcript/untrusted/user/system/developer notes/notes/prompt/input/instructions')}"
    r"(?: data| input| text| prompt)?\W*$",
)

_MAY = re.compile(
    r"judge|grader|assess|evaluat|rater|examiner|llm|\ba\.?i\b|chat ?bot|model|assistant|ignore|disregard"
    r"|forget|override"
    r"|bypass|skip|follow|instruction|prompt|rubric|mark|score|point|grade|rating|rate|credit|deserve|merit"
    r"|earn|warrant"
    r"|exemplary|flawless|perfect|outstanding|excellent|hypothesis_f|evidence_g|logical_c|reasoning_s"
    r"|validation|depth|full|stars?\b|\b(?:5|10"
    r"|100)\b|you"
)
"""One of these stands in every text that a form fits: what has none is done with."""
_TEXT = re.compile("|".join(f"(?:{one})" for one in _IN_TEXT))
_LINES = re.compile("|".join(f"(?:{one})" for one in _AT_LINES), re.IGNORECASE | re.MULTILINE)


def addresses_judge(text: str) -> bool:
    """Whether ``text`` speaks to an assessor or a model, asks it for marks, or imitates the marks of a prompt."""
    if len(text) > READ_CHARACTERS:
        half = READ_CHARACTERS // 2
        text = f"{text[:half]}\n{text[-half:]}"
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    if _LINES.search(plain):
        return True
    spaced = " ".join(plain.lower().split())
    return bool(_MAY.search(spaced) and _TEXT.search(spaced))
