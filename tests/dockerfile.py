"""A Dockerfile, read strictly, and its builder stage carried out in a folder where no Docker is to be had."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

_WORDS = set(
    "ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL RUN STOPSIGNAL USER WORKDIR".split()  # noqa: SIM905
)
#: Folders of the image, which become folders of the one at hand.
_PLACES = r"(?<![\w.-])/(?=(?:opt|src|var/lib)(?:/|\b))"


@dataclass
class Stage:
    base: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        return [rest for found, rest in self.instructions if found == word]

    def one(self, word: str) -> str:
        (rest,) = self.all(word)
        return rest

    def environment(self) -> dict[str, str]:
        pairs = [pair.partition("=") for rest in self.all("ENV") for pair in shlex.split(rest)]
        return {name: value for name, _, value in pairs}


def parse(text: str) -> tuple[dict[str, str], list[Stage]]:
    """The arguments before the first stage, and the stages. An instruction it does not know is an error."""
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        word, _, rest = line.partition(" ")
        if word not in _WORDS or not rest.strip():
            raise ValueError(line)
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base, name))
        elif not stages:
            name, _, value = rest.partition("=")
            arguments[name] = value
        else:
            stages[-1].instructions.append((word, rest.strip()))
    return arguments, stages


def carry_out(stage: Stage, context: Path, root: Path) -> None:
    """COPY, WORKDIR and RUN, below ``root`` and with the Python at hand. Raises ``CalledProcessError``."""
    folder = root
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment |= stage.environment()
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    for word, rest in stage.instructions:
        if word == "WORKDIR":
            folder = Path(below(root, rest))
            folder.mkdir(parents=True)
        elif word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                _copy(context / source, folder / target, into=target.endswith("/"))
        elif word == "RUN":
            command = below(root, re.sub(r"^(--mount=\S+\s+)+", "", rest))
            subprocess.run(
                ["/bin/sh", "-e", "-c", command],
                cwd=folder,
                env=environment,
                check=True,
                capture_output=True,
                text=True,
            )


def below(root: Path, text: str) -> str:
    return re.sub(_PLACES, f"{root}/", text)


def _copy(source: Path, target: Path, *, into: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target / source.name if into else target)
