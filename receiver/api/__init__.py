"""Follow-up calls: what a handler has as ``ctx.api``.

``calls``       one operation, from its name to its data
``named``       the operations that handlers need, typed, on the platform at hand
``parameters``  each of its documented type, where the catalogue says; never a float on an id
``manners``     so many calls a second, so many at a time, none while the platform is down
``aside``       a call is made where no handler's timeout interrupts it
``accounts``    what the calls of one account share

The catalogue is ``receiver.operations``, the wire each source's ``requests.py``, the socket ``receiver.transport``.
"""

from receiver.api.accounts import Apis
from receiver.api.calls import EffectGate
from receiver.api.named import Api

__all__ = ["Api", "Apis", "EffectGate"]
