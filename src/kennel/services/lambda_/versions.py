"""The operations on published versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.lambda_.area import Area, check_revision, unqualified
from kennel.services.lambda_.describe import describe
from kennel.services.lambda_.document import Update, Version, version_key
from kennel.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
)
from kennel.services.lambda_.naming import LATEST, FunctionName, parse_name
from kennel.services.lambda_.paging import marked
from kennel.services.lambda_.publishing import publish_in
from kennel.services.lambda_.settings import refuse_unsupported
from kennel.services.lambda_.settled import check_settled
from kennel.services.page_token import encode_place

if TYPE_CHECKING:
    import sqlite3

    from kennel.services.context import Context

__all__ = ["Versions"]

_PAGE = 50  # versions that a page has at most


class Versions(Area):
    """PublishVersion, ListVersionsByFunction."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {"list_versions_by_function", "publish_version"}
    )

    def publish_version(
        self,
        ctx: Context,
        *,
        FunctionName: str,
        CodeSha256: str = "",
        Description: str | None = None,
        RevisionId: str = "",
        PublishTo: str | None = None,
    ) -> dict[str, Any]:
        """Makes a version of `$LATEST` as it is, which invocations reach when this returns."""
        refuse_unsupported({"PublishTo": PublishTo})
        name = unqualified(ctx, FunctionName)

        def publish(connection: sqlite3.Connection) -> Version:
            _, latest = self.require_in(ctx, connection, _named(name))
            check_revision(RevisionId, latest.revision_id)
            check_settled(ctx, latest)
            if latest.update is Update.FAILED:
                raise ResourceConflictException(
                    "The operation cannot be performed at this time. The last update of the "
                    f"function {name} failed. Update it again."
                )
            if CodeSha256 and CodeSha256 != latest.code.sha256:
                raise InvalidParameterValueException(
                    f"CodeSHA256 ({CodeSha256}) is different from current CodeSHA256 in {LATEST} "
                    f"({latest.code.sha256}). Please try again with the CodeSHA256 in {LATEST}."
                )
            version = publish_in(connection, self.versions, self.numbers, latest, Description)
            self.versions.put_in(connection, version_key(name, LATEST), latest)
            return version

        version = self.parts.database.write(publish)
        self.keeper.serve(version)
        return describe(ctx, version)

    def list_versions_by_function(
        self, ctx: Context, *, FunctionName: str, Marker: str = "", MaxItems: int = _PAGE
    ) -> dict[str, Any]:
        """`$LATEST`, then the others by number."""
        name = parse_name(ctx, FunctionName).name
        self.require(ctx, _named(name))
        limit = min(MaxItems, _PAGE)
        after = version_key(name, marked(Marker, "versions")) if Marker else ""
        found = self.versions.list(version_key(name, ""), after, limit + 1)
        page = [version for _, version in found[:limit]]
        result: dict[str, Any] = {
            "Versions": [describe(ctx, version, version.version) for version in page]
        }
        if len(found) > limit:
            result["NextMarker"] = encode_place("versions", page[-1].version)
        return result


def _named(name: str) -> FunctionName:
    return FunctionName(name)
