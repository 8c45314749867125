"""What the model is, and how a record is refused."""

import json
from importlib.resources import files
from typing import Any

ABOUT: dict[str, Any] = json.loads(files(__package__).joinpath("about.json").read_text("utf-8"))


class RecordInvalid(ValueError):
    """A record that does not fit the signature; nothing of its call was answered."""

    code = "ORRERY_RUNTIME_RECORD_INVALID"
    status = 422

    def __init__(self, record: int, field: str, message: str, hint: str) -> None:
        super().__init__(f'Record {record}, field "{field}": {message}.')
        self.record = record
        self.field = field
        self.hint = hint
