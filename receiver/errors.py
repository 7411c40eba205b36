"""Every error that this service raises on purpose; each leaf carries the decision, not the one who catches it.

YizhanError
├── CallbackRejected            a refusal: the sender gets .status and nothing else, .reason is label of log and metric
│   ├── UnknownAccount          404  no such account in the configuration
│   ├── SignatureMissing        401
│   ├── SignatureWrong          401  .hint tells the operator (never the sender) what would have matched
│   ├── NoSecret                401  the account has no secret: it refuses everything
│   ├── BodyTooLarge            413
│   ├── BodyTooSlow             408  the body was not complete at the deadline
│   └── NotCommitted            503  the store did not commit in time, or the buffer is full
├── Undecodable                 a verified body that no event can be made of: the envelope is buried as unreadable
├── HandlerFailure              what a handler raises to decide what becomes of its delivery
│   ├── PermanentFailure        dead now
│   │   └── EffectUnsure        a follow-up that cannot be taken back may or may not have been made
│   └── TransientFailure        attempted again, at its own time if it names one
├── HandlerTimeout              the attempt took longer than the handler's timeout; counts as any other failure
├── SettingsError               the configuration is wrong: names the key, where it was read, and what is expected
├── RoutingError                the handlers do not fit together: two of one name, a router that is none
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
        #: ``deadline``, ``buffer_full``, ``store_unavailable`` or ``shutting_down``.
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


class StoreError(YizhanError):
    """The store cannot do what was asked."""


class StoreUnavailable(StoreError):
    """No transaction can be committed now: disk full, file gone, server away."""


class StoreLocked(StoreError):
    """Another process runs on this store."""
