"""Taobao Global's callbacks: verified, then addressed. Without a message id, content tells, but not the push time."""

from receiver import identity
from receiver.accounts import Account
from receiver.envelope import Callback, Envelope
from receiver.errors import Undecodable
from receiver.sources import authorization, numbered, probe
from receiver.sources.message import readable, unreadable
from receiver.sources.taobao_global import signing
from receiver.sources.taobao_global.events import read

unsigned = authorization.unsigned


def open_callback(callback: Callback, account: Account) -> Envelope:
    signing.verify(callback, account)
    body = callback.body
    try:
        found = read(body)
    except Undecodable:
        return unreadable(account, body)
    content = numbered.without_push_time(found.content)
    return readable(found, account, identity.of_content(account.name, found.platform, found.topic, content, body), body)


def topicless(callback: Callback) -> bool:
    return probe.topicless(callback.body)
