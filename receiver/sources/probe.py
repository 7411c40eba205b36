"""Whether a JSON body names a topic: one that does not is the console's *Verify* button, not a message."""

from receiver import exact

#: A console's button sends a few bytes. Whoever sends more without a signature does not make us parse it.
LARGEST_PROBE = 16 * 1024

#: What a message of any source has at its top.
_KEYS = ("messageType", "message_type", "message")


def topicless(body: bytes) -> bool:
    """Empty, JSON that is no object, or an object without a topic's key; broken JSON may not even hold such a key."""
    if not body.strip():
        return True
    if len(body) > LARGEST_PROBE:
        return False
    try:
        parsed = exact.loads(body)
    except exact.NotJson:
        return not any(key.encode() in body for key in _KEYS)
    return not (isinstance(parsed, dict) and any(key in parsed for key in _KEYS))
