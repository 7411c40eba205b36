"""``yizhan new``: a project of handlers to begin with."""

from pathlib import Path
from typing import Annotated

import typer

from receiver.cli import output
from receiver.new import new as write


def add_to(app: typer.Typer) -> None:
    app.command()(new)


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the project: small letters, digits and dashes.")],
    *,
    folder: Annotated[Path, typer.Option("--dir", metavar="FOLDER", help="Where to make its folder.")] = Path(),
) -> None:
    """Write a project with one handler and its tests, which installs, type-checks and runs as it is.

    Example: yizhan new shop-handlers
    """
    try:
        written = write(name, folder)
    except ValueError as error:
        output.fail(str(error))
    except OSError as error:
        output.fail(f"cannot write {error.filename}: {error.strerror}; give another --dir", output.FOUND_WANTING)
    for path in written:
        print(path)
    print(f"Go on: cd {folder / name} && pip install -e '.[dev]' && pytest && yizhan dev --demo")
