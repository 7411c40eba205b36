"""Taobao Global, upstream of the Taobao half of the others."""

from receiver.sources.base import Source
from receiver.sources.numbered import TOPICS
from receiver.sources.taobao_global.callbacks import open_callback, topicless, unsigned
from receiver.sources.taobao_global.events import decode
from receiver.sources.taobao_global.signing import sign

TAOBAO_GLOBAL = Source(
    name="taobao_global",
    topics=TOPICS,
    open_callback=open_callback,
    unsigned=unsigned,
    topicless=topicless,
    decode=decode,
    message=bytes,
    sign=sign,
    calling=None,
)
