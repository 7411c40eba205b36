"""``yizhan prune``: empty old payloads at once, where the timer of a running process would in time."""

from typing import Annotated

import typer

from receiver.cli import output
from receiver.cli.context import configured, open_store
from receiver.settings import spans

#: Envelopes in one transaction, which acknowledgements wait for.
AT_ONCE = 200


def add_to(app: typer.Typer) -> None:
    app.command()(prune)


def prune(
    context: typer.Context,
    older_than: Annotated[
        str | None, typer.Option(metavar="SPAN", help="90d, 24h …", show_default="retention.payloads")
    ] = None,
) -> None:
    """Empty the payloads of what was received so long ago, and has succeeded or was skipped everywhere.

    Everything else stays: identities, deliveries, attempts, and the payloads of what is dead, unreadable or open. What
    was pruned cannot be replayed. Beside running processes, which do so themselves where retention.payloads is set.
    """
    span = configured(context).settings.retention.payloads if older_than is None else spans.span(older_than)
    if span is None and older_than is not None:
        output.fail(f"--older-than: expected {spans.EXPECTED}")
    if span is None:
        output.fail("nothing says how long payloads are kept: give --older-than 90d, or set retention.payloads")
    envelopes = payload_bytes = 0
    with open_store(context) as store:
        while (pruned := store.prune(span, AT_ONCE)).envelopes:
            envelopes += pruned.envelopes
            payload_bytes += pruned.payload_bytes
    print(f"emptied {envelopes} payloads, {payload_bytes} bytes")
