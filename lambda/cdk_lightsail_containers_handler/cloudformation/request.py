"""A request as it reaches the function: CloudFormation's, or nobody's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

# What an answer holds has to fit into it.
_LONGEST_ID = 1024
_EVENT_KEYS = {"ResponseURL": 8192, "StackId": 512, "RequestId": 255, "LogicalResourceId": 255}


def checked(event: Any) -> dict[str, Any]:
    """Return what is known of a request; raise what there is no way to answer."""
    given = event if isinstance(event, dict) else {}
    missing = [key for key, most in _EVENT_KEYS.items() if not _is_text(given.get(key), most)]
    if missing:
        raise ValueError(f"not a request of CloudFormation, it has no {', '.join(missing)}")
    # Whoever else may invoke the function must not have it put something wherever they like.
    url = urlsplit(str(event["ResponseURL"]))
    if url.scheme != "https" and url.hostname != "127.0.0.1":
        raise ValueError("not a request of CloudFormation, its ResponseURL is not https")
    # crhelper acts on keys of its own in the request, and needs a type to answer at all.
    own = {key: value for key, value in given.items() if not key.startswith("CrHelper")}
    if not _is_text(own.get("PhysicalResourceId"), _LONGEST_ID):
        own.pop("PhysicalResourceId", None)  # it would be the answer's, too
    return {"RequestType": None, **own}


def sent_at(event: Mapping[str, Any]) -> float | None:
    """Return when CloudFormation sent a request, in whole seconds since the epoch.

    A request has no date of its own, but CloudFormation signs its ResponseURL right before:
    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html

    Returns:
        None for a ResponseURL that is signed in another way.
    """
    (date,) = parse_qs(urlsplit(str(event["ResponseURL"])).query).get("X-Amz-Date", [""])[:1]
    try:
        return datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= most
