"""The web application: verify, commit, acknowledge. It knows no handler and talks to no broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from receiver import garbage
from receiver.accounts import Account
from receiver.endpoint import DEADLINE, CallbackEndpoint
from receiver.errors import StoreUnavailable
from receiver.front import Front
from receiver.inbox import Inbox
from receiver.metrics import Metrics
from receiver.sources.base import Source
from receiver.store.base import Store

log = structlog.stdlib.get_logger()


def create(
    *,
    store: Store,
    accounts: Mapping[str, tuple[Account, Source]],
    metrics: Metrics,
    max_body: int,
    on_commit: Callable[[int], None] = lambda _rows: None,
    alive: Callable[[], bool] = lambda: True,
) -> Front:
    """The application over an open store, which it does not close. ``alive`` is of what else this process does."""
    max_rates = {name: account.max_rate for name, (account, _) in accounts.items() if account.max_rate is not None}

    def committed(rows: int) -> None:
        metrics.committed(rows)
        on_commit(rows)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        inbox = Inbox(store, max_rates=max_rates, on_commit=committed)
        front.endpoint = CallbackEndpoint(accounts=accounts, inbox=inbox, metrics=metrics, max_body=max_body)
        garbage.freeze()
        try:
            yield
        finally:
            await inbox.close()

    async def readyz(_request: Request) -> Response:
        if front.draining:
            return JSONResponse({"status": "draining"}, status_code=503)
        try:
            async with asyncio.timeout(DEADLINE):
                await asyncio.to_thread(store.ready)  # its threads stay, as do the connections a store keeps for each
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("readiness.failed", error=str(error) or "the store stands still")
            return JSONResponse({"status": "unavailable"}, status_code=503)
        return JSONResponse({"status": "ready"})

    app = Starlette(routes=[Route("/readyz", readyz), *watching(metrics, alive)], lifespan=lifespan)
    app.router.redirect_slashes = False  # a redirect stops no redelivery; nor does a 404, but that is noticed
    front = Front(app)
    return front


def watching(metrics: Metrics, alive: Callable[[], bool]) -> list[Route]:
    """What every process is watched by."""

    async def healthz(_request: Request) -> Response:
        if alive():
            return JSONResponse({"status": "alive"})
        return JSONResponse({"status": "stuck"}, status_code=503)

    async def exposition(_request: Request) -> Response:
        text = await asyncio.to_thread(metrics.exposition)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    return [Route("/healthz", healthz), Route("/metrics", exposition)]
