"""torch.hub finds the weights that Kennel keeps, and says what to do when it finds none.

What torch.hub would download is taken from the folder of `kennel weights` if it is there by that
name. Everything else is torch.hub's own, its cache and its checks included; a download that fails
for want of a network fails with a sentence that names the file, the URL and the command.
"""

from __future__ import annotations

import errno
import functools
import inspect
import os
import shutil
from urllib.error import URLError
from urllib.parse import unquote, urlparse

# As in kennel_imports: a process pays for what is imported here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["WeightsUnavailable", "offer_weights"]

_SUFFIXES = (".pth", ".pt", ".bin", ".ckpt", ".th", ".safetensors")


class WeightsUnavailable(URLError):
    """The file is neither kept by Kennel nor to be had from its URL. An URLError, as torch.hub
    itself would have raised."""

    def __str__(self) -> str:
        return str(self.reason)


def offer_weights(hub: Any, folder: str) -> None:
    """Lets the module torch.hub take files from `folder`."""
    hub.download_url_to_file = _downloading(hub.download_url_to_file, folder)
    hub.load_state_dict_from_url = _loading(hub, hub.load_state_dict_from_url, folder)


def _downloading(download: Callable[..., None], folder: str) -> Callable[..., None]:
    """`download_url_to_file`: a file of that name is copied, so that the copy is the caller's."""

    @functools.wraps(download)
    def download_url_to_file(url: str, dst: str, *arguments: Any, **named: Any) -> None:
        kept = _kept(folder, _name_of(url)) or _kept(folder, os.path.basename(dst))
        if kept:
            target = os.path.expanduser(dst)
            part = f"{target}.{os.getpid()}.partial"
            shutil.copyfile(kept, part)
            os.replace(part, target)
            return
        try:
            download(url, dst, *arguments, **named)
        except OSError as error:
            if not _name_of(url).endswith(_SUFFIXES) or _is_of_the_disk(error):
                raise
            raise WeightsUnavailable(_advice(url, error)) from error

    return download_url_to_file


def _loading(hub: Any, load: Callable[..., Any], folder: str) -> Callable[..., Any]:
    """`load_state_dict_from_url`: reads a file that is kept where it lies, unless the caller's own
    cache has it."""
    signature = inspect.signature(load)

    @functools.wraps(load)
    def load_state_dict_from_url(*arguments: Any, **named: Any) -> Any:
        given = signature.bind(*arguments, **named).arguments
        name = given.get("file_name") or _name_of(given["url"])
        cache = given.get("model_dir") or os.path.join(hub.get_dir(), "checkpoints")
        if _kept(folder, name) and not os.path.exists(os.path.join(cache, name)):
            given["model_dir"] = folder
        return load(**given)

    return load_state_dict_from_url


def _kept(folder: str, name: str) -> str | None:
    path = os.path.join(folder, name)
    return path if name and not name.startswith(".") and os.path.isfile(path) else None


def _name_of(url: str) -> str:
    return os.path.basename(unquote(urlparse(url).path))


def _is_of_the_disk(error: OSError) -> bool:
    """A full disk or a missing folder is nothing that keeping weights would mend."""
    if isinstance(error, URLError):
        return False
    return error.filename is not None or error.errno in (errno.ENOSPC, errno.EDQUOT)


def _advice(url: str, error: OSError) -> str:
    name = _name_of(url)
    reason = getattr(error, "reason", None) or error
    return (
        f"{name} is not among the weights that Kennel keeps, and downloading it from {url} failed "
        f"({reason}). Where there is a network, run `kennel weights add {url}`; or bring the "
        f"file here and run `kennel weights add {name}`."
    )
