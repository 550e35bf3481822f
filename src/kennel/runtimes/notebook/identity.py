"""The only way into an instance's Jupyter server: a presigned URL, then a cookie that expires.

There is no password, no token of Jupyter's and no sign-in form. The server's own checks of Host,
Origin and XSRF stay on; a cookie never counts as a token, which would switch some of them off.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from jupyter_server.auth import IdentityProvider, User
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from traitlets import Unicode

from kennel.runtimes.notebook.ticket import admit

__all__ = ["ClosedHandler", "OpenHandler", "SessionIdentity"]

_CLOSED = (
    "Open this notebook instance with a URL from CreatePresignedNotebookInstanceUrl. "
    "Such a URL can be used for 5 minutes, and the session that it opens ends by itself."
)
_USER = "ec2-user"


class SessionIdentity(IdentityProvider):
    """Knows a browser by the cookie that OpenHandler gave it."""

    secret_file = Unicode(help="the file with the secret that tickets are sealed with").tag(
        config=True
    )
    token = ""
    need_token = False
    updatable_fields: Any = ()

    def get_user(self, handler: Any) -> Any:
        """The user of a session that lasts still, or None. Nothing else counts."""
        known = getattr(handler, "_jupyter_current_user", None)
        return known or self.get_user_cookie(handler)

    def is_token_authenticated(self, handler: Any) -> bool:
        return False

    def open_session(self, handler: Any, ticket: str) -> bool:
        """Gives the browser a session if the ticket is good; says whether it is."""
        seconds = admit(Path(self.secret_file).read_bytes(), ticket, time.time())
        if seconds is None:
            return False
        handler.set_secure_cookie(
            self.get_cookie_name(handler),
            json.dumps({"until": time.time() + seconds}),
            expires_days=seconds / 86_400,
            httponly=True,
            path=handler.base_url,
            # The browser comes from another page to the presigned URL: Strict would lose it there.
            samesite="Lax",
        )
        return True

    def user_from_cookie(self, cookie_value: str) -> User | None:
        """The user, if the session has not ended. The cookie's seal has been checked."""
        return User(_USER) if time.time() < json.loads(cookie_value)["until"] else None

    def get_handlers(self) -> list[tuple[str, object]]:
        return [(r"/?", OpenHandler), (r"/login", ClosedHandler), (r"/logout", LogoutHandler)]

    @property
    def login_available(self) -> bool:
        return True


class _Page(JupyterHandler):
    def refuse(self, message: str = _CLOSED) -> None:
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(message + "\n")


class OpenHandler(_Page):
    """`/?authToken=…` opens a session and goes on to JupyterLab, without the token in the URL."""

    @allow_unauthenticated
    def get(self) -> None:
        ticket = self.get_argument("authToken", default="")
        if ticket:
            identity = self.identity_provider
            assert isinstance(identity, SessionIdentity)
            if not identity.open_session(self, ticket):
                self.refuse("This URL is not valid, or it has expired. " + _CLOSED)
                return
        elif not self.current_user:
            self.refuse()
            return
        self.redirect(self.settings["default_url"])


class ClosedHandler(_Page):
    """Where Jupyter sends whoever has no session."""

    @allow_unauthenticated
    def get(self) -> None:
        self.refuse()


class LogoutHandler(_Page):
    """Ends the browser's session."""

    @allow_unauthenticated
    def get(self) -> None:
        self.identity_provider.clear_login_cookie(self)
        self.refuse()
