"""The web application: verify, commit, acknowledge. It knows no handler and talks to no broker."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable, Mapping

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from receiver.accounts import Account
from receiver.endpoint import DEADLINE, CallbackEndpoint
from receiver.errors import StoreUnavailable
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
    on_commit: Callable[[], None] = lambda: None,
) -> Starlette:
    """The application over an open store, which it does not close."""
    max_rates = {name: account.max_rate for name, (account, _) in accounts.items() if account.max_rate is not None}

    def committed(rows: int) -> None:
        metrics.committed(rows)
        on_commit()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        inbox = Inbox(store, max_rates=max_rates, on_commit=committed)
        endpoint = CallbackEndpoint(accounts=accounts, inbox=inbox, metrics=metrics, max_body=max_body)
        app.router.routes.insert(0, Route("/callbacks/{account}", endpoint, include_in_schema=False))
        # What is alive by now stays alive: a collector that walks it again and again costs the ack path a seventh.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        try:
            yield
        finally:
            await inbox.close()

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_request: Request) -> Response:
        try:
            async with asyncio.timeout(DEADLINE):
                await asyncio.to_thread(store.ready)  # its threads stay, as do the connections a store keeps for each
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("readiness.failed", error=str(error) or "the store stands still")
            return JSONResponse({"status": "unavailable"}, status_code=503)
        return JSONResponse({"status": "ready"})

    async def exposition(_request: Request) -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    app = Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", exposition)],
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirect stops no redelivery; nor does a 404, but that is noticed
    return app
