"""The names of the images in an archive, and which of them a tag means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..errors import Unsupported, quoted_answer
from ..reference import Reference

_T = TypeVar("_T")

ALONE = "archive one image alone"


@dataclass(frozen=True, kw_only=True)
class Named(Generic[_T]):
    """An image in an archive.

    Args:
        image: the image.
        names: what the archive calls it, the best first.
    """

    image: _T
    names: tuple[str, ...] = ()


def with_tag(images: Sequence[Named[_T]], tag: str, archive: str) -> list[Named[_T]]:
    """Return the images that a tag means: those of this name, else those that Docker means by it.

    Raises:
        Unsupported: there are none.
    """
    exact = [one for one in images if tag in one.names]
    meant = _as_docker_means(tag)
    found = exact or [one for one in images if meant in map(_as_docker_means, one.names)]
    if found:
        return found
    names = _listed(images)
    raise Unsupported(
        f"{archive} holds no image '{tag}', only {names or 'images without a name'}",
        fix="give from_archive one of these as tag=" if names else f"leave out tag= and {ALONE}",
    )


def several(images: Sequence[Named[_T]], archive: str, tag: str | None) -> Unsupported:
    """Return the error for several images without a name to choose by."""
    names = _listed(images)
    told = f"named '{tag}'" if tag else "that are not one index"
    return Unsupported(
        f"{archive} holds {len(images)} images {told}{f' ({names})' if names else ''}",
        fix=f"give from_archive the name of one as tag=, or {ALONE}" if names else ALONE,
    )


def _listed(images: Iterable[Named[_T]]) -> str:
    return quoted_answer(", ".join(repr(one.names[0]) for one in images if one.names))


def _as_docker_means(name: str) -> str:
    try:
        return str(Reference.parse(name))
    except ValueError:
        return name
