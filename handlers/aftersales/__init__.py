"""Rules that answer what becomes of a refund: a message into its thread, once, and a dead letter if no answer comes.

::

    [handlers.aftersales]
    language = "zh"                       # which text of a rule is sent
    dry_run = true                        # say in the log what would be sent, and send nothing

    [[handlers.aftersales.rules]]
    name = "ask-why"                      # its deliveries are those of the handler aftersales.ask-why
    on = "refund.rejected"                # as `yizhan events` lists them
    reason_contains = ["质量"]            # conditions, all of which must hold
    amount_at_least = 20                  # yuan
    text = {zh = "退款 {refund_id} 为何被拒绝", en = "Why was refund {refund_id} rejected?"}
    answer_within = "24h"                 # or else the delivery of aftersales.ask-why.late is dead

Taobao alone: 1688 has no thread. The refund is read first, since the event may be old news: a rule that is late for a
refund that has moved on does nothing.
"""

from datetime import UTC, datetime, timedelta

from handlers.aftersales.rules import EVENTS, Aftersales, Rule, Thread, filled, values
from receiver import Context, PermanentFailure, Router, TransientFailure
from receiver.api.results import Refund, RefundMessage, says
from receiver.events import RefundEvent
from receiver.sources.moments import moment


def create(settings: Aftersales) -> Router:
    """A handler for each rule, and one more for each that waits for an answer."""
    router = Router()
    for rule in settings.rules:
        _add(router, rule, settings)
    return router


def _add(router: Router, rule: Rule, settings: Aftersales) -> None:
    template = rule.text[settings.language]

    @router.on(EVENTS[rule.on], name=f"aftersales.{rule.name}", platform=rule.platform)
    def send(ctx: Context[RefundEvent]) -> None:
        """Send the text of a rule to the seller, once a refund."""
        refund = _to_answer(ctx, rule)
        if refund is None:
            return
        known = values(ctx.event, refund)
        if settings.dry_run:  # the reason may be in anybody's words: it stays out of the log
            ctx.log.info("aftersales.would_send", text=filled(template, {**known, "reason": "{reason}"}))
            return
        ctx.api.send_refund_message(ctx.event.refund_id, filled(template, known), once=f"rule:{rule.name}")

    if rule.answer_within is None or settings.dry_run:
        return
    within = rule.answer_within

    # Of its own: while it waits, it holds the next event of the refund for itself alone.
    @router.on(EVENTS[rule.on], name=f"aftersales.{rule.name}.late", platform=rule.platform)
    def late(ctx: Context[RefundEvent]) -> None:
        """Wait for the seller's answer to a rule's text; without one in time this delivery dies, to be seen."""
        refund = _to_answer(ctx, rule)
        if refund is None:
            return
        messages = ctx.api.refund_messages(ctx.event.refund_id)
        text = filled(template, values(ctx.event, refund))
        asked = next((_written(row, settings.thread) for row in messages if says(row.raw, text)), None)
        since = asked or ctx.envelope.received_at
        if _seller_wrote(messages, since, settings.thread):
            return
        left = since + within - datetime.now(UTC)
        if left > timedelta(0):
            raise TransientFailure("waits for the seller's answer", retry_after=left)
        ctx.log.warning("aftersales.answer_late", rule=rule.name, since=since.isoformat(), asked=asked is not None)
        raise PermanentFailure(f"the seller has neither written nor decided within {within}; look at the refund")


def _to_answer(ctx: Context[RefundEvent], rule: Rule) -> Refund | None:
    """The refund as it is now; ``None`` if the rule does not apply to it, or it has moved on since the event."""
    if not rule.concerns(ctx.event):
        return None
    refund = ctx.api.refund_detail(ctx.event.refund_id)
    if ctx.event.status is not None and refund.status != ctx.event.status:
        ctx.log.info("aftersales.moved_on", status=ctx.event.status, now=refund.status)
        return None
    return refund if rule.applies(refund) else None


def _seller_wrote(messages: tuple[RefundMessage, ...], since: datetime, thread: Thread) -> bool:
    second = since.replace(microsecond=0)  # the platform tells no parts of one
    return any(str(row.raw.get(thread.author)) == thread.seller and _written(row, thread) >= second for row in messages)


def _written(row: RefundMessage, thread: Thread) -> datetime:
    found = moment(row.raw.get(thread.time))
    if found is None or thread.author not in row.raw:
        raise PermanentFailure(
            f"no author at {thread.author!r}, or no time at {thread.time!r}, in a message of the refund's thread;"
            " set [handlers.aftersales.thread] as the page in your console has them"
        )
    return found
