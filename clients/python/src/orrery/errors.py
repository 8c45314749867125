"""What can go wrong, in the server's own words: a code that stays, what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Mapping


class OrreryError(Exception):
    """The server's refusal.

    Attributes:
        code: Stable, such as ``ORRERY_DATA_DATASET_UNKNOWN``.
        message: What is wrong.
        hint: What to do about it.
        status: The HTTP status; 0 where no server answered.
        details: What the error is about, by name.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        hint: str,
        status: int = 0,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message} {hint}".strip())
        self.code = code
        self.message = message
        self.hint = hint
        self.status = status
        self.details = dict(details or {})


class NotFoundError(OrreryError):
    """There is no such project, data set, version, view or endpoint."""


class PermissionDeniedError(OrreryError):
    """The token is missing, unknown, or may not do this."""


class UnreachableError(OrreryError):
    """No server answered, or the connection was lost and did not come back."""


class DamagedError(OrreryError):
    """What arrived is not what was sent: its hash differs."""


def refusal(
    message: str, *, code: str, hint: str, status: int, details: Mapping[str, object] | None = None
) -> OrreryError:
    """The error of the class that goes with an HTTP status."""
    kinds: dict[int, type[OrreryError]] = {401: PermissionDeniedError, 403: PermissionDeniedError, 404: NotFoundError}
    return kinds.get(status, OrreryError)(message, code=code, hint=hint, status=status, details=details)
