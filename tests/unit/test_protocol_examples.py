"""The golden documents: what a trace looks like, checked by the models and by the published JSON Schema."""

import typing

import jsonschema
import orjson
import pytest
from fixtrail_protocol.events import EVENT_TYPES_1_0, Event, EventType
from fixtrail_protocol.qa import QaResults
from fixtrail_protocol.trace import Trace

from tests.support.traces import EXAMPLES, SCHEMA, example

NAMES = ("recorded-1.1.json", "seed-1.0.json")


def test_every_example_is_tested():
    assert sorted(path.name for path in EXAMPLES.iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_fits_the_model(name):
    text = (EXAMPLES / name).read_bytes()
    trace = Trace.model_validate_json(text)
    assert trace.events
    # Strict and loses nothing: what the model read is in the document, field by field.
    assert trace.model_dump(mode="json", exclude_unset=True) == orjson.loads(text)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_fits_the_json_schema(name):
    schema = orjson.loads(SCHEMA.read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(example(name))


def test_the_json_schema_refuses_what_the_model_refuses():
    validator = jsonschema.Draft202012Validator(orjson.loads(SCHEMA.read_bytes()))
    document = example()
    document["events"][3]["data"].pop("command")
    assert not validator.is_valid(document)
    with pytest.raises(ValueError, match="command"):
        Trace.model_validate_json(orjson.dumps(document))


def test_every_event_type_has_an_example():
    recorded = {event["event_type"] for event in example()["events"]}
    assert recorded == set(typing.get_args(EventType))
    seed = {event["event_type"] for event in example("seed-1.0.json")["events"]}
    assert seed == set(EVENT_TYPES_1_0)


def test_no_example_has_a_field_that_the_models_do_not_name():
    def extras(model, path=""):
        for name in model.model_extra or {}:
            yield f"{path}.{name}"
        for name in type(model).model_fields:
            value = getattr(model, name)
            for part in value if isinstance(value, list) else [value]:
                if hasattr(part, "model_extra"):
                    yield from extras(part, f"{path}.{name}")

    for name in NAMES:
        assert list(extras(Trace.model_validate(example(name), strict=False))) == []


def test_the_documentation_names_every_event_type_and_every_field():
    text = (EXAMPLES.parents[1] / "docs" / "trace-format.md").read_text(encoding="utf-8")
    for name in (*typing.get_args(EventType), *Trace.model_fields, *QaResults.model_fields):
        assert f"`{name}`" in text, name
    for fields in _data_fields():
        assert not [name for name in fields if f"`{name}`" not in text]


def _data_fields():
    union, _ = typing.get_args(Event)
    return [set(model.model_fields["data"].annotation.model_fields) for model in typing.get_args(union)]
