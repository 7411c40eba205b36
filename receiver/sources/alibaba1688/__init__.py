"""1688's own message push.

https://open.1688.com/doc/messageDoc.htm
"""

from pathlib import Path

from receiver.sources import form
from receiver.sources.alibaba1688 import requests
from receiver.sources.alibaba1688.callbacks import open_callback, topicless, unsigned
from receiver.sources.alibaba1688.events import decode
from receiver.sources.alibaba1688.signing import sign
from receiver.sources.base import Source
from receiver.sources.calling import Calling
from receiver.sources.operation import load
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
    calling=Calling(
        url=requests.URL,
        operations=load(Path(__file__).parent),
        harmless="alibaba1688.push.query",
        build_request=requests.build_request,
        read_response=requests.read_response,
    ),
)
