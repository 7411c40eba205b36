"""Brokers of the test run's own, which may be killed and emptied: Redis and RabbitMQ."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pika
import redis
import services
from processes import free_port, wait_until


@dataclass
class BrokerServer:
    url: str
    command: list[str]
    log: Path
    answers: Callable[[], object]
    empty: Callable[[], object]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it answers."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                stdout=output,
                stderr=output,
                user=self.user,
                cwd=self.log.parent,
                start_new_session=True,  # a server may be several processes
            )
        wait_until(self._is_there, seconds=60, what=f"{self.command[0]} answers; see {self.log}")

    def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)

    def _is_there(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            self.answers()
        except (redis.RedisError, pika.exceptions.AMQPError, OSError):
            return False
        return True


@contextmanager
def redis_server() -> Iterator[BrokerServer]:
    program = services.program("redis-server", "usr/bin", package="redis-server")
    port = free_port()
    client = redis.Redis(port=port)
    with services.place() as place:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        server = BrokerServer(
            f"redis://127.0.0.1:{port}/0", command, place / "log", answers=client.ping, empty=client.flushall
        )
        server.user = services.unprivileged()
        server.start()
        try:
            yield server
        finally:
            server.kill()
            client.close()


@contextmanager
def rabbitmq_server() -> Iterator[BrokerServer]:
    program = services.program("rabbitmq-server", "usr/lib/rabbitmq/lib/*/sbin", package="rabbitmq-server")
    port, between_nodes = free_port(), free_port()
    url = f"amqp://guest:guest@127.0.0.1:{port}/%2F"

    def answers() -> None:
        pika.BlockingConnection(pika.URLParameters(url)).close()

    with services.place() as place:

        def empty() -> None:
            """All it holds: as a node that lost its disk."""
            server.kill()
            shutil.rmtree(place / "mnesia")
            server.start()

        server = BrokerServer(url, [program], place / "log", answers=answers, empty=empty, user=services.unprivileged())
        server.environment = {
            "HOME": str(place),
            "RABBITMQ_NODENAME": f"yizhan-{os.getpid()}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(between_nodes),
            "RABBITMQ_MNESIA_BASE": str(place / "mnesia"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_LOG_BASE": str(place),
            "RABBITMQ_PID_FILE": str(place / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(place / "plugins"),
            # None of them is there: what configures the machine's own is not for this one.
            "RABBITMQ_CONF_ENV_FILE": str(place / "env.conf"),
            "RABBITMQ_CONFIG_FILE": str(place / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(place / "advanced.config"),
        }
        server.start()
        try:
            yield server
        finally:
            server.kill()
