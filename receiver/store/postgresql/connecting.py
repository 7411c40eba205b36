"""How the server is reached: by what parameters, and what its errors may say.

Connections go to the server itself or through a pooler in session mode: the settings below belong to a session.
"""

import psycopg
from psycopg import conninfo

from receiver.errors import StoreUnavailable

#: No acknowledgement waits longer than 700 ms; a statement that hangs must not keep the next batch for ever.
PUT_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 30_000
#: What waits for a lane waits for short transactions.
_LOCK_TIMEOUT_MS = 5_000
#: A process that stands still in a transaction holds lanes and rows of others.
_IDLE_TIMEOUT_MS = 30_000

_PARAMETERS = {
    "connect_timeout": "5",
    "application_name": "yizhan",
    # A server that vanished without a word is noticed within half a minute, and within ten seconds by who wrote to it.
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}


def parameters(url: str, *, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> str:
    """What to connect with. What the URL says of the network holds, what promises rest on does not depend on it.

    Raises ``StoreUnavailable`` for a URL that libpq cannot read.
    """
    try:
        given = conninfo.conninfo_to_dict(url)
        _ = [int(port) for port in str(given.get("port", "5432")).split(",")]
    except (psycopg.Error, ValueError):
        # Its text quotes the URL, and so perhaps a password that is not percent-encoded.
        raise StoreUnavailable("store.url is no URL that PostgreSQL's client can read") from None
    ours = {
        "synchronous_commit": "on",  # a 200 means committed, whatever the server's default is
        # Who waited for a lane must see what its holder committed meanwhile.
        "default_transaction_isolation": r"read\ committed",
        "statement_timeout": statement_timeout_ms,
        "lock_timeout": _LOCK_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": _IDLE_TIMEOUT_MS,
    }
    options = " ".join([str(given.pop("options", "")), *(f"-c {name}={value}" for name, value in ours.items())])
    return conninfo.make_conninfo("", **{**_PARAMETERS, **given, "options": options.strip()})


def unavailable(error: psycopg.Error) -> StoreUnavailable:
    """Without the error's detail, which quotes rows: its kind and first line."""
    said = error.diag.message_primary or str(error).partition("\n")[0]
    ours = StoreUnavailable(f"PostgreSQL: {type(error).__name__}: {said}")
    ours.__cause__ = error
    return ours
