"""1688's callbacks: verified, then addressed. 1688 numbers its messages, so the number tells.

https://open.1688.com/doc/messageDoc.htm
"""

from receiver import exact, identity
from receiver.accounts import Account
from receiver.envelope import Callback, Envelope
from receiver.errors import Undecodable
from receiver.identity import Identity
from receiver.sources import form
from receiver.sources.alibaba1688 import signing
from receiver.sources.alibaba1688.events import read
from receiver.sources.message import Message, readable, unreadable


def open_callback(callback: Callback, account: Account) -> Envelope:
    pairs = signing.verify(callback, account)
    try:
        found = read(form.message(pairs))
    except Undecodable:
        return unreadable(account, callback.body)
    return readable(found, account, _identity(found, account, callback.body), callback.body)


def unsigned(callback: Callback) -> bool:
    return form.unsigned(callback, signing.FIELD)


def topicless(callback: Callback) -> bool:
    return form.topicless(callback)


def _identity(found: Message, account: Account, body: bytes) -> Identity:
    message_id = exact.identifier(found.content.get("msgId"))
    if message_id is not None:
        return identity.of_message_id(account.name, message_id, body)
    content = {key: value for key, value in found.content.items() if key != "gmtBorn"}
    return identity.of_content(account.name, found.platform, found.topic, content, body)
