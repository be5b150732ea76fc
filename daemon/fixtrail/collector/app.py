"""The REST API: the endpoints and status codes of schema 1.0's service, and what resuming an upload needs."""

import contextlib
import hmac
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
import uuid_utils
from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fixtrail_protocol.trace import TraceHeader
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from fixtrail._version import __version__
from fixtrail.collector.bodies import Close, read_body, read_events, read_new_trace
from fixtrail.collector.config import CollectorConfig
from fixtrail.collector.middleware import BodyLimit, RequestLog, refusal_response
from fixtrail.collector.refusals import Refusal
from fixtrail.collector.storage import Held, Storage
from fixtrail.errors import FixtrailError

logger = logging.getLogger("fixtrail.collector")


def create_app(config: CollectorConfig) -> FastAPI:
    """Return the collector as an ASGI application; its database is open while the application's lifespan lasts.

    Every answer that is not a success is ``{"code", "detail"}``, with ``errors`` for a body that does not fit
    the schema. ``docs/collector.md`` describes the endpoints.
    """
    storage = Storage(config.data_dir)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            await storage.__aenter__()
        except FixtrailError as error:
            app.state.startup_error = error
            raise
        try:
            yield
        finally:
            await storage.__aexit__(None, None, None)

    # The documentation pages load scripts from a content network, and the schema would be open to anyone.
    app = FastAPI(title="fixtrail collector", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.startup_error = None
    app.add_middleware(BodyLimit, max_body=config.max_body, timeout=config.body_timeout)
    app.add_middleware(RequestLog)
    _answer_errors(app)
    _add_open_routes(app, storage)
    _add_trace_routes(app, storage, Authorized(config.token))
    return app


class Authorized:
    """Lets a request pass that presents the token; 401 for any other."""

    def __init__(self, token: str) -> None:
        self._token = token.strip().encode()

    def __call__(self, request: Request) -> None:
        """Check one request."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        # Latin-1 is how the header was decoded: going back gives the client's own bytes.
        right = hmac.compare_digest(given.strip().encode("latin-1"), self._token)
        if scheme.lower() != "bearer" or not right:
            logger.warning("unauthorized", extra={"fields": {"presented": bool(scheme)}})
            raise Refusal(
                401, "collector/unauthorized", "A valid bearer token is needed.", headers={"WWW-Authenticate": "Bearer"}
            )


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(Refusal)
    async def refused(_: Request, refusal: Refusal) -> JSONResponse:
        logger.info("refused", extra={"fields": {"status": refusal.status, "code": refusal.code}})
        return refusal_response(refusal)

    @app.exception_handler(RequestValidationError)
    async def bad_query(_: Request, error: RequestValidationError) -> JSONResponse:
        places = [{"loc": list(found["loc"]), "msg": found["msg"]} for found in error.errors()]
        return refusal_response(Refusal(422, "collector/invalid", "The query is not usable.", errors=places))

    @app.exception_handler(HTTPException)
    async def plain(_: Request, error: HTTPException) -> JSONResponse:
        code = {404: "collector/not-found", 405: "collector/bad-method"}.get(error.status_code, "collector/refused")
        return refusal_response(Refusal(error.status_code, code, f"{error.detail}.", headers=dict(error.headers or {})))


def _add_open_routes(app: FastAPI, storage: Storage) -> None:
    @app.get("/")
    async def root() -> dict[str, str]:
        return {"service": "fixtrail collector", "version": __version__}

    @app.get("/health")
    async def health() -> dict[str, str]:
        await storage.check()
        return {"status": "healthy"}


def _add_trace_routes(app: FastAPI, storage: Storage, authorized: Authorized) -> None:
    guarded: dict[str, Any] = {"dependencies": [Depends(authorized)]}

    @app.post("/traces", **guarded)
    async def create(request: Request) -> JSONResponse:
        header, plain = await run_in_threadpool(read_new_trace, await _body(request))
        events = plain.pop("events", [])
        header.trace_id = header.trace_id or str(uuid_utils.uuid7())
        document = {"schema_version": header.schema_version, "trace_id": header.trace_id} | plain
        taken = await storage.put(TraceHeader.model_construct(**header.__dict__), document, events)
        _log("trace stored", taken.held, accepted=taken.accepted, duplicate=taken.duplicate, new=taken.created)
        return JSONResponse(_status(taken.held), status_code=201 if taken.created else 200)

    @app.post("/traces/{trace_id}/events", **guarded)
    async def append(trace_id: str, request: Request) -> dict[str, Any]:
        await storage.find(trace_id)
        events = await run_in_threadpool(read_events, await _body(request))
        taken = await storage.append(trace_id, events)
        _log("events stored", taken.held, accepted=taken.accepted, duplicate=taken.duplicate)
        return {"accepted": taken.accepted, "duplicate": taken.duplicate, "next_seq": taken.held.next_seq}

    @app.post("/traces/{trace_id}/finalize", **guarded)
    async def finalize(trace_id: str, request: Request) -> Response:
        await storage.find(trace_id)
        close, _ = read_body(await _body(request) or b"{}", Close)
        held = await storage.finalize(trace_id, close.count, close.sha256)
        _log("trace finalized", held, events=held.events)
        if "return=minimal" in request.headers.get("prefer", ""):
            return JSONResponse(_status(held), headers={"Preference-Applied": "return=minimal"})
        return _document(storage, held)

    @app.get("/traces/{trace_id}", **guarded)
    async def get(trace_id: str) -> Response:
        return _document(storage, await storage.find(trace_id))

    @app.get("/traces/{trace_id}/status", **guarded)
    async def status(trace_id: str) -> dict[str, Any]:
        return _status(await storage.find(trace_id))

    @app.get("/traces", **guarded)
    async def listing(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        repo: str | None = None,
        tests_passed: bool | None = None,
    ) -> dict[str, Any]:
        return {"traces": await storage.listing(limit=limit, repo=repo, tests_passed=tests_passed)}


async def _body(request: Request) -> bytes:
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refusal(415, "collector/bad-encoding", "A compressed body is not taken.")
    return await request.body()


def _status(held: Held) -> dict[str, Any]:
    return {"trace_id": held.trace_id, "status": held.status, "events": held.events, "next_seq": held.next_seq}


def _document(storage: Storage, held: Held) -> StreamingResponse:
    return StreamingResponse(_document_parts(storage, held), media_type="application/json")


async def _document_parts(storage: Storage, held: Held) -> AsyncIterator[bytes]:
    header: dict[str, Any] = orjson.loads(held.header)
    results = header.pop("qa_results", {})
    yield orjson.dumps(header)[:-1] + b',"events":['
    separator = b""
    async for page in storage.pages(held):
        yield separator + b",".join(page)
        separator = b","
    yield b'],"qa_results":' + orjson.dumps(results) + b"}"


def _log(what: str, held: Held, **fields: int) -> None:
    logger.info(what, extra={"fields": {"trace": held.trace_id, **fields}})
