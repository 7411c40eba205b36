"""``yizhan``, and ``python -m receiver``."""

from receiver.cli import app


def main() -> None:
    app()


if __name__ == "__main__":
    main()
