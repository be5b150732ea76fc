"""What 'fixtrail doctor' and finalize want to know of the engine before anything is run in it."""

from dataclasses import replace

from fixtrail.errors import FixtrailError
from fixtrail.qa.sandbox.endpoint import endpoints
from fixtrail.qa.sandbox.engine import Engine, check_runtime, connect, engine_trouble, explain
from fixtrail.qa.sandbox.job import EngineStatus


def status(image: str, runtime: str | None = None) -> EngineStatus:
    """Ask the engine for itself, for ``image`` and ``runtime``; whatever is wrong stands in the answer."""
    known = EngineStatus(reachable=False, image=image)
    try:
        known = replace(known, endpoint=endpoints()[0].url)
        with connect() as engine:
            known = replace(
                known,
                reachable=True,
                name=engine.name,
                version=engine.version,
                api=engine.api,
                endpoint=engine.endpoint.url,
            )
            return _details(engine, known, runtime)
    except FixtrailError as error:
        return replace(known, error_code=error.code, reason=error.message, hint=error.hint)
    except Exception as error:  # noqa: BLE001  'doctor' is what one turns to when everything else failed
        return replace(known, error_code="docker/engine-error", reason=f"The engine cannot be asked: {explain(error)}.")


def _details(engine: Engine, known: EngineStatus, runtime: str | None) -> EngineStatus:
    with engine_trouble("telling about itself"):
        facts = engine.facts()
    known = replace(
        known,
        cgroup_version=facts.cgroup_version,
        storage_driver=facts.storage_driver,
        unenforced=tuple(facts.unenforced),
        runtime=runtime or facts.default_runtime,
        seccomp=facts.seccomp,
    )
    try:
        with engine_trouble("telling its runtimes"):
            check_runtime(engine, runtime)
        with engine_trouble("looking for the image", known.image):
            engine.client.inspect_image(known.image)  # type: ignore[no-untyped-call]
    except FixtrailError as error:
        missing = error.code == "docker/image-missing"
        known = replace(known, image_present=False if missing else None)
        return replace(known, error_code=error.code, reason=error.message, hint=error.hint)
    return replace(known, image_present=True)
