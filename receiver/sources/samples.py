"""Documented messages of each source, to post by the simulator and to read in tests.

A file is ``TOPIC.json`` or ``TOPIC.variant.json`` and holds the message as the source writes it: PandaPon's and Taobao
Global's request body, the text in the ``message`` field of the others. Variants: ``taobao`` and ``1688`` for the
platform, ``object`` and ``text`` for the two ways to write ``messageBody``, ``flat`` for xportcn's small body.

No value is a real buyer's. PandaPon's bodies of a changed status and of a refund are guesses, put together from its
siblings: no page shows them. So is the data of Taobao Global's type 9.
"""

from dataclasses import dataclass, field
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    source: str
    #: The file's name without ``.json``.
    name: str
    topic: str
    #: What ``Source.sign()`` takes.
    message: bytes = field(repr=False)


def samples(source_name: str) -> tuple[Sample, ...]:
    """All samples of a source (a name in ``SOURCES``), by name."""
    folder = files(f"receiver.sources.{source_name}") / "samples"
    return tuple(
        Sample(
            source=source_name,
            name=name,
            topic=name.partition(".")[0],
            message=(folder / f"{name}.json").read_bytes().strip(),
        )
        for name in sorted(file.name.removesuffix(".json") for file in folder.iterdir() if file.name.endswith(".json"))
    )
