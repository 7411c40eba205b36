'''What events mean to us. How to write a handler is told here.

A handler is a function of one ``Context``, registered on a ``Router`` for one type of event::

    # shop.py, beside yizhan.toml
    from receiver import Context, Router, TransientFailure
    from receiver.events import OrderPaid

    router = Router()

    @router.on(OrderPaid)
    def reserve_stock(ctx: Context[OrderPaid]) -> None:
        """Tell the shop which order is to come."""
        shop.order_paid(ctx.event.order_id, ctx.event.total, key=ctx.envelope.id)

and switched on in ``yizhan.toml``::

    [handlers]
    routers = ["handlers:router", "shop:router"]

An installed package needs no such line: it names its router as an entry point of the group ``yizhan.handlers``.

A router with settings of its own is made by a function of one pydantic model, and has a table of its own::

    def create(settings: Shop) -> Router: ...

    [handlers.shop]
    router = "shop:create"           # left out: handlers.shop:create, for those that ship with yizhan
    url = "https://shop.example"
    secret_env = "SHOP_SECRET"       # settings.secret: the text of that variable; secret_file: of that file

*What you are given.* ``ctx.event`` is what happened, typed; everything the source said is in ``ctx.event.raw``.
``ctx.envelope`` is the callback it came from; ``ctx.envelope.id`` is the idempotency key to send downstream.
``ctx.attempt`` counts from 1. ``ctx.log`` already knows the event, the order and the attempt.

*What your outcome means.* Return: succeeded. Raise ``PermanentFailure``: dead now, kept and replayable. Raise
``TransientFailure(retry_after=…)``: attempted again, at that time. Any other exception, or more time than ``timeout``:
attempted again after 5 s, 10 s, 20 s … 6 h, 15 times in all, then dead. Your failure is yours alone: no other handler
waits for it or runs again because of it.

*Calling back.* ``ctx.api`` is the platform's API, for the account that the callback came by:
``ctx.api.order_detail(id)`` and its like are typed, ``ctx.api.call(name, …)`` reaches every operation that ``yizhan
api`` lists. Ids are text; never pass one through a float. What cannot be taken back wants ``once="its purpose"``. What
fails says itself whether another attempt may help, so let it raise. In an ``async def`` handler:
``await asyncio.to_thread(ctx.api.order_detail, id)``.

*What must not happen twice.* ``ctx.once("ask-why", send)`` calls ``send`` at most once for this event's order or
refund, whatever dies when. If a worker died between sending and recording, nobody can tell: the delivery is buried,
unless ``look=`` can ask. A person may replay it with ``--repeat-effects``.

*What you must bear.* A handler may run again after the machine died in the middle of it, so make it safe to repeat.
Events of one order reach it one at a time and in the order in which they came, but the platform does not promise to
send them in order: read the current state where it matters. ``ctx.event.ambiguous`` says that nobody can tell whether
the platform repeated itself or the same thing happened again. Of an event that tells a state (paid, shipped, refund
agreed) you are spared what is older than what you have acted on, unless you ask for it by ``stale="run"``; where nobody
can tell, ``ctx.event.uncertain`` says so.

*Testing it.* ``receiver.testing`` builds events and runs a handler as the worker does, with nothing going out::

    from receiver.testing import assert_idempotent, event, run_handler

    def test_asks_why():
        ran = run_handler(shop.ask_why, event(RefundRejected, refund_id="7"))
        assert ran.calls == [("taobao.refund.submit_message", {"refundId": "7", "refundMessage": "Why?"})]
        assert_idempotent(shop.ask_why, event(RefundRejected))

``yizhan new NAME`` writes a project with a handler and its tests; ``yizhan handlers try`` runs what is in the store
through a handler, and tells what it would have done; ``yizhan dev --reload`` runs an edited one at the next event.

*Choosing events.* ``yizhan events`` lists them, with their fields: all but ids may be ``None``, few bodies tell all.
Subscribing to a parent (``OrderEvent``, ``RefundEvent``, ``ShipmentEvent``, ``Event``) is subscribing to all of its
kind. ``platform="taobao"`` or ``"1688"`` narrows it. The handler's *name*, ``module.function`` unless you give one, is
stored with what is owed to it: when you move or rename the function, say ``name="its.old.name"``. ``ordered=False`` is
for handlers to which each event stands for itself: none waits for another of its order. On many machines,
``queue="slow"`` leaves it to workers of its own: ``yizhan work --queues slow``.

*Dead letters.* What was given up is an event, too: ``DeliveryBuried`` and ``EnvelopeUnreadable``, or ``DeadLetter`` for
both. They are told to handlers that ask for them by these names, not to those of ``Event``; nobody is told of a
``DeliveryBuried`` that was itself buried.

*Plain or async.* Both. A plain handler runs in one of the worker's threads. Give every network call a timeout of its
own: what waits in C cannot be interrupted.

*Privacy.* Bodies hold names, phones and addresses. Do not log them, and put none into the text of a failure: it is
kept and shown.

*What ships.* ``handlers:router``, which is used unless ``routers`` says otherwise, only tells the log (``journal``).
The rest is switched on by a table of its name, ``[handlers.orders]``, and each is an example to copy:

``aftersales``   rules that write to the seller about a refund, and watch for the answer
``orders``       orders, lines, refunds and parcels as they stand, in the team's own database
``forward``      signed webhooks to URLs of yours
``notify``       chosen events and dead letters to people, a storm as one message
'''

from handlers import journal
from receiver import Router

router = Router(journal.router)
