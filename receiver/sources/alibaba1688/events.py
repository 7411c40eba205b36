"""What 1688's messages say: ``type`` and ``data``.

https://open.1688.com/doc/messageDoc.htm
"""

from receiver.envelope import StoredEnvelope
from receiver.events import Event
from receiver.sources import body_1688, form, message
from receiver.sources.interpret import interpret
from receiver.sources.message import Message, parsed_object, required_topic
from receiver.sources.words_1688 import TOPICS


def read(text: bytes) -> Message:
    """Raises ``Undecodable`` for what is no object or names no topic; any other fault is noted in the message."""
    content = parsed_object(text, "message")
    topic = required_topic(content.get("type"), "type")
    return message.read(
        topic=topic,
        platform="1688",
        known=TOPICS.get(topic),
        content=content,
        at="data",
        shape=body_1688.shape(topic),
    )


def decode(envelope: StoredEnvelope) -> tuple[Event, ...]:
    return interpret(read(form.stored_message(envelope.payload)), envelope, body_1688.READINGS)
