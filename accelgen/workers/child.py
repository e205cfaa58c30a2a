"""What a worker process does: receive a function once, then tasks, and answer each.

Every message is bytes on one socket. The parent sends ``FUNCTION`` and a pickled function, which is answered
by ``READY`` or by ``REFUSED`` and why; then ``TASK`` and its JSON, answered by ``RESULT`` and its JSON or by
``FAILED`` and a JSON list of reason and traceback. The pickle comes from the process that started this one.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread

from accelgen.workers.tasks import Failure, Function, attempt

FUNCTION, TASK = b"f", b"t"
READY, REFUSED, RESULT, FAILED = b"0", b"1", b"2", b"3"


def main(descriptor: int) -> None:
    """Serve the socket until its other end is closed, then end this process and those of its group."""
    connection: Connection[bytes, bytes] = Connection(descriptor)
    inbox: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_read, args=(connection, inbox), daemon=True).start()
    function: Function = _no_function
    while True:
        message = inbox.get()
        kind, content = message[:1], message[1:]
        if kind == FUNCTION:
            try:
                function = pickle.loads(content)
                answer = READY
            except Exception as error:
                answer = REFUSED + f"{type(error).__name__}: {error}".encode()
        else:
            outcome = attempt(function, content.decode())
            if isinstance(outcome, Failure):
                answer = FAILED + json.dumps([outcome.reason, outcome.traceback]).encode()
            else:
                answer = RESULT + outcome.encode()
        connection.send_bytes(answer)


def _no_function(task: object) -> None:
    raise RuntimeError(f"the task {task!r} came before its function")


def _read(connection: Connection[bytes, bytes], inbox: SimpleQueue[bytes]) -> None:
    """Pass on what is received: a thread of its own notices that the parent is gone while a task runs."""
    try:
        while True:
            inbox.put(connection.recv_bytes())
    except (EOFError, OSError):
        os.killpg(0, signal.SIGKILL)
