"""Around every request: bodies are bounded while they are read, and one line is logged, without contents."""

import asyncio
import logging
import sqlite3
import time
import traceback
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fixtrail.collector.refusals import Refusal

logger = logging.getLogger("fixtrail.collector")


class BodyLimit:
    """Refuses a body that is too long (413), whether it says so beforehand or not, or that stalls (408)."""

    def __init__(self, app: ASGIApp, *, max_body: int, timeout: float) -> None:
        self.app = app
        self.max_body = max_body
        self.timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdigit() and int(declared) > self.max_body:
            await _answer(self._too_large(), scope, receive, send)
            return
        received = 0
        complete = False

        async def bounded() -> Message:
            nonlocal received, complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout(self.timeout):
                    message = await receive()
            except TimeoutError:
                raise Refusal(408, "collector/timeout", "The rest of the body did not come.") from None
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > self.max_body:
                raise self._too_large()
            return message

        await self.app(scope, bounded, send)

    def _too_large(self) -> Refusal:
        return Refusal(413, "collector/too-large", f"The body is longer than {self.max_body} bytes.")


class RequestLog:
    """Logs one line for each request, and turns what nobody foresaw into a plain 500 or 503."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.monotonic()
        status = 0
        problem: Refusal | None = None

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except ClientDisconnect:
            logger.info("client went away", extra={"fields": {"method": scope["method"]}})
            return
        except sqlite3.Error as error:
            logger.error("storage failed", extra={"fields": {"error": getattr(error, "sqlite_errorname", "")}})
            problem = Refusal(503, "collector/storage", "The trace cannot be stored now.", headers={"Retry-After": "5"})
        except Exception as error:  # noqa: BLE001 - logged here: uvicorn would log the message, which may quote a trace
            logger.error("request failed", extra={"fields": _where(error)})
            problem = Refusal(500, "collector/internal", "The collector failed.")
        if problem is not None:
            if status:
                # The answer has begun: breaking it off is the only honest way to end it.
                raise ConnectionAbortedError("the answer could not be completed")
            await _answer(problem, scope, receive, noting)
        route = getattr(scope.get("route"), "path", None)
        logger.info(
            "request",
            extra={
                "fields": {
                    "method": scope["method"],
                    "route": route,
                    "status": status,
                    "ms": round((time.monotonic() - begun) * 1000, 1),
                }
            },
        )


def _where(error: Exception) -> dict[str, str]:
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return {"error": type(error).__name__, "where": places}


async def _answer(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    await refusal_response(refusal)(scope, receive, send)


def refusal_response(refusal: Refusal) -> JSONResponse:
    """Return the answer for ``refusal``."""
    return JSONResponse(refusal.body(), status_code=refusal.status, headers=refusal.headers)
