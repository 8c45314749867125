"""The connection: JSON calls, and files that are checked against their hash while they arrive."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from collections.abc import Mapping
from typing import IO, cast
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from .errors import DamagedError, UnreachableError, refusal

Json = dict[str, object]

_CHUNK = 1 << 20
_RESUMES = 5
# Of a download only the silence between two pieces is bounded: a table may take as long as it takes.
_SILENCE = 300.0


class Connection:
    """Connections to one server, kept open and shared by threads."""

    def __init__(self, url: str, token: str | None, timeout: float) -> None:
        self.url = url.rstrip("/")
        self._timeout = timeout
        headers = {"user-agent": "orrery-python"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        # Only a connection that never came about is tried again: a request that was sent may have been done.
        retries = urllib3.Retry(connect=2, read=0, redirect=0, other=0, status=0, backoff_factor=0.2)
        proxy = None if _bypassed(self.url) else getproxies().get(urlsplit(self.url).scheme)
        self._pool: urllib3.PoolManager = (
            urllib3.ProxyManager(proxy, headers=headers, retries=retries)
            if proxy
            else urllib3.PoolManager(headers=headers, retries=retries)
        )

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """The answer of a GET."""
        with self._open("GET", path, query, timeout=self._timeout) as answer:
            return cast(Json, json.loads(_all_of(answer, self.url)))

    def post(self, path: str, body: bytes | Mapping[str, object]) -> Json:
        """The answer of a POST of JSON, given or to be written."""
        sent = body if isinstance(body, bytes) else json.dumps(body, allow_nan=False).encode()
        headers = {"content-type": "application/json"}
        with self._open("POST", path, None, body=sent, headers=headers, timeout=self._timeout) as answer:
            return cast(Json, json.loads(_all_of(answer, self.url)))

    def download(self, path: str, target: IO[bytes], *, sha256: str | None = None) -> None:
        """Writes a file into ``target``; a transfer that is cut off goes on where it was.

        Args:
            sha256: The hex digits it must have; those that the server names when absent.

        Raises:
            DamagedError: What arrived has another hash.
        """
        digest, done, etag = hashlib.sha256(), 0, ""
        expected: str | None = None
        for attempt in range(_RESUMES + 1):
            headers = {"range": f"bytes={done}-", "if-range": etag} if done else {}
            with self._open("GET", path, None, headers=headers, timeout=_SILENCE) as answer:
                if answer.status != 206 and done:
                    # It is another file by now: from the beginning.
                    target.seek(0)
                    target.truncate()
                    digest, done = hashlib.sha256(), 0
                etag = answer.headers.get("etag", "")
                expected = sha256 or _digest_of(answer.headers.get("repr-digest"))
                try:
                    for chunk in answer.stream(_CHUNK, decode_content=False):
                        digest.update(chunk)
                        target.write(chunk)
                        done += len(chunk)
                    break
                except (urllib3.exceptions.HTTPError, OSError) as error:
                    if attempt == _RESUMES:
                        raise _unreachable(self.url, error) from error
                    time.sleep(0.2 * 2**attempt)
        _check(digest.hexdigest(), expected, path)

    def exchange(self, path: str, query: Mapping[str, str], source: IO[bytes], target: IO[bytes]) -> Mapping[str, str]:
        """Sends a file and writes the one that comes back; the headers it came with."""
        size = os.fstat(source.fileno()).st_size
        headers = {"content-type": "application/vnd.apache.parquet", "content-length": str(size)}
        timeout = urllib3.Timeout(connect=self._timeout, read=None)
        digest = hashlib.sha256()
        with self._open("POST", path, query, body=source, headers=headers, timeout=timeout) as answer:
            try:
                for chunk in answer.stream(_CHUNK, decode_content=False):
                    digest.update(chunk)
                    target.write(chunk)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise _unreachable(self.url, error) from error
            _check(digest.hexdigest(), _digest_of(answer.headers.get("repr-digest")), path)
            return answer.headers

    def _open(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        *,
        timeout: float | urllib3.Timeout,
        body: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        url = self.url + path + (f"?{urlencode(query)}" if query else "")
        try:
            answer = self._pool.request(
                method,
                url,
                body=body,
                headers={**self._pool.headers, **(headers or {})},
                preload_content=False,
                timeout=timeout,
                redirect=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _unreachable(self.url, error) from error
        if answer.status < 300:
            return answer
        with answer:
            raise _refused(method, url, answer.status, _all_of(answer, self.url))


def path_of(*parts: str) -> str:
    """A path below ``/api`` with its parts escaped."""
    return "/api/" + "/".join(quote(part, safe="") for part in parts)


def _all_of(answer: urllib3.BaseHTTPResponse, url: str) -> bytes:
    try:
        return answer.read()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _unreachable(url, error) from error


def _refused(method: str, url: str, status: int, body: bytes) -> Exception:
    try:
        error = cast(Json, json.loads(body))["error"]
        if not isinstance(error, dict):
            raise TypeError
        said = cast(Json, error)
        details = said.get("details")
        return refusal(
            str(said["message"]),
            code=str(said["code"]),
            hint=str(said.get("hint", "")),
            status=status,
            details=cast(Json, details) if isinstance(details, dict) else None,
        )
    except (ValueError, KeyError, TypeError):
        text = body[:200].decode(errors="replace")
        return refusal(
            f"{method} {url} answered {status}: {text}",
            code="ORRERY_UNEXPECTED_ANSWER",
            hint="Check that this address is an Orrery server.",
            status=status,
        )


def _unreachable(url: str, error: Exception) -> UnreachableError:
    return UnreachableError(
        f"No Orrery server answers at {url} ({error}).",
        code="ORRERY_UNREACHABLE",
        hint="Start one with `orrery up`, or name its address in ORRERY_URL.",
    )


def _digest_of(header: str | None) -> str | None:
    """The hex digits of a ``Repr-Digest`` (RFC 9530) that has a SHA-256."""
    for entry in (header or "").split(","):
        name, _, value = entry.strip().partition("=")
        if name == "sha-256":
            return base64.b64decode(value.strip(":")).hex()
    return None


def _check(found: str, expected: str | None, path: str) -> None:
    if expected is None:
        raise DamagedError(
            f"{path} came without a hash to check it against.",
            code="ORRERY_DOWNLOAD_UNVERIFIED",
            hint="Something between here and the server takes the header Repr-Digest away.",
        )
    if found != expected:
        raise DamagedError(
            f"{path} arrived with the hash {found[:12]}…, and should have {expected[:12]}….",
            code="ORRERY_DOWNLOAD_DAMAGED",
            hint="Try again; if it stays, run `orrery doctor` on the server.",
        )


def _bypassed(url: str) -> bool:
    return bool(proxy_bypass(urlsplit(url).hostname or ""))
