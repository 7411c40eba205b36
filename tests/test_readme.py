"""What the README claims."""

from pathlib import Path

from receiver import vocabulary
from receiver.cli.events import as_markdown

README = Path(__file__).parent.parent / "README.md"


def test_the_table_of_topics_is_the_one_in_use() -> None:
    """Write it anew with ``yizhan events --topics --markdown``."""
    begin, end = (
        "<!-- begin: yizhan events --topics --markdown -->\n\n",
        "\n\n<!-- end: yizhan events --topics --markdown -->",
    )
    _, found, rest = README.read_text().partition(begin)
    assert found
    table, found, _ = rest.partition(end)
    assert found
    assert table.splitlines() == list(as_markdown(vocabulary.topics()))
