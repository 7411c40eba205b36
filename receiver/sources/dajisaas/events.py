"""What the messages of dajisaas say: Taobao Global's, and 1688's in a shape that no public page shows.

https://wiki-en.dajisaas.com/doc-4966230
"""

from collections.abc import Mapping
from typing import Any, Final

from receiver.envelope import Platform, StoredEnvelope
from receiver.events import Event
from receiver.sources import body_1688, form, message, numbered
from receiver.sources.interpret import interpret
from receiver.sources.message import Message, Shape, parsed_object, required_topic
from receiver.sources.reading import merged
from receiver.sources.topic import Topic
from receiver.sources.words_1688 import TOPICS as TOPICS_1688

TOPICS: Final[Mapping[str, Topic]] = {**numbered.TOPICS, **TOPICS_1688}

_ANY: Final = Shape(
    orders=(*numbered.ANY.orders, *body_1688.ANY.orders),
    refunds=(*numbered.ANY.refunds, *body_1688.ANY.refunds),
    times=(*numbered.ANY.times, *body_1688.ANY.times),
)

_READINGS: Final = merged(numbered.READINGS, body_1688.READINGS)


def read(text: bytes) -> Message:
    """Raises ``Undecodable`` for what is no object or names no topic; any other fault is noted in the message."""
    content = parsed_object(text, "message")
    # 1688 itself names its topics under ``type``.
    key = "type" if content.get(numbered.TYPE) is None and isinstance(content.get("type"), str) else numbered.TYPE
    topic = required_topic(content.get(key), key, number=True)
    return message.read(
        topic=topic,
        platform=_platform(topic, content),
        known=numbered.known(topic, content) or TOPICS.get(topic),
        content=content,
        at=numbered.DATA,
        shape=_shape(topic),
    )


def decode(envelope: StoredEnvelope) -> tuple[Event, ...]:
    return interpret(read(form.stored_message(envelope.payload)), envelope, _READINGS)


def _platform(topic: str, content: Mapping[str, Any]) -> Platform | None:
    if topic in TOPICS_1688:
        return "1688"
    site = content.get("site")
    if isinstance(site, str) and site.strip().startswith("1688"):
        return "1688"
    return numbered.platform(content)


def _shape(topic: str) -> Shape:
    if topic in numbered.TOPICS:
        return numbered.shape(topic)
    return body_1688.shape(topic) if topic in TOPICS_1688 else _ANY
