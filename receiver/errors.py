"""Every error that this service raises on purpose; each leaf carries the decision, not the one who catches it.

YizhanError
├── CallbackRejected            a refusal: the sender gets .status and nothing else, .reason is label of log and metric
│   ├── UnknownAccount          404  no such account in the configuration
│   ├── SignatureMissing        401
│   ├── SignatureWrong          401  .hint tells the operator (never the sender) what would have matched
│   ├── NoSecret                401  the account has no secret: it refuses everything
│   ├── BodyTooLarge            413
│   ├── BodyTooSlow             408  the body was not complete at the deadline
│   └── NotCommitted            503  the store did not commit in time, or there is no room for more
├── Undecodable                 a verified body that no event can be made of: the envelope is buried as unreadable
├── HandlerFailure              what a handler raises to decide what becomes of its delivery
│   ├── PermanentFailure        dead now
│   │   ├── EffectUnsure        a follow-up that cannot be taken back may or may not have been made
│   │   ├── WrongCall           a follow-up call that cannot be made as it is written; nothing was sent
│   │   │   └── UndocumentedOperation   its method or path is not public: says how to complete it
│   │   ├── ApiAuthenticationError      the platform does not believe who we are
│   │   ├── AddressRefused      a URL of a handler's leads into a private network, where it may not go
│   │   ├── ApiUnknownId        the platform knows no such order, refund or path
│   │   └── ApiRefused          the platform says no; .code says why
│   └── TransientFailure        attempted again, at its own time if it names one
│       ├── ApiRateLimited      too many calls, says the platform, or says our own limit before anything was sent
│       ├── ApiPaused           not sent: the last calls failed, and the platform is left alone for a while
│       ├── ApiUnavailable      the platform says that it cannot now
│       ├── ApiUnexpectedAnswer an answer that is none of the documented ones
│       └── TransportError
│           ├── NotSent         surely nothing reached the platform
│           └── Unanswered      sent, or maybe sent, and no full answer
├── HandlerTimeout              the attempt took longer than the handler's timeout; counts as any other failure
├── SettingsError               the configuration is wrong: names the key, where it was read, and what is expected
├── TracesMissing               traces are asked for, and what sends them is not installed
├── RoutingError                the handlers do not fit together: two of one name, a router that is none
├── BrokerUnavailable           the broker takes no offers now
└── StoreError
    ├── StoreUnavailable        the store cannot take a transaction now
    └── StoreLocked             another process holds the store
"""

from datetime import timedelta


class YizhanError(Exception):
    """Root of the tree; never raised itself."""


class CallbackRejected(YizhanError):
    """A callback that does not get in."""

    status: int
    reason: str


class UnknownAccount(CallbackRejected):
    status = 404
    reason = "unknown_account"


class SignatureMissing(CallbackRejected):
    status = 401
    reason = "signature_missing"


class SignatureWrong(CallbackRejected):
    status = 401
    reason = "signature_wrong"

    def __init__(self, hint: str | None = None) -> None:
        super().__init__(hint or "no configured secret matches")
        #: For the operator's log alone: which other documented base holds with this secret, and the line to configure.
        self.hint = hint


class NoSecret(CallbackRejected):
    status = 401
    reason = "no_secret"


class BodyTooLarge(CallbackRejected):
    status = 413
    reason = "body_too_large"


class BodyTooSlow(CallbackRejected):
    status = 408
    reason = "body_too_slow"


class NotCommitted(CallbackRejected):
    status = 503

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        #: ``deadline``, ``buffer_full``, ``buffer_share``, ``rate``, ``store_unavailable``, ``shutting_down``, or
        #: ``fault``: one of ours.
        self.reason = reason


class Undecodable(YizhanError):
    """A body of a shape that no event can be made of.

    ``path`` is the field's path (``messageBody.orderId``), ``problem`` what is wrong with it; neither holds a value.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class HandlerFailure(YizhanError):
    """What a handler raises on purpose. Its text is kept and shown: put no personal data into it."""

    #: Of a follow-up call that failed: it surely changed nothing. If not so, nobody can tell.
    surely_absent = False


class PermanentFailure(HandlerFailure):
    """Trying again would not help: the delivery is dead now, kept and replayable."""


class EffectUnsure(PermanentFailure):
    """A person decides: look at the platform, then replay with or without ``--repeat-effects``."""

    def __init__(self, purpose: str) -> None:
        super().__init__(f"nobody can tell whether effect {purpose!r} was had; it is not repeated")


class TransientFailure(HandlerFailure):
    """Trying again may help. ``retry_after`` is the soonest time it may; without it the policy decides."""

    #: For subclasses with a constructor of their own.
    retry_after: timedelta | None = None

    def __init__(self, message: str = "", *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class WrongCall(PermanentFailure, TypeError):
    """Names the operation or the parameter, never a value."""

    surely_absent = True


class UndocumentedOperation(WrongCall):
    """The operation exists, and nobody outside may read where."""


class ApiAuthenticationError(PermanentFailure):
    """Key, secret, signature recipe, clock or user id: one of them is not what the platform expects."""

    surely_absent = True


class AddressRefused(PermanentFailure):
    """Nothing was sent."""


class ApiUnknownId(PermanentFailure):
    """There is no such thing, or not for this account."""

    surely_absent = True


class ApiRefused(PermanentFailure):
    """``code`` is the platform's own; its message is left out, since it may hold personal data."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
        # An internal error in the words of a refusal: what was done before it, nobody can tell.
        self.surely_absent = code != "500"


class ApiRateLimited(TransientFailure):
    surely_absent = True


class ApiPaused(TransientFailure):
    surely_absent = True


class ApiUnavailable(TransientFailure):
    """Whatever it says, the platform may have done what was asked."""


class ApiUnexpectedAnswer(TransientFailure):
    """A page of some proxy, most often; rarely a platform that has changed."""


class TransportError(TransientFailure):
    """A call that brought no answer."""


class NotSent(TransportError):
    """Name unknown, connection refused, certificate wrong."""

    surely_absent = True


class Unanswered(TransportError):
    """Over its deadline, dropped, garbled or too large."""


class HandlerTimeout(YizhanError):
    """The attempt took longer than the handler's timeout."""


class SettingsError(YizhanError):
    """One line for the person who wrote the configuration."""

    def __init__(self, key: str, origin: str, expected: str) -> None:
        super().__init__(f"{key} ({origin}): {expected}")
        self.key = key
        self.origin = origin
        self.expected = expected


class RoutingError(YizhanError):
    """The handlers do not fit together."""


class TracesMissing(YizhanError):
    """Says what to install."""


class BrokerUnavailable(YizhanError):
    """The broker does not answer, or takes nothing. Its text names the kind of failure alone."""


class StoreError(YizhanError):
    """The store cannot do what was asked."""


class StoreUnavailable(StoreError):
    """No transaction can be committed now: disk full, file gone, server away."""


class StoreLocked(StoreError):
    """Another process runs on this store."""
