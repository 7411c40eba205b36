"""``/sandbox/…``: what a person or a test sees and does behind the platform's back. Not signed."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

import orjson
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from receiver.sandbox.desk import Desk
from receiver.sandbox.faults import Fault
from receiver.sandbox.operations import operations
from receiver.sandbox.push import Push
from receiver.sandbox.stories import STORIES, play

PATHS: Final = (
    "GET /sandbox/state",
    "GET /sandbox/operations",
    "GET /sandbox/stories",
    "POST /sandbox/play/{story}?account=&pace=",
    "GET, POST, DELETE /sandbox/faults",
)


def routes(desk: Desk) -> list[Route]:
    def faults(request: Request, body: bytes) -> Response:
        if request.method == "DELETE":
            desk.faults.clear()
        elif request.method == "POST":
            try:
                desk.faults.add(Fault.model_validate_json(body))
            except ValidationError as error:
                problems = error.errors(include_url=False, include_context=False, include_input=False)
                return _json({"problems": problems}, status=400)
        return _json([fault.model_dump(exclude_none=True) for fault in desk.faults.all()])

    async def changed_faults(request: Request) -> Response:
        return faults(request, await request.body())

    async def played(request: Request) -> Response:
        name, account = request.path_params["story"], request.query_params.get("account")
        try:
            pace = float(request.query_params.get("pace", "0"))
        except ValueError:
            return _json({"problem": "pace: expected seconds"}, status=400)
        if name not in STORIES or account not in (None, *desk.accounts):
            return _json({"problem": "no such story or account", "stories": list(STORIES)}, status=404)
        cast = await asyncio.to_thread(play, name, desk, account=account, pace=pace)
        return _json({"story": name, "order_id": cast.order_id, "refund_id": cast.refund_id or None})

    return [
        Route("/sandbox/state", _shown(lambda: _state(desk))),
        Route("/sandbox/operations", _shown(lambda: [asdict(operation) for operation in operations()])),
        Route("/sandbox/stories", _shown(lambda: {name: story.title for name, story in STORIES.items()})),
        Route("/sandbox/play/{story}", played, methods=["POST"]),
        Route("/sandbox/faults", changed_faults, methods=["GET", "POST", "DELETE"]),
    ]


def _shown(read: Callable[[], Any]) -> Callable[[Request], Any]:
    async def show(_request: Request) -> Response:
        return _json(read())

    return show


def _state(desk: Desk) -> dict[str, Any]:
    with desk.state.lock:
        return {
            "orders": [{**asdict(order), "status": order.word} for order in desk.state.orders.all()],
            "refunds": [asdict(refund) for refund in desk.state.refunds.all()],
            "pushes": [shown(push) for push in list(desk.pusher.pushes)],
            "calls": [asdict(call) for call in list(desk.api.calls)],
        }


def shown(push: Push) -> dict[str, Any]:
    """As ``/sandbox/state`` tells it."""
    told = push.news
    return {
        "number": push.number,
        "account": told.order.account,
        "topic": told.topic,
        "order_id": told.order.id,
        "refund_id": told.refund.id if told.refund else None,
        "action": told.action,
        "word": told.word,
        "state": push.state,
        "attempts": [asdict(attempt) for attempt in list(push.attempts)],
    }


def _json(value: Any, *, status: int = 200) -> Response:
    return Response(orjson.dumps(value, option=orjson.OPT_UTC_Z), status, media_type="application/json")
