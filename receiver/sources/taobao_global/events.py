"""What Taobao Global's messages say.

https://jaq-doc.alibaba.com/docs/doc.htm?articleId=119493&docType=1&treeId=735
"""

from receiver.envelope import StoredEnvelope
from receiver.events import Event
from receiver.sources import message, numbered
from receiver.sources.interpret import interpret
from receiver.sources.message import Message, parsed_object, required_topic


def read(payload: bytes) -> Message:
    """Raises ``Undecodable`` for what is no object or names no topic; any other fault is noted in the message."""
    content = parsed_object(payload, "body")
    topic = required_topic(content.get(numbered.TYPE), numbered.TYPE, number=True)
    return message.read(
        topic=topic,
        platform=numbered.platform(content),
        known=numbered.known(topic, content),
        content=content,
        at=numbered.DATA,
        shape=numbered.shape(topic),
    )


def decode(envelope: StoredEnvelope) -> tuple[Event, ...]:
    return interpret(read(envelope.payload), envelope, numbered.READINGS)
