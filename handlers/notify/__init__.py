"""Notices to people: chosen events and dead letters, in a chat or by mail, as messages of many lines.

::

    [handlers.notify]
    urls_env = ["OPS_CHAT", "OPS_MAIL"]    # as apprise has them: DingTalk, Feishu, WeCom, Slack, Telegram, mail …
    events = ["refund.rejected"]           # as `yizhan events` lists them; left out: dead letters alone
    dead_letters = true
    window = 60                            # seconds: what comes within them is one message
    lines = 20                             # in a message; the rest are counted
    language = "zh"                        # or "en"
    box = "sqlite:///.yizhan/notify.db"    # where notices wait: any database of SQLAlchemy; or box_env, box_file

A notice is a line, and waits in the box until the window of the oldest is over. Then whoever comes first takes all that
wait and sends them as one message. A delivery ends only once its own line is sent, so none is lost, whatever dies when;
a message whose sender died before it could note so is sent again. Where one channel fails, its lines alone wait.

A line holds ids, amounts, and words that are codes. Names, addresses and what people wrote stay out.
"""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from receiver import Context, Router, TransientFailure
from receiver.errors import RoutingError
from receiver.events import DeadLetter, Event

try:
    import sqlalchemy  # noqa: F401  (the box is made of it)
    from apprise import Apprise
except ModuleNotFoundError as error:
    raise RoutingError(f"there is no module {error.name}; pip install 'yizhan[notify]'") from None

from handlers.choosing import chosen
from handlers.notify.box import Box
from handlers.notify.settings import Notify
from handlers.notify.words import message, sentence

#: Nobody waits for another of its order, and no line that waits is buried for it.
_OPTIONS: dict[str, Any] = {"stale": "run", "ordered": False, "timeout": 60, "max_attempts": 1_000}


def create(settings: Notify) -> Router:
    """One handler of the chosen events, and one of dead letters."""
    for chatty in ("apprise", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)  # their lines hold URLs, and those hold tokens
    # A channel's name in the box and in the log: nobody reads its URL out of it.
    channels = {sha256(url.encode()).hexdigest()[:16]: Apprise(url) for url in settings.urls}
    notices = _Notices(settings, Box(settings.box, window=settings.window), channels)
    router = Router()

    if settings.events:

        @router.on(Event, name="notify.tell", **_OPTIONS)
        def tell(ctx: Context[Event]) -> None:
            """Tell people of an event that they chose."""
            if chosen(ctx.event, settings.events):
                notices.tell(ctx)

    if settings.dead_letters:

        @router.on(DeadLetter, name="notify.tell_dead", **_OPTIONS)
        def tell_dead(ctx: Context[DeadLetter]) -> None:
            """Tell people what was given up."""
            notices.tell(ctx)

    return router


@dataclass(frozen=True, slots=True)
class _Notices:
    settings: Notify
    box: Box
    channels: Mapping[str, Apprise]

    def tell(self, ctx: Context[Event]) -> None:
        """Put the event's line into the box, and send what waits there if it is time. Over once the line is sent."""
        key = str(uuid.uuid5(uuid.UUID(ctx.envelope.id), f"{ctx.event.type} {ctx.event.lane}"))
        self.box.put(key, self.channels, sentence(ctx.event, ctx.envelope.id, self.settings.language))
        lefts = [left for name in self.channels if (left := self._left(ctx, key, name)) is not None]
        if lefts:
            soonest = timedelta(seconds=min(lefts)) or None  # its time has come: then when to try again is the policy's
            raise TransientFailure("waits to be told with others, or for a channel that failed", retry_after=soonest)

    def _left(self, ctx: Context[Event], key: str, name: str) -> float | None:
        """Seconds until a channel may be told; ``None`` once it is."""
        left = self.box.left(key, name)
        if left != 0:
            return left
        taken = self.box.take(name)
        if taken.lines:
            title, body = message(taken.lines, self.settings.lines, self.settings.language)
            if self.channels[name].notify(title=title, body=body):
                self.box.note_sent(taken)
            else:
                ctx.log.warning("notify.not_sent", channel=name, lines=len(taken.lines))
        return self.box.left(key, name)
