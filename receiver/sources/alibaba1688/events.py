"""What 1688's messages say: ``type`` and ``data``.

https://open.1688.com/doc/messageDoc.htm
"""

from receiver.envelope import StoredEnvelope
from receiver.events import Event
from receiver.sources import body_1688, form, message
from receiver.sources.message import Message, events, parsed_object, required_topic

TOPICS = body_1688.TOPICS


def read(text: bytes) -> Message:
    """Raises ``Undecodable`` for what is no object or names no topic; any other fault is noted in the message."""
    content = parsed_object(text, "message")
    topic = required_topic(content.get("type"), "type")
    return message.read(
        topic=topic,
        platform="1688",
        family=TOPICS.get(topic),
        content=content,
        at="data",
        shape=body_1688.shape(topic),
    )


def decode(envelope: StoredEnvelope) -> tuple[Event, ...]:
    return events(read(form.stored_message(envelope.payload)), envelope)
