"""Run by tests/journeys/python-client.test.ts against a real server with the example churn-features, trained and served."""

from __future__ import annotations

import json
import os
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing that another test fetched is there."""
    monkeypatch.setenv("ORRERY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def ask() -> Callable[[str, object], dict[str, object]]:
    """The server's own JSON interface, without the client."""

    def post(path: str, body: object) -> dict[str, object]:
        request = urllib.request.Request(
            os.environ["ORRERY_URL"] + path,
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return dict(json.load(answer))

    return post


class Wire:
    """A connection to the server over which things go wrong: it may be cut, or a byte may be turned."""

    def __init__(self) -> None:
        self._server = urlsplit(os.environ["ORRERY_URL"])
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.cut_after: int | None = None
        """Bytes after which an answer is cut off."""
        self.turn_at: int | None = None
        """The byte of an answer that is turned."""
        self.asked: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection((self._server.hostname, self._server.port)) as server:
            request = client.recv(65_536)
            self.asked.append(request)
            server.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            sent = 0
            while data := server.recv(65_536):
                if self.turn_at is not None and sent <= self.turn_at < sent + len(data):
                    at = self.turn_at - sent
                    data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
                if self.cut_after is not None and sent + len(data) > self.cut_after:
                    client.sendall(data[: self.cut_after - sent])
                    return
                client.sendall(data)
                sent += len(data)

    def asked_for(self, what: bytes) -> int:
        return sum(what in request for request in self.asked)

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.close()
