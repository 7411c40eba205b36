"""One JSON object a line on stderr, whoever logs; an error by type and place."""

import subprocess
import sys
from typing import Any

import orjson
import pytest

PHONE = "13800138000"

SCRIPT = """
import asyncio, logging, threading
import structlog
from receiver import logs

PHONE = "13800138000"
logs.configure(style="json", level="{level}")
log = structlog.stdlib.get_logger("shop")
{body}
"""


def run(body: str, *, level: str = "info") -> subprocess.CompletedProcess[bytes]:
    script = SCRIPT.format(body=body, level=level)
    return subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, check=True, timeout=30)


def logged(body: str, *, level: str = "info") -> list[dict[str, Any]]:
    """Each line that the script logs, parsed; nothing else may come out."""
    ran = run(body, level=level)
    assert ran.stdout == b""
    return [orjson.loads(line) for line in ran.stderr.splitlines()]


def test_line_is_one_object_with_time_level_and_logger() -> None:
    (line,) = logged('log.info("order.seen", order="3305075341149134260", shelf=3, refund=None, places=())')
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "order.seen",
        "level": "info",
        "logger": "shop",
        "order": "3305075341149134260",
        "shelf": 3,
    }


def test_bound_values_go_along_and_nothing_is_left_out_but_what_does_not_apply() -> None:
    (line,) = logged('log.bind(order="1", refund=None).warning("x", count=0, empty="", no=False)')
    assert {key: line.get(key, "absent") for key in ("order", "count", "empty", "no", "refund", "level")} == {
        "order": "1",
        "count": 0,
        "empty": "",
        "no": False,
        "refund": "absent",
        "level": "warning",
    }


def test_long_ids_stay_as_they_are() -> None:
    (line,) = logged('log.info("x", order="330507534114913426099", number=330507534114913426099)')
    assert line["order"] == "330507534114913426099"
    (raw,) = run('log.info("x", number=330507534114913426099)').stderr.splitlines()
    assert b'"number": 330507534114913426099' in raw


def test_what_json_cannot_say_is_said_as_text() -> None:
    lines = logged(
        'log.info("a", what={1, 1})\nlog.info("b", what={2: "two"})\nlog.info("c", what="\\ud800")\n'
        'log.info("d", what="\\u9a7f\\u7ad9\\nline")'
    )
    assert [line["what"] for line in lines] == ["{1}", {"2": "two"}, "?", "驿站\nline"]


def test_value_that_cannot_be_written_costs_the_line_and_never_the_caller() -> None:
    lines = logged(
        "class Broken:\n    def __str__(self): raise ValueError(PHONE)\n    __repr__ = __str__\n"
        'log.info("a", what=Broken())\nlog.info("b")'
    )
    assert [line["event"] for line in lines] == ["log.failed", "b"]
    assert PHONE not in str(lines)


@pytest.mark.parametrize(
    "statement",
    [
        'log.exception("failed")',
        'log.error("failed", exc_info=True)',
        'log.error("failed", exc_info=error)',
        'logging.getLogger("uvicorn.error").exception("failed")',
        'logging.getLogger("shop").error("failed", exc_info=error)',
    ],
)
def test_exception_is_logged_by_type_and_place(statement: str) -> None:
    (line,) = logged(
        "def reserve():\n    raise ValueError(PHONE)\n"
        f"try:\n    reserve()\nexcept ValueError as error:\n    {statement}"
    )
    assert line["event"] == "failed"
    assert line["error"] == "ValueError at <string>:10 in reserve"
    assert line["places"] == ["<string>:12 in <module>", "<string>:10 in reserve"]
    assert PHONE not in str(line)


def test_thread_that_a_handler_started_fails_by_type_and_place() -> None:
    (line,) = logged(
        "def reserve():\n    raise ValueError(PHONE)\n"
        "thread = threading.Thread(target=reserve, name='mine')\nthread.start()\nthread.join()"
    )
    assert (line["event"], line["thread"]) == ("thread.failed", "mine")
    assert line["error"] == "ValueError at <string>:10 in reserve"
    assert PHONE not in str(line)


def test_exception_that_is_logged_as_a_value_is_told_the_same() -> None:
    (line,) = logged('log.warning("failed", why=ValueError(PHONE))')
    assert line["why"] == "ValueError"


def test_task_whose_error_nobody_read_is_told_without_its_text() -> None:
    """Asyncio puts the exception's own text into its message."""
    lines = logged(
        "async def fail(): raise ValueError(PHONE)\n"
        "async def leave():\n    asyncio.create_task(fail())\n    await asyncio.sleep(0)\n    await asyncio.sleep(0)\n"
        "asyncio.run(leave())\n"
        "async def call(): asyncio.get_running_loop().call_soon(int, PHONE + 'x')\n"
        "asyncio.run(call())"
    )
    assert [line["event"] for line in lines] == ["Task exception was never retrieved", "Exception in callback int"]
    assert PHONE not in str(lines)


def test_library_loggers_come_in_the_same_form() -> None:
    lines = logged(
        "for name in ('uvicorn.error', 'dramatiq.worker', 'somebody.else'):\n"
        "    logging.getLogger(name).warning('about %s', 'this')\n"
        "log.warning('about %s', 'that')"
    )
    assert [(line["logger"], line["event"], line["level"]) for line in lines] == [
        ("uvicorn.error", "about this", "warning"),
        ("dramatiq.worker", "about this", "warning"),
        ("somebody.else", "about this", "warning"),
        ("shop", "about that", "warning"),
    ]
    assert all(line.keys() == {"event", "level", "logger", "timestamp"} for line in lines)


def test_chatter_of_libraries_is_left_out_and_none_is_louder_than_asked_for() -> None:
    speak = (
        "for name in ('uvicorn.error', 'dramatiq.worker', 'shop'):\n"
        "    logging.getLogger(name).info('i')\n    logging.getLogger(name).warning('w')"
    )
    assert [(line["logger"], line["event"]) for line in logged(speak)] == [
        ("uvicorn.error", "w"),
        ("dramatiq.worker", "w"),
        ("shop", "i"),
        ("shop", "w"),
    ]
    assert logged(speak, level="error") == []


def test_level_is_kept() -> None:
    speak = 'log.debug("d")\nlog.info("i")\nlog.warning("w")'
    assert [line["event"] for line in logged(speak, level="warning")] == ["w"]
    assert [line["event"] for line in logged(speak, level="debug")] == ["d", "i", "w"]


def test_lines_of_many_threads_stay_whole() -> None:
    lines = logged(
        "def speak(name):\n    for number in range(200): log.info(str(number), who=name, filler='x' * 500)\n"
        "threads = [threading.Thread(target=speak, args=(name,)) for name in 'abcd']\n"
        "for thread in threads: thread.start()\nfor thread in threads: thread.join()"
    )
    assert len(lines) == 800


def test_handler_whose_time_is_up_while_it_logs_does_not_silence_the_process() -> None:
    """A lock taken when the interrupt comes would never be let go of, and every other thread would wait for it."""
    lines = logged(
        "from datetime import timedelta\n"
        "from receiver.errors import HandlerTimeout\n"
        "from receiver.events import Event\n"
        "from receiver.invoke import Invoker\n"
        "from receiver.routing import Router\n"
        "router, invoker = Router(), Invoker(tick=timedelta(seconds=0.005))\n"
        "@router.on(Event, timeout=0.02)\n"
        "def speak(_):\n    while True: log.info('on and on')\n"
        "def work():\n"
        "    for _ in range(15):\n"
        "        try: invoker.invoke(next(iter(router)), None)\n"
        "        except HandlerTimeout: pass\n"
        "threads = [threading.Thread(target=work) for _ in range(6)]\n"
        "for thread in threads: thread.start()\nfor thread in threads: thread.join()\n"
        "log.info('heard')"
    )
    assert lines[-1]["event"] == "heard"


def test_reader_that_went_away_does_not_stop_who_logs() -> None:
    script = (
        "import os, structlog\nfrom receiver import logs\nlogs.configure(style='json')\n"
        "log = structlog.stdlib.get_logger('shop')\n"
        "os.close(2)\nlog.warning('unheard')\nprint('alive')"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30)
    assert ran.stdout == "alive\n"


def test_pretty_style_says_the_same_to_people() -> None:
    script = (
        "import structlog\nfrom receiver import logs\nlogs.configure(style='pretty')\n"
        "log = structlog.stdlib.get_logger('shop')\n"
        "try: raise ValueError('13800138000')\n"
        "except ValueError: log.exception('failed', order='42', refund=None)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert "failed" in ran.stderr
    assert "order=42" in ran.stderr
    assert "ValueError at <string>:5 in <module>" in ran.stderr
    assert "refund" not in ran.stderr
    assert PHONE not in ran.stderr
