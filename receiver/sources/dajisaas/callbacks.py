"""The callbacks of dajisaas: verified, then addressed. Without a message id, content tells, but not the push time."""

from receiver import identity
from receiver.accounts import Account
from receiver.envelope import Callback, Envelope
from receiver.errors import Undecodable
from receiver.sources import form, numbered
from receiver.sources.dajisaas import signing
from receiver.sources.dajisaas.events import read
from receiver.sources.message import readable, unreadable


def open_callback(callback: Callback, account: Account) -> Envelope:
    pairs = signing.verify(callback, account)
    body = callback.body
    try:
        found = read(form.message(pairs))
    except Undecodable:
        return unreadable(account, body)
    content = numbered.without_push_time(found.content)
    content.pop("gmtBorn", None)  # what 1688 calls the push time, should its messages be passed on as they are
    return readable(found, account, identity.of_content(account.name, found.platform, found.topic, content, body), body)


def unsigned(callback: Callback) -> bool:
    return form.unsigned(callback, signing.FIELD)


def topicless(callback: Callback) -> bool:
    return form.topicless(callback)
