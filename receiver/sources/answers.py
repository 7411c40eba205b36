"""What an answer's HTTP status means, alike for every source; their own codes are read in their ``requests.py``."""

from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from receiver import exact
from receiver.errors import (
    ApiAuthenticationError,
    ApiRateLimited,
    ApiRefused,
    ApiUnavailable,
    ApiUnexpectedAnswer,
    ApiUnknownId,
    HandlerFailure,
)
from receiver.exchange import Response

_SUCCESSES = range(200, 300)
_REFUSALS = range(400, 500)
_OUTAGES = range(500, 600)
#: A platform may name a day by mistake; what it names is asked of it again by then.
_LONGEST_WAIT = timedelta(hours=1)
#: A code is a word or a number; a sentence in its place may hold anything.
_LONGEST_CODE = 64


def check_status(response: Response) -> None:
    """Raises what a status other than success means. A redirect is an answer that nobody documents."""
    if response.status in _SUCCESSES:
        return
    raise meaning(str(response.status), response) or ApiUnexpectedAnswer(f"HTTP status {response.status}")


def meaning(code: str, response: Response) -> HandlerFailure | None:
    """What a code means that is one of HTTP, be it the status itself or in the body; ``None`` if it is none of them."""
    number = int(code) if code.isascii() and code.isdigit() and len(code) == len("500") else 0
    if number in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return ApiAuthenticationError(f"the platform refuses key, signature, clock or user id ({code})")
    if number == HTTPStatus.NOT_FOUND:
        return ApiUnknownId(f"the platform knows no such thing ({code})")
    if number == HTTPStatus.TOO_MANY_REQUESTS:
        return ApiRateLimited("too many calls, says the platform", retry_after=retry_after(response))
    if number in _OUTAGES or number == HTTPStatus.REQUEST_TIMEOUT:
        return ApiUnavailable(f"the platform cannot now ({code})", retry_after=retry_after(response))
    if number in _REFUSALS:
        return ApiRefused(f"the platform refuses the call ({code})", code=code)
    return None


def document(response: Response) -> dict[str, object]:
    """The JSON object in the body. Raises ``ApiUnexpectedAnswer``."""
    try:
        found = exact.loads(response.body)
    except exact.NotJson:
        raise ApiUnexpectedAnswer("the answer is no JSON") from None
    if not isinstance(found, dict):
        raise ApiUnexpectedAnswer("the answer is no JSON object")
    return found


def code(value: object) -> str | None:
    """A code as text, ``None`` if it is none."""
    found = exact.identifier(value)
    return found if found is not None and len(found) <= _LONGEST_CODE and found.isprintable() else None


def retry_after(response: Response) -> timedelta | None:
    """Seconds or a date (RFC 9110, section 10.2.3), which is counted from the answer's own; else ``None``."""
    text = response.header("retry-after") or ""
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        left = parsedate_to_datetime(text) - parsedate_to_datetime(response.header("date") or "")
    except (ValueError, TypeError, OverflowError):  # TypeError: only one of them has a zone
        return None
    return min(max(left, timedelta(0)), _LONGEST_WAIT)
