"""PandaPon's callbacks: verified, then addressed.

No message id is sent, so content tells. The push time may change from one redelivery to the next, the envelope's other
fields are kept, and ``messageBody`` counts parsed, whether it came as an object or as text.
https://doc-cnv2.pandapon.com/doc-6521894
"""

from receiver import identity
from receiver.accounts import Account
from receiver.envelope import Callback, Envelope
from receiver.errors import Undecodable
from receiver.identity import Identity
from receiver.sources import authorization, probe
from receiver.sources.message import Message, readable, unreadable
from receiver.sources.pandapon import signing
from receiver.sources.pandapon.events import read

unsigned = authorization.unsigned


def open_callback(callback: Callback, account: Account) -> Envelope:
    signing.verify(callback, account)
    try:
        found = read(callback.body)
    except Undecodable:
        return unreadable(account, callback.body)
    return readable(found, account, _identity(found, account, callback.body), callback.body)


def topicless(callback: Callback) -> bool:
    return probe.topicless(callback.body)


def _identity(found: Message, account: Account, body: bytes) -> Identity:
    content = {**found.content}
    content.pop("timestamp", None)
    del content["messageType"]
    if found.platform is not None:  # else it may be one that we do not know, and tells two messages apart
        content.pop("messagePlatform", None)
    return identity.of_content(account.name, found.platform, found.topic, content, body)
