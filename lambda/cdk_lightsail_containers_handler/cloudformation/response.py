"""The answer to a request of CloudFormation, and its way there.

What an answer holds and how large it may be:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import cache, partial

import urllib3
from botocore.httpsession import ProxyConfiguration
from botocore.utils import get_environ_proxies

from ..deadline import Deadline, TooLate, in_time
from ..plain_text import shortened, size

LIMIT = 4096
"""Bytes of an answer that CloudFormation reads at most."""

ATTEMPT_SECONDS = 5.0
"""How long an attempt to put an answer takes at most."""

_MOST_ATTEMPTS = 8
_OK = range(200, 300)
_CLIENT_ERROR = range(400, 500)
# It reads all authorities, so the requests of an execution environment share it.
_trusted = cache(ssl.create_default_context)


class Undeliverable(Exception):
    """An answer did not reach CloudFormation; its text holds nothing of the signed URL."""


def encode(answer: Mapping[str, object]) -> bytes:
    """Return the bytes of an answer; one that is too large fails, with as much of a reason as fits.

    Args:
        answer: the answer, with a Reason if it is FAILED.
    """
    body = json.dumps(answer).encode()
    if len(body) <= LIMIT:
        return body
    too_large = f"the answer has {len(body)} bytes, and CloudFormation reads {LIMIT}: shorten names"
    kept = {key: value for key, value in answer.items() if key != "Data"}
    kept |= {"Status": "FAILED", "Reason": ""}
    room = LIMIT - len(json.dumps(kept))
    return json.dumps({**kept, "Reason": _cut(str(answer.get("Reason", too_large)), room)}).encode()


def _cut(reason: str, room: int) -> str:
    """Return a reason that fits, with the fix at its end if there is room for that."""
    problem, colon, fix = reason.rpartition(": ")
    left = room - size(f"{colon}{fix}")
    return f"{shortened(problem, left)}{colon}{fix}" if left > 0 else shortened(reason, room)


def deliver(url: str, body: bytes, deadline: Deadline) -> None:
    """Put an answer where CloudFormation waits for it, again on faults while there is time.

    The signed URL must not reach a log. urllib3 logs the URL of what it repeats itself, so its
    own retries stay off.

    Args:
        url: ResponseURL of the request.
        body: the encoded answer.
        deadline: the moment at which the last attempt must have begun.

    Raises:
        Undeliverable: CloudFormation refused the answer or could not be reached.
    """
    with ExitStack() as opened:
        pools = [opened.enter_context(pool) for pool in _pools(url)]
        for attempt in range(_MOST_ATTEMPTS):
            seconds = min(ATTEMPT_SECONDS, max(deadline.left(), 1.0))
            pool = pools[attempt % len(pools)]
            try:
                status = in_time(partial(_put, pool, url, body, seconds), seconds)
            except (urllib3.exceptions.HTTPError, TooLate) as error:
                fault = type(error).__name__
            else:
                if status in _OK:
                    return
                fault = f"status {status}"
                if status in _CLIENT_ERROR:
                    break
            if not deadline.back_off(attempt):
                break
    raise Undeliverable(f"the answer did not reach CloudFormation ({fault})")


def _pools(url: str) -> Iterator[urllib3.PoolManager]:
    """Return what may send the answer: a proxy as for boto3's calls, and what needs none.

    In a VPC, Amazon S3 may have an endpoint, and a proxy may refuse it.
    """
    with suppress(ValueError, urllib3.exceptions.HTTPError):  # one of them is no address
        proxies = ProxyConfiguration(get_environ_proxies(url))
        if proxy := proxies.proxy_url_for(url):
            headers = proxies.proxy_headers_for(proxy)
            yield urllib3.ProxyManager(proxy, proxy_headers=headers, ssl_context=_trusted())
    yield urllib3.PoolManager(ssl_context=_trusted())


def _put(pool: urllib3.PoolManager, url: str, body: bytes, seconds: float) -> int:
    # Amazon S3 signed the URL for an empty content type.
    headers = {"Content-Type": ""}
    answer = pool.request(
        "PUT", url, body=body, headers=headers, retries=False, redirect=False, timeout=seconds
    )
    return answer.status
