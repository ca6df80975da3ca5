"""A gunicorn worker that a slow client cannot hold: a thread gets a connection only when its request head is whole.

gunicorn's own threaded worker reads heads in its threads and without end: sixteen clients that send a byte now and then
would be all that it serves. Here heads gather in the kernel's buffers while one loop watches them; what takes too long
is closed, stalled reads and writes end by themselves, no address holds more than its share of connections, and nobody
is kept waiting by a client that does not hang up after its answer.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import time
from collections import deque
from itertools import chain
from typing import Any

from gunicorn.http.errors import LimitRequestLine
from gunicorn.workers.gthread import ThreadWorker

#: Seconds from connecting, or from a kept-alive connection's next byte, to the end of the request head.
HEAD_SECONDS = 10.0
#: Seconds that one read of a body or one write of an answer may wait for the client.
STALL_SECONDS = 20.0
#: Seconds after the last answer that the client has for hanging up, lest what it still sends destroy the answer
#: (RFC 9112 section 9.6).
LINGER_SECONDS = 2.0
#: Seconds for the rest of a request head where the process is to stop.
STOP_SECONDS = 5.0
#: Bytes that a request head may have: a request line and header fields as gunicorn limits them fit well within.
HEAD_BYTES = 64 << 10
#: Connections that one address beyond this machine may have open.
CONNECTIONS_PER_CLIENT = 64
_LOOK_AGAIN = 0.02
_END_OF_HEAD = b"\r\n\r\n"
_TOO_LONG = (
    b"This address is too long. A search takes up to 600 characters: describe the issue in a sentence or two.\n"
    b"A whole plan can be pasted at /match; a long SPARQL query can be sent by POST.\n"
)


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """One process; its main loop is the only place that waits for clients who have not said what they want."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._gathering: deque[tuple[float, Any]] = deque()
        self._lingering: deque[tuple[float, Any]] = deque()

    def enqueue_req(self, conn: Any) -> None:
        buffered = conn.parser is not None and conn.parser.unreader.buf.getvalue()
        if buffered or _head_is_whole(conn.sock) is not False:
            conn.data_ready = True
            super().enqueue_req(conn)
        elif self._crowded(conn):
            self._drop(conn)
        else:
            self._gathering.append((time.monotonic() + HEAD_SECONDS, conn))

    def handle(self, conn: Any) -> Any:
        try:
            return super().handle(conn)
        finally:
            conn.data_ready = False

    def handle_request(self, req: Any, conn: Any) -> Any:
        conn.sock.settimeout(STALL_SECONDS)
        try:
            return super().handle_request(req, conn)
        except TimeoutError:
            self.log.debug("closed a stalled connection")
            return False

    def finish_request(self, conn: Any, fs: Any) -> None:
        """As gunicorn's, which waits for the client to hang up in the main loop: those that do not would be all that
        it does."""
        if fs.cancelled() or fs.exception() is not None or fs.result():
            super().finish_request(conn, fs)
            return
        try:
            conn.sock.setblocking(False)  # the socket's own time limit would wait, whatever a single read asks for
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
        else:
            self._lingering.append((time.monotonic() + LINGER_SECONDS, conn))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Whoever pasted too much is told what to do; gunicorn's page would quote limits of its own."""
        if not isinstance(exc, LimitRequestLine):
            super().handle_error(req, client, addr, exc)
            return
        head = "HTTP/1.1 414 URI Too Long\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
        head += f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(_TOO_LONG)}\r\n\r\n"
        with contextlib.suppress(OSError):
            client.sendall(head.encode() + _TOO_LONG)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        # the more there are to look at, the longer the pause, so that looking stays cheap
        watched = len(self._gathering) + len(self._lingering)
        pause = _LOOK_AGAIN + watched / 2000
        super().wait_for_and_dispatch_events(min(timeout, pause) if watched else timeout)
        self._look_at_heads()
        self._look_at_ends()

    def _look_at_heads(self) -> None:
        now = time.monotonic()
        for _ in range(len(self._gathering)):
            deadline, conn = self._gathering.popleft()
            if not self.alive:
                deadline = min(deadline, now + STOP_SECONDS)
            state = _head_is_whole(conn.sock)
            if state is None or now > deadline:
                self._drop(conn)
            elif state:
                conn.data_ready = True
                super().enqueue_req(conn)
            else:
                self._gathering.append((deadline, conn))

    def _look_at_ends(self) -> None:
        now = time.monotonic()
        for _ in range(len(self._lingering)):
            deadline, conn = self._lingering.popleft()
            if now > deadline or _has_hung_up(conn.sock):
                self._drop(conn)
            else:
                self._lingering.append((deadline, conn))

    def _drop(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()

    def _crowded(self, conn: Any) -> bool:
        """Whether a client from elsewhere waits with too many connections already. Those on this machine are not
        counted: a reverse proxy is one of them."""
        address = _address(conn)
        if address is None or ipaddress.ip_address(address).is_loopback:
            return False
        waiting = chain(self._gathering, self._lingering)
        return sum(_address(other) == address for _, other in waiting) >= CONNECTIONS_PER_CLIENT


def _address(conn: Any) -> str | None:
    address: str | None = conn.client[0] if isinstance(conn.client, tuple) else None
    return address


def _head_is_whole(connection: socket.socket) -> bool | None:
    """Whether a whole request head, or too much of one, lies in the socket's buffer; None where the client has gone."""
    try:
        waiting = connection.recv(HEAD_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return None
    if not waiting:
        return None
    return _END_OF_HEAD in waiting or b"\n\n" in waiting or len(waiting) >= HEAD_BYTES


def _has_hung_up(connection: socket.socket) -> bool:
    """Whether the client has closed its side; what it sent meanwhile is read and forgotten."""
    try:
        return not connection.recv(HEAD_BYTES, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
