"""How the recipe fails.

VisionError
├── PictureError         bytes that are no picture that can be used
│   └── PictureTooLarge  more pixels than are decoded
├── LinkError            a link that can't or may not be fetched
├── RequestError         a request's body or content type
├── BackboneError        a backbone that is unknown, or whose weights can't be had
├── DatasetError         a folder that is no labelled set of pictures
└── ModelError           a model folder that can't be served

Those that a caller of an endpoint can bring about are `ClientFault`s as well: the inference toolkit
answers 400 for them instead of 500.
"""

from __future__ import annotations

__all__ = [
    "BackboneError",
    "BaseInferenceToolkitError",
    "ClientFault",
    "DatasetError",
    "LinkError",
    "ModelError",
    "PictureError",
    "PictureTooLarge",
    "RequestError",
    "VisionError",
]

try:  # where the inference toolkit of AWS's images runs the script
    from sagemaker_inference.errors import (  # type: ignore[import-not-found,unused-ignore]
        BaseInferenceToolkitError,
    )
except ImportError:

    class BaseInferenceToolkitError(Exception):  # type: ignore[no-redef]
        """The toolkit's: an error that says which status the reply has. Known by its name."""

        def __init__(self, status_code: int, message: str, phrase: str) -> None:
            super().__init__(message)
            self.status_code = status_code
            self.message = message
            self.phrase = phrase


class VisionError(Exception):
    """Its text says what happened, to what, and what to do."""


class ClientFault(VisionError, BaseInferenceToolkitError):
    """What the caller of an endpoint can mend."""

    def __init__(self, message: str) -> None:
        BaseInferenceToolkitError.__init__(self, 400, message, message)

    def __str__(self) -> str:
        return str(self.message)


class PictureError(ClientFault):
    """Bytes that are no JPEG or PNG, or a torn one."""


class PictureTooLarge(PictureError):
    """A picture with more pixels than are decoded."""


class LinkError(ClientFault):
    """A link that can't or may not be fetched."""


class RequestError(ClientFault):
    """A request that is none of those the script takes."""


class BackboneError(VisionError):
    """A backbone that is unknown, or whose weights can't be had."""


class DatasetError(VisionError):
    """A folder that is no labelled set of pictures."""


class ModelError(VisionError):
    """A model folder that can't be served."""
