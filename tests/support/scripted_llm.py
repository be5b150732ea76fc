"""A scripted OpenAI-compatible server on 127.0.0.1: real sockets and real HTTP, with behaviour that each test chooses.

In a test::

    async with ScriptedLLM(answers(full_marks())) as llm:
        settings = JudgeSettings(base_url=llm.base_url)
        ...
        assert llm.requests[0].json()["model"] == "gpt-4o-mini"

On its own, for a daemon in another process (prints its base URL, serves until it is ended)::

    python tests/support/scripted_llm.py --mark 0.75
"""

import argparse
import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

DIMENSIONS = ("hypothesis_formation", "evidence_gathering", "logical_coherence", "validation", "depth")


@dataclass(frozen=True)
class Request:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


Behaviour = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]
"""What the server does with one request. The connection is closed afterwards."""


class ScriptedLLM:
    """Answers the first request by the first behaviour, and so on; the last one serves all that follow."""

    def __init__(self, *script: Behaviour, port: int = 0) -> None:
        if not script:
            raise ValueError("a script needs at least one behaviour")
        self._script = script
        self._port = port
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrival = asyncio.Event()
        self._hang_up = asyncio.Event()
        self.requests: list[Request] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def arrived(self) -> None:
        """Wait for the first request."""
        await self._arrival.wait()

    async def hung_up(self) -> None:
        """Wait until a client has closed its connection."""
        await self._hang_up.wait()

    async def _watch(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        self._hang_up.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            request = await _read_request(reader)
            self.requests.append(request)
            self._arrival.set()
            watch = asyncio.create_task(self._watch(reader))
            self._tasks.add(watch)
            watch.add_done_callback(self._tasks.discard)
            behaviour = self._script[min(len(self.requests), len(self._script)) - 1]
            await behaviour(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone, which is what some tests are about
        except asyncio.CancelledError:
            pass  # the server is being closed while it hangs or drips
        finally:
            self._tasks.discard(task)
            writer.close()


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)


def full_marks(mark: float = 1.0, feedback: str = "A clear chain from symptom to cause. The fix was run.") -> str:
    """Return the content of a valid answer with the same mark for each dimension."""
    return json.dumps({"feedback": feedback, **dict.fromkeys(DIMENSIONS, mark)})


def asks_for_evidence(request: Request) -> bool:
    """Tell the question of grounded mode from that of compat."""
    return "can_assess" in request.json()["messages"][0]["content"]


def record_of(request: Request) -> list[dict[str, Any]]:
    """Return the lines between the fences, as objects."""
    lines = request.json()["messages"][1]["content"].splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def quote_of(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return words of an entry, as a careful model would copy them."""
    words = next((entry[key] for key in ("text", "command", "output_tail", "diff", "path") if entry.get(key)), "")
    return {"event": entry["event"], "text": next((line for line in str(words).splitlines() if line.strip()), "")[:120]}


def cited(
    record: Sequence[Mapping[str, Any]], mark: float = 1.0, feedback: str = "A clear chain. The fix was run."
) -> dict[str, Any]:
    """Return a valid answer of grounded mode: one mark for all, with evidence that fits where there is any."""
    events = [entry for entry in record if "event" in entry]
    thoughts = [entry for entry in events if entry["what"] == "reasoning"] or events
    looks = [entry for entry in events if entry["what"] in ("view", "command", "test_run")] or events
    runs = [entry for entry in events if entry["what"] in ("command", "test_run")] or events
    chosen = {
        "hypothesis_formation": thoughts[:1],
        "evidence_gathering": looks[:1],
        "logical_coherence": [thoughts[-1], runs[-1]],
        "validation": runs[-1:],
        "depth": thoughts[-1:],
    }
    marks = {
        name: {
            "evidence": [entry["event"] for entry in chosen[name]],
            "quotes": [quote_of(entry) for entry in chosen[name][:1]],
            "mark": mark,
        }
        for name in DIMENSIONS
    }
    return {"can_assess": True, **marks, "feedback": feedback}


def completion(content: str | None, *, finish_reason: str = "stop", refusal: str | None = None) -> dict[str, Any]:
    """Return the body of a chat completion."""
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 1_764_000_000,
        "model": "scripted-2026-11",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": content, "refusal": refusal},
            }
        ],
        "usage": {"prompt_tokens": 321, "completion_tokens": 45, "total_tokens": 366},
    }


def http_response(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """Return a whole HTTP/1.1 response."""
    fields = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
    fields |= headers or {}
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def sends(response: bytes) -> Behaviour:
    """Send these bytes."""

    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(response)
        await writer.drain()

    return behave


def answers(content: str | None, *, finish_reason: str = "stop", refusal: str | None = None) -> Behaviour:
    """Answer with a chat completion that says ``content``."""
    return sends(http_response(json.dumps(completion(content, finish_reason=finish_reason, refusal=refusal)).encode()))


def judges(
    mark: float = 1.0, *, change: Callable[[dict[str, Any]], None] | None = None, model: str = "scripted-2026-11"
) -> Behaviour:
    """Answer every question of the judge, of either mode, with the same mark for each dimension.

    ``change`` is given the answer of grounded mode before it is sent.
    """

    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        if asks_for_evidence(request):
            answer = cited(record_of(request), mark)
            if change is not None:
                change(answer)
            content = json.dumps(answer)
        else:
            content = full_marks(mark)
        body = completion(content) | {"model": model, "system_fingerprint": "fp_scripted"}
        writer.write(http_response(json.dumps(body).encode()))
        await writer.drain()

    return behave


def by_model(behaviours: Mapping[str, Behaviour]) -> Behaviour:
    """Behave by the model that is asked for; one that is not there gives 404."""

    async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
        chosen = behaviours.get(request.json()["model"]) or fails(404, code="model_not_found")
        await chosen(request, writer)

    return behave


def says(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Behaviour:
    """Answer with any body: text as it is, everything else as JSON."""
    data = body if isinstance(body, str) else json.dumps(body)
    return sends(http_response(data.encode(), status, headers))


def fails(
    status: int,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
    message: str = "scripted failure",
) -> Behaviour:
    """Answer with an error as OpenAI writes them."""
    error = {"message": message, "type": "scripted_error", "param": param, "code": code}
    return says({"error": error}, status=status, headers=headers)


def hangs() -> Behaviour:
    """Take the request and never answer."""

    async def behave(_: Request, __: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    return behave


def holds(response: bytes) -> Behaviour:
    """Send these bytes and leave the connection open."""

    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(response)
        await writer.drain()
        await asyncio.Event().wait()

    return behave


def drips(response: bytes, *, every: float = 0.2) -> Behaviour:
    """Send one byte every so many seconds: never silent for long, never done."""

    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        for place in range(len(response)):
            writer.write(response[place : place + 1])
            await writer.drain()
            await asyncio.sleep(every)

    return behave


def resets(part: bytes) -> Behaviour:
    """Send the beginning of a response, then reset the connection (RST, not FIN)."""

    async def behave(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.05)  # so that the part arrives before the reset discards it
        link = writer.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return behave


async def _main(mark: float, port: int) -> None:
    async with ScriptedLLM(judges(mark), port=port) as llm:
        print(llm.base_url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serve the same valid judgement to everyone who asks.")
    parser.add_argument("--mark", type=float, default=0.75, help="the mark of each dimension (default 0.75)")
    parser.add_argument("--port", type=int, default=0, help="0, the default: a free one")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(options.mark, options.port))
