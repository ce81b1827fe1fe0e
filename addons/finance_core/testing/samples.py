"""Hostile payloads: FAULTS 15 to 19, and well-formed ones of the wrong shape."""

import copy
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType

_DEEP = 100_000

#: Nothing that reads JSON for money may accept these.
MALFORMED_JSON: Mapping[str, bytes] = MappingProxyType(
    {
        "empty": b"",
        "blank": b" \n",
        "FAULTS 15 deep lists": b"[" * _DEEP + b"]" * _DEEP,
        "FAULTS 15 deep objects": b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
        "FAULTS 15 deep and open": b"[" * _DEEP,
    }
)

#: Nor these, as a first member of an object that is good otherwise.
MALFORMED_MEMBERS: Mapping[str, bytes] = MappingProxyType(
    {
        "FAULTS 15 deep value": b'"x":' + b"[" * _DEEP + b"]" * _DEEP,
        "FAULTS 16 invalid UTF-8": b'"x":"\xff\xfe"',
        "FAULTS 16 overlong UTF-8": b'"x":"\xc0\xaf"',
        "FAULTS 16 lone surrogate": b'"x":"\\ud800"',
        "FAULTS 17 NaN": b'"x":NaN',
        "FAULTS 17 Infinity": b'"x":Infinity',
        "FAULTS 17 -Infinity": b'"x":-Infinity',
        "FAULTS 18 huge integer": b'"x":' + b"9" * 4000,
        "FAULTS 18 huge exponent": b'"x":1e400',
        "FAULTS 18 tiny exponent": b'"x":1e-400',
        "FAULTS 19 duplicate key": b'"x":1,"x":1',
        "FAULTS 19 escaped duplicate": b'"x":1,"\\u0078":1',
    }
)

#: Readable, but nothing any system sends.
ODD: Mapping[str, bytes] = MappingProxyType(
    {
        "null": b"null",
        "true": b"true",
        "number": b"1",
        "text": b'"x"',
        "list": b"[]",
        "list of lists": b"[[[]]]",
        "object": b"{}",
        "null id": b'{"id": null}',
        "id of another kind": b'{"id": {"id": 1}}',
        "zero bytes": b"\x00" * 64,
        "markup": b"<?xml version='1.0'?><a/>",
        "entities": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        "form": b"id=x&amount=1",
        "FAULTS 18 float money": b'{"id": "x", "amount": 0.1}',
    }
)

ODD_VALUES = (
    None,
    True,
    "",
    "x",
    "\x00",
    "\u202e" * 300,
    "NaN",
    "1e400",
    -1,
    0,
    10**30,
    [],
    [None],
    {},
    {"id": None},
)


def malformed(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Copies of a good JSON ``body``, each with one thing strict JSON does not have,
    and what that is: where nobody looks, so that only strict reading finds it."""
    yield "cut off", body.rstrip()[:-1]
    yield "trailing text", body + body
    yield "FAULTS 16 byte order mark", b"\xef\xbb\xbf" + body
    yield "FAULTS 16 UTF-16", body.decode().encode("utf-16")
    start, brace, rest = body.partition(b"{")
    for name, member in MALFORMED_MEMBERS.items() if brace else ():
        yield name, start + brace + member + b"," + rest


def spoilt(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Copies of a JSON ``body``, each with one value taken away or replaced by one
    of ODD_VALUES, and what was done. Nothing for a body that is not JSON."""
    try:
        content = json.loads(body)
    except ValueError:
        return
    for path in list(_paths(content)):
        place = "/".join(map(str, path))
        yield f"without {place}", _dump(_changed(content, path))
        for value in ODD_VALUES:
            yield f"{place} = {value!r:.20}", _dump(_changed(content, path, value))


def _paths(content: object, path: tuple = ()) -> Iterator[tuple]:
    """Where values inside ``content`` are, in keys and positions. Of a list only
    the first: its siblings are read by the same code."""
    inner = content.items() if isinstance(content, dict) else ()
    if isinstance(content, list):
        inner = enumerate(content[:1])
    for key, value in inner:
        yield (*path, key)
        yield from _paths(value, (*path, key))


def _changed(content: object, path: tuple, *value: object) -> object:
    """A copy of ``content`` with ``value``, or nothing, at ``path``."""
    whole = copy.deepcopy(content)
    part = whole
    for key in path[:-1]:
        part = part[key]
    if value:
        part[path[-1]] = value[0]
    else:
        del part[path[-1]]
    return whole


def _dump(content: object) -> bytes:
    return json.dumps(content).encode()
