"""What a Feast repository defines, as one line of JSON. Runs in the Python that its authors use, never in the server."""

import json
import sys
from pathlib import Path

try:
    from feast.repo_config import load_repo_config
    from feast.repo_operations import parse_repo
except ImportError as error:
    print(json.dumps({"missing": str(error)}))
    sys.exit(0)

folder = Path(sys.argv[1]).resolve()
# As `feast` itself does: a repository imports its own modules by name.
sys.path.insert(0, str(folder))
config = load_repo_config(folder, folder / "feature_store.yaml")
repo = parse_repo(folder)
keys_of = {entity.name: [entity.join_key] for entity in repo.entities}


def source_of(view):
    source = view.batch_source
    return {
        "kind": type(source).__name__,
        "name": source.name,
        "path": getattr(source, "path", None),
        "time": source.timestamp_field,
        "created": source.created_timestamp_column or None,
        "renamed": dict(source.field_mapping or {}),
    }


def view_of(view):
    keys = [key for name in view.entities for key in keys_of.get(name, [name])]
    return {
        "name": view.name,
        "description": view.description or "",
        "owner": view.owner or "",
        "ttl": view.ttl.total_seconds() if view.ttl else 0,
        "online": bool(view.online),
        "entities": [key for key in keys if key != "__dummy_id"],
        "fields": [
            {"name": field.name, "type": str(field.dtype), "description": field.description or ""}
            for field in view.features
        ],
        "source": source_of(view) if view.batch_source else None,
        "pushed": type(getattr(view, "stream_source", None)).__name__,
        "transformed": bool(getattr(view, "udf", None) or getattr(view, "aggregations", None)),
    }


print(
    json.dumps(
        {
            "project": config.project,
            "views": [view_of(view) for view in [*repo.feature_views, *repo.stream_feature_views]],
            "left": [
                *({"kind": "on-demand view", "name": view.name} for view in repo.on_demand_feature_views),
                *({"kind": "feature service", "name": service.name} for service in repo.feature_services),
            ],
        }
    )
)
