"""JSON of every shape, and documents with parts that have become something else."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

# Also half a character: JSON may hold it, and nothing can write it as UTF-8.
strings = st.text(st.characters(), max_size=20)
# What shows code that takes anything for a number or a string, or forgets how long they get.
_TELLING = st.sampled_from(
    [
        *(None, True, False, 0, -1, 1, 65536, 2**31, 2**63, 10**400, 1.5, 1e308, -0.0),
        *(float("nan"), float("inf"), "", " ", "\n", "0", "-1", "1e3", "1" * 5000, "x" * 5000),
        *("\\r\nX: y", "\x00", "\ud800", "٣", "²", "web", ":shop.web.1", "sha256:" + "0" * 64),
        *([], {}, [[]], {"": None}, [None] * 1001, {"a": {"b": {"c": {}}}}),
    ]
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.floats(0, 99), strings, _TELLING
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(strings, inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def changed(draw: st.DrawFn, document: Any, most: int = 3) -> Any:
    """Return a document with some parts replaced, taken away, doubled, or under another name."""
    whole = {"document": copy.deepcopy(document)}
    for _ in range(draw(st.integers(1, most))):
        holder, key = draw(st.sampled_from(list(_places(whole))))
        what = draw(st.sampled_from(["replace", "replace", "drop", "nest", "rename"]))
        if what == "replace" or holder is whole:
            holder[key] = copy.deepcopy(draw(values))
        elif what == "drop":
            del holder[key]
        elif what == "nest":
            holder[key] = draw(st.sampled_from([[holder[key]], {"x": holder[key]}]))
        elif isinstance(holder, dict):
            holder[draw(strings)] = holder.pop(key)
        else:
            holder.append(holder[key])
    return whole["document"]


def deep(depth: int = 100_000) -> bytes:
    """Return JSON that is deeper than anything that reads it."""
    return b"[" * depth


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Each part of a document, as what holds it and its key or index there."""
    keys: Any = holder if isinstance(holder, dict) else range(len(holder))
    for key in list(keys):
        yield holder, key
        if isinstance(holder[key], dict | list):
            yield from _places(holder[key])
