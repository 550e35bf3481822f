"""botocore's service models, loaded when first asked for.

The classes are moto's subclasses of botocore's, because moto's codec wants them; they come from
`kennel.wire.moto_codec`, the one module that knows moto's inside.
"""

from __future__ import annotations

import gzip
import json
import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.loaders import JSONFileLoader, Loader

__all__ = ["known_service", "operation_model", "service_model"]


class _LeanFiles(JSONFileLoader):
    """Reads botocore's data files without their documentation: half of their text, of which
    requests need nothing. The models of the usual services then take 10 MB instead of 22."""

    def load_file(self, file_path: str) -> Any:
        """The file's content; None if there is no such file. The path lacks its ending."""
        if os.path.isfile(f"{file_path}.json.gz"):
            with gzip.open(f"{file_path}.json.gz") as file:
                text = file.read()
        elif os.path.isfile(f"{file_path}.json"):
            text = Path(f"{file_path}.json").read_bytes()
        else:
            return None
        return json.loads(text, object_hook=_without_documentation)


def _without_documentation(content: dict[str, Any]) -> dict[str, Any]:
    if isinstance(content.get("documentation"), str):  # else it is a member of that name
        del content["documentation"]
    return content


_loader = Loader(file_loader=_LeanFiles())
_loading = threading.Lock()


@lru_cache(maxsize=1)
def _service_names() -> frozenset[str]:
    return frozenset(_loader.list_available_services("service-2"))


def known_service(name: str) -> bool:
    """Whether botocore knows a service of that name."""
    return name in _service_names()


def service_model(service: str) -> Any:
    """The model of a service by botocore's name. Raises UnknownServiceError."""
    with _loading:  # loading twice at once would only waste memory
        return _service_model(service)


@lru_cache(maxsize=64)
def _service_model(service: str) -> Any:
    from kennel.wire.moto_codec import make_service_model

    if not known_service(service):
        raise UnknownServiceError(service_name=service, known_service_names="")
    return make_service_model(_loader.load_service_model(service, "service-2"), service)


def operation_model(service: str, operation: str) -> Any:
    """The model of one operation. Raises botocore's OperationNotFoundError."""
    return service_model(service).operation_model(operation)
