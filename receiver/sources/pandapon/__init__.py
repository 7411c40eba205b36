"""PandaPon, which passes on what happens to orders on Taobao and on 1688.

https://doc-cnv2.pandapon.com/doc-6521894
"""

from pathlib import Path

from receiver.sources.base import Source
from receiver.sources.calling import Calling
from receiver.sources.operation import load
from receiver.sources.pandapon import requests
from receiver.sources.pandapon.callbacks import open_callback, topicless, unsigned
from receiver.sources.pandapon.events import decode
from receiver.sources.pandapon.signing import sign
from receiver.sources.pandapon.words import TOPICS

PANDAPON = Source(
    name="pandapon",
    topics=TOPICS,
    open_callback=open_callback,
    unsigned=unsigned,
    topicless=topicless,
    decode=decode,
    message=bytes,
    sign=sign,
    calling=Calling(
        url=requests.URL,
        operations=load(Path(__file__).parent),
        harmless="1688.v2.cart.list",
        build_request=requests.build_request,
        read_response=requests.read_response,
    ),
)
