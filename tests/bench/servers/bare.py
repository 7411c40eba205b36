"""What all is compared with: Starlette alone, POST -> 200, under the settings of our own server."""

import os
import socket
import sys

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from receiver.serving import Server


async def unread(_request: Request) -> Response:
    return Response(b'{"code":200}', media_type="application/json")


async def read(request: Request) -> Response:
    await request.body()
    return Response(b'{"code":200}', media_type="application/json")


def main() -> None:
    endpoint = {"unread": unread, "read": read}[sys.argv[1]]
    app = Starlette(routes=[Route("/callbacks/{account}", endpoint, methods=["POST"])])
    with socket.create_server(("127.0.0.1", int(os.environ["PORT"]))) as listener:
        Server(app).run(sockets=[listener])


main()
