"""What commands print is text, never markup."""

import pytest

from receiver.cli.output import Column, table


def test_a_cell_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Cells hold handlers' errors and sources' topics: brackets are no style, and no fault."""
    table([Column("error")], [["list[int] is [bold]no stock"], ["[/x]"]])
    assert capsys.readouterr().out.splitlines()[1:] == ["list[int] is [bold]no stock", "[/x]                       "]
