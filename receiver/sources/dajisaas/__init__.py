"""dajisaas: the form of 1688's push around the messages of Taobao Global."""

from receiver.sources import form
from receiver.sources.base import Source
from receiver.sources.dajisaas.callbacks import open_callback, topicless, unsigned
from receiver.sources.dajisaas.events import TOPICS, decode
from receiver.sources.dajisaas.signing import sign

DAJISAAS = Source(
    name="dajisaas",
    topics=TOPICS,
    open_callback=open_callback,
    unsigned=unsigned,
    topicless=topicless,
    decode=decode,
    message=form.stored_message,
    sign=sign,
    calling=None,
)
