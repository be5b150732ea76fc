"""The canonical form of an event, which any language can write: Python's own json gives the same bytes."""

import hashlib
import json

from fixtrail.delivery.digest import EventsDigest, canonical_event

from tests.support.traces import example


def test_the_canonical_form_is_what_the_standard_library_writes():
    for event in example()["events"]:
        assert (
            canonical_event(event)
            == json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        )


def test_nulls_are_left_out_of_the_event_and_kept_in_its_data():
    event = {"seq": 1, "redactions": None, "data": {"b": None, "a": "é\0"}}
    assert canonical_event(event) == b'{"data":{"a":"\xc3\xa9\\u0000","b":null},"seq":1}'


def test_keys_are_sorted_by_code_point_and_not_by_utf_16():
    assert canonical_event({"\U0001f600": 1, "\uffff": 2}) == '{"\uffff":2,"\U0001f600":1}'.encode()


def test_the_digest_is_over_lines():
    digest = EventsDigest()
    digest.update(b'{"seq":1}')
    digest.update(b'{"seq":2}')
    assert digest.count == 2
    assert digest.sha256 == hashlib.sha256(b'{"seq":1}\n{"seq":2}\n').hexdigest()
