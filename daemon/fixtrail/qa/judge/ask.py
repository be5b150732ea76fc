"""Puts a prompt to a chat model. The openai SDK takes half a second to import, so this module is imported late."""

import logging
import time
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import openai
from openai.types.chat import ChatCompletionMessageParam, ParsedChatCompletion

from fixtrail.qa.judge.answer import Kind, read_answer
from fixtrail.qa.judge.endpoint import Endpoint
from fixtrail.qa.judge.exchange import Exchange, ResponseFormat
from fixtrail.qa.judge.failure import NotJudged
from fixtrail.qa.judge.question import Question
from fixtrail.qa.judge.refusals import explain, is_about_response_format
from fixtrail.settings import JudgeSettings

_NO_KEY = "not-needed"
"""Servers of one's own often want no key, but the SDK does."""

# The last one is not for the server: it is how the SDK tells itself to hand over the response before it reads it.
_HEADERS = frozenset(
    {
        "host",
        "connection",
        "accept",
        "accept-encoding",
        "content-type",
        "content-length",
        "user-agent",
        "authorization",
        "x-stainless-raw-response",
    }
)


class Client:
    """A connection to one endpoint; use it as ``async with``. Making one does no I/O on the network."""

    def __init__(self, settings: JudgeSettings, endpoint: Endpoint) -> None:
        key = settings.api_key.get_secret_value().strip() if settings.api_key else ""
        if not key.isascii() or not key.isprintable():
            raise NotJudged(
                "unauthorized", "The judge's key holds characters that no key has; set OPENAI_API_KEY again."
            )
        # At DEBUG the SDK logs whole requests, and the HTTP client logs addresses: traces must not get into a log.
        for name in ("openai", "httpx", "httpx2", "httpcore", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._settings = settings
        self._endpoint = endpoint
        self._sdk = openai.AsyncOpenAI(
            api_key=key or _NO_KEY,
            base_url=endpoint.base_url,
            max_retries=0,
            timeout=settings.timeout_seconds,
            http_client=openai.DefaultAsyncHttpxClient(
                # A redirect would send the trace to an address that nobody named.
                follow_redirects=False,
                # Nor may a proxy of the environment see what is meant for this machine.
                trust_env=not endpoint.is_loopback,
                event_hooks={
                    "request": [_named_headers_only(None if endpoint.has_user and not key else key or _NO_KEY)]
                },
            ),
        )
        # Loads the SDK's chat modules: better here, off the event loop, than at the first request.
        self._parse = self._sdk.chat.completions.with_raw_response.parse

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._sdk.close()

    async def ask(self, question: Question, kind: type[Kind], exchange: Exchange) -> Kind:
        """Ask for a JSON schema; where the server does not know that, for a JSON object that we check ourselves.

        Raises
        ------
        NotJudged
            With the status that fits. ``exchange`` holds what was learned all the same.
        """
        started = time.monotonic()
        try:
            return await self._ask_either_way(question, kind, exchange)
        finally:
            exchange.latency_ms = round((time.monotonic() - started) * 1000)

    async def ask_one_way(
        self, question: Question, kind: type[Kind], exchange: Exchange, response_format: ResponseFormat
    ) -> Kind:
        """Ask in this format only; otherwise as :meth:`ask`."""
        started = time.monotonic()
        try:
            return await self._ask(question, kind, exchange, response_format)
        except openai.OpenAIError as error:
            raise self._explain(error, question) from None
        finally:
            exchange.latency_ms = round((time.monotonic() - started) * 1000)

    async def _ask_either_way(self, question: Question, kind: type[Kind], exchange: Exchange) -> Kind:
        try:
            return await self._ask(question, kind, exchange, "json_schema")
        except openai.APIStatusError as error:
            if not is_about_response_format(error):
                raise self._explain(error, question) from None
        except openai.OpenAIError as error:
            raise self._explain(error, question) from None
        try:
            return await self._ask(question, kind, exchange, "json_object")
        except openai.OpenAIError as error:
            raise self._explain(error, question) from None

    def _explain(self, error: openai.OpenAIError, question: Question) -> NotJudged:
        return explain(error, self._endpoint, question.model, self._settings.timeout_seconds)

    async def _ask(
        self, question: Question, kind: type[Kind], exchange: Exchange, response_format: ResponseFormat
    ) -> Kind:
        exchange.response_format = response_format
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": question.system},
            {"role": "user", "content": question.user},
        ]
        wanted: Any = kind if response_format == "json_schema" else {"type": "json_object"}
        response = await self._parse(
            model=question.model,
            messages=messages,
            response_format=wanted,
            temperature=self._settings.temperature,
            max_completion_tokens=question.answer_tokens,
        )
        exchange.note(response.content)
        try:
            with warnings.catch_warnings():
                # Before the SDK trips over a malformed answer it quotes it in a warning, which ends up in a log.
                warnings.simplefilter("ignore")
                answer = _read(response.parse(), question, kind)
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            # The SDK believes what it receives: content that fails the schema is a ValueError of pydantic, and a body
            # that is no chat completion breaks it in any of these ways.
            answer = None
        if answer is None:
            raise NotJudged("invalid_response", _invalid(question, self._endpoint))
        return answer


def _read(completion: ParsedChatCompletion[Any], question: Question, kind: type[Kind]) -> Kind | None:
    message = completion.choices[0].message
    if message.refusal:
        raise NotJudged("refused", f"The model {question.model} declined to judge this trace; try another model.")
    return message.parsed if isinstance(message.parsed, kind) else read_answer(message.content or "", kind)


def _invalid(question: Question, endpoint: Endpoint) -> str:
    return (
        f"The answer of {question.model} at {endpoint.origin} was not {question.wants}; "
        "finalize again or choose a model with structured output."
    )


def _named_headers_only(key: str | None) -> Callable[[Any], Awaitable[None]]:
    """Return a hook that lets only :data:`_HEADERS` out.

    The SDK adds an organization, a project and any header at all from ``OPENAI_*`` variables, and a description of
    this machine. ``key`` None leaves the authorization as it is, which is what the address itself said.
    """

    async def keep(request: Any) -> None:
        for name in [name for name in request.headers if name.lower() not in _HEADERS]:
            del request.headers[name]
        if key is not None:
            request.headers["authorization"] = f"Bearer {key}"

    return keep
