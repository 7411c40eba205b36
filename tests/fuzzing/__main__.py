"""Bytes that find new ways through the parsers, until one breaks: ``PYTHONPATH=.:tests python -m fuzzing [SECONDS]``.

All targets in turn, or one: ``SECONDS TARGET``. What broke it stays as ``crash-…`` in the working directory.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["receiver"]):
    from fuzzing.targets import targets

SECONDS = "60"
LARGEST = 8_192


def fuzz(name: str, seconds: str) -> None:
    target = targets()[name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds):
            Path(corpus, str(number)).write_bytes(seed)
        options = (f"-max_total_time={seconds}", f"-max_len={LARGEST}", "-timeout=10", "-print_final_stats=1")
        atheris.Setup([sys.argv[0], *options, corpus], target.run)
        atheris.Fuzz()  # does not return


def main(seconds: str = SECONDS, name: str = "") -> int:
    if name:
        fuzz(name, seconds)
    failed = []
    for each in targets():  # the fuzzer ends its process
        print(f"fuzzing {each} for {seconds} s", flush=True)
        if subprocess.run([sys.executable, "-m", "fuzzing", seconds, each], check=False).returncode:
            failed.append(each)
    print(f"broke: {', '.join(failed)}" if failed else "nothing broke")
    return bool(failed)


sys.exit(main(*sys.argv[1:]))
