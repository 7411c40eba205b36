"""1688's own message push.

https://open.1688.com/doc/messageDoc.htm
"""

from receiver.sources import form
from receiver.sources.alibaba1688.callbacks import open_callback, topicless, unsigned
from receiver.sources.alibaba1688.events import decode
from receiver.sources.alibaba1688.signing import sign
from receiver.sources.base import Source
from receiver.sources.words_1688 import TOPICS

ALIBABA1688 = Source(
    name="alibaba1688",
    topics=TOPICS,
    open_callback=open_callback,
    unsigned=unsigned,
    topicless=topicless,
    decode=decode,
    message=form.stored_message,
    sign=sign,
)
