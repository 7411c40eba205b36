"""The head of a lane: of one handler's deliveries for one order or refund, the first that has not ended."""

import apsw


def advance(connection: apsw.Connection, handler: str, lane: str | None) -> None:
    """A head has ended: the next of its lane may go."""
    if lane is None:
        return
    connection.execute(
        "UPDATE delivery SET head = 1 WHERE id ="
        " (SELECT min(id) FROM delivery WHERE lane = ? AND handler = ? AND state IN ('due', 'offered', 'running'))",
        (lane, handler),
    )
