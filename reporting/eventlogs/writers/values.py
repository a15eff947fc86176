"""How the values of requests are written in logs."""

import json
from typing import Any


def render_log_value(value: Any) -> str:
    """A value as text; a document by its name and version, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, dict) and "name" in value and "version" in value:
        return f"{value['name']} (version {value['version']})"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
