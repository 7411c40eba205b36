"""A request's body is read whole or not kept."""

import tracemalloc
from collections import deque
from collections.abc import Iterable

import pytest
from starlette.types import Message

from receiver.body import RestToCome, SenderGone, discard_rest, read_body
from receiver.errors import BodyTooLarge

pytestmark = pytest.mark.anyio

GONE: Message = {"type": "http.disconnect"}


def part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


class Script:
    """What the server hands over, in order; asking for more fails."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self.left = deque(messages)

    async def __call__(self) -> Message:
        return self.left.popleft()


def length(value: int | str) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"x"), (b"content-length", str(value).encode())]


@pytest.mark.parametrize(
    "messages",
    [
        [part(b"abcdef", more=False)],
        [part(b"ab"), part(b"cd"), part(b"ef", more=False)],
        [part(b""), part(b"abcdef"), part(b"", more=False)],
        [part(b"abcdef"), {"type": "http.request"}],
    ],
)
async def test_body_is_put_together_in_order(messages: list[Message]) -> None:
    receive = Script(messages)
    assert await read_body(receive, [], 6) == b"abcdef"
    assert not receive.left


async def test_missing_body_is_empty() -> None:
    assert await read_body(Script([{"type": "http.request"}]), [], 6) == b""


async def test_declared_length_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(RestToCome) as refused:
        await read_body(Script([]), length(7), 6)
    assert refused.value.size == 0


async def test_sender_that_asked_first_has_nothing_on_its_way() -> None:
    with pytest.raises(BodyTooLarge) as refused:
        await read_body(Script([]), [*length(7), (b"expect", b"100-Continue")], 6)
    assert not isinstance(refused.value, RestToCome)


async def test_sender_that_asked_first_may_send_what_fits() -> None:
    body = await read_body(Script([part(b"abcdef", more=False)]), [*length(6), (b"expect", b"100-continue")], 6)
    assert body == b"abcdef"


@pytest.mark.parametrize("declared", ["", "six", "-7", "+7", "7, 7", "\u0667"])
async def test_declared_length_that_is_no_number_promises_nothing(declared: str) -> None:
    assert await read_body(Script([part(b"abcdef", more=False)]), length(declared), 6) == b"abcdef"


async def test_declared_length_beyond_any_number_is_too_large() -> None:
    with pytest.raises(RestToCome):
        await read_body(Script([]), length("9" * 5_000), 6)


async def test_undeclared_body_is_refused_as_soon_as_it_is_too_large() -> None:
    receive = Script([part(b"abcd"), part(b"efg"), part(b"unread")])
    with pytest.raises(RestToCome) as refused:
        await read_body(receive, [], 6)
    assert refused.value.size == 7
    assert len(receive.left) == 1


async def test_body_whose_last_part_is_too_much_leaves_no_rest() -> None:
    with pytest.raises(BodyTooLarge) as refused:
        await read_body(Script([part(b"abcd"), part(b"efg", more=False)]), [], 6)
    assert not isinstance(refused.value, RestToCome)


@pytest.mark.parametrize("messages", [[GONE], [part(b"ab"), GONE]])
async def test_sender_that_hangs_up_is_gone(messages: list[Message]) -> None:
    with pytest.raises(SenderGone):
        await read_body(Script(messages), length(6), 6)


async def test_nothing_over_the_limit_is_kept() -> None:
    kib = 1024
    limit = 256 * kib

    async def receive() -> Message:
        return part(bytes(64 * kib))

    tracemalloc.start()
    try:
        with pytest.raises(RestToCome) as refused:
            await read_body(receive, [], limit)
        _, peak = tracemalloc.get_traced_memory()
        assert peak < limit + 2 * 64 * kib
        await discard_rest(receive, refused.value, limit)
        kept, _ = tracemalloc.get_traced_memory()
        assert kept < 2 * 64 * kib
    finally:
        tracemalloc.stop()


async def test_rest_is_discarded_to_its_end() -> None:
    receive = Script([part(b"a" * 9), part(b"b" * 9, more=False), part(b"next request")])
    await discard_rest(receive, RestToCome(0), 6)
    assert len(receive.left) == 1


async def test_rest_is_discarded_up_to_eight_times_the_limit() -> None:
    receive = Script(part(b"a" * 6) for _ in range(20))
    await discard_rest(receive, RestToCome(12), 6)
    assert 20 - len(receive.left) == 6


async def test_sender_that_hangs_up_leaves_no_rest() -> None:
    await discard_rest(Script([part(b"a"), GONE]), RestToCome(0), 6)
