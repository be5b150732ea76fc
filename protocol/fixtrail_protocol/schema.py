"""Write ``protocol/schema`` from the models: ``python -m fixtrail_protocol.schema DIRECTORY``."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from fixtrail_protocol.rpc import NOTIFICATIONS, REQUESTS, ErrorData
from fixtrail_protocol.trace import Trace

DIALECT = "https://json-schema.org/draft/2020-12/schema"


_GENERIC = re.compile(r"(Incoming|Recorded)Event_Literal__\w+?___(\w+?)Data_")
"""How pydantic names a parametrized generic; a reader of the schema wants ``CodeEdit`` and ``CodeEditIncoming``."""


def _plain_name(match: re.Match[str]) -> str:
    return match[2] + ("Incoming" if match[1] == "Incoming" else "")


def trace_schema() -> dict[str, Any]:
    """Return the JSON Schema of the trace document (1.1; it takes 1.0 as well)."""
    return {"$schema": DIALECT, "title": "Trace", **Trace.model_json_schema()}


def rpc_schema() -> dict[str, Any]:
    """Return one JSON Schema with a definition for every message body, and a map of the methods."""
    named: dict[str, type[BaseModel]] = {model.__name__: model for pair in REQUESTS.values() for model in pair}
    named |= {model.__name__: model for model in NOTIFICATIONS.values()}
    messages = [named[name] for name in sorted(named)]
    inputs: list[Any] = [(model, "validation") for model in (*messages, ErrorData)]
    _, schema = models_json_schema(inputs, by_alias=True)
    return {
        "$schema": DIALECT,
        "title": "FixtrailRpc",
        "requests": {name: {"params": p.__name__, "result": r.__name__} for name, (p, r) in REQUESTS.items()},
        "notifications": {name: model.__name__ for name, model in NOTIFICATIONS.items()},
        **schema,
    }


def write(directory: Path) -> None:
    """Write both schemas into ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, schema in (("trace.schema.json", trace_schema()), ("rpc.schema.json", rpc_schema())):
        text = _GENERIC.sub(_plain_name, json.dumps(schema, indent=2, ensure_ascii=False))
        (directory / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m fixtrail_protocol.schema DIRECTORY")
    write(Path(sys.argv[1]))
