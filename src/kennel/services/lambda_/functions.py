"""The operations on functions themselves."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.errors import AwsError
from kennel.services.lambda_.archive import ArchiveRefused
from kennel.services.lambda_.area import Area, check_revision, unqualified
from kennel.services.lambda_.describe import describe
from kennel.services.lambda_.document import (
    Code,
    Function,
    State,
    Update,
    Version,
    move_state,
    move_update,
    version_key,
)
from kennel.services.lambda_.environments.execution_role import own_arn
from kennel.services.lambda_.errors import (
    InvalidParameterValueException,
    RequestEntityTooLargeException,
    ResourceConflictException,
)
from kennel.services.lambda_.naming import LATEST, FunctionName, function_arn, parse_name
from kennel.services.lambda_.paging import marked
from kennel.services.lambda_.publishing import publish_in
from kennel.services.lambda_.settings import apply_settings, refuse_unsupported
from kennel.services.lambda_.settled import check_settled
from kennel.services.page_token import encode_place
from kennel.services.roles import RoleNotPassable, pass_role

if TYPE_CHECKING:
    import sqlite3

    from kennel.services.context import Context

__all__ = ["Functions"]

_ZIP_LIMIT = 50 << 20  # bytes of an archive that is sent with the request ("Lambda quotas")
_PAGE = 50  # functions that a page has at most
_PRINCIPAL = "lambda.amazonaws.com"
_NOT_SETTINGS = frozenset({"self", "ctx", "FunctionName", "RevisionId"})


class Functions(Area):
    """CreateFunction, and what reads and changes functions."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "create_function",
            "get_function",
            "get_function_configuration",
            "list_functions",
            "update_function_code",
            "update_function_configuration",
        }
    )

    def create_function(
        self,
        ctx: Context,
        *,
        FunctionName: str,
        Role: str,
        Code: Mapping[str, Any],
        Runtime: str | None = None,
        Handler: str | None = None,
        Description: str | None = None,
        Timeout: int | None = None,
        MemorySize: int | None = None,
        Publish: bool = False,
        PublishTo: str | None = None,
        VpcConfig: Mapping[str, Any] | None = None,
        PackageType: str = "Zip",
        DeadLetterConfig: Mapping[str, Any] | None = None,
        Environment: Mapping[str, Any] | None = None,
        KMSKeyArn: str | None = None,
        TracingConfig: Mapping[str, Any] | None = None,
        Tags: Mapping[str, str] | None = None,
        Layers: Sequence[str] = (),
        FileSystemConfigs: Sequence[Any] = (),
        ImageConfig: Mapping[str, Any] | None = None,
        CodeSigningConfigArn: str | None = None,
        Architectures: Sequence[str] | None = None,
        EphemeralStorage: Mapping[str, Any] | None = None,
        SnapStart: Mapping[str, Any] | None = None,
        LoggingConfig: Mapping[str, Any] | None = None,
        TenancyConfig: Mapping[str, Any] | None = None,
        CapacityProviderConfig: Mapping[str, Any] | None = None,
        DurableConfig: Mapping[str, Any] | None = None,
        RuntimeConfig: Mapping[str, Any] | None = None,
        AcceleratorConfig: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Stores the code and makes a function of it, Pending until that is unpacked."""
        given = {name: value for name, value in locals().items() if name not in _NOT_SETTINGS}
        refuse_unsupported(given)
        if not Runtime or not Handler:
            raise InvalidParameterValueException(
                "Runtime and Handler are mandatory parameters for functions created with "
                "deployment packages."
            )
        name = unqualified(ctx, FunctionName)
        if self.functions.get(name) is not None:
            raise _exists(name)
        self._require_role(ctx, Role, name)
        version = Version(
            function=name,
            version=LATEST,
            code=_NO_CODE,
            handler=Handler,
            role=Role,
            runtime=Runtime,
            last_modified=self.parts.clock.wall(),
            revision_id=str(uuid.uuid4()),
        )
        apply_settings(version, given)
        version.code = self._stored_code(ctx, Code)
        function = Function(name=name, tags=dict(Tags or {}))

        def create(connection: sqlite3.Connection) -> Version | None:
            if not self.functions.add_in(connection, name, function):
                return None
            return self._store_in(connection, version, Publish)

        made = self.parts.database.write(create)
        if made is None:
            self.code.remove(version.code)
            raise _exists(name)
        self.keeper.wake(name)
        # [O] The ARN names no version, even if one was published.
        return {**describe(ctx, made), "FunctionArn": function_arn(ctx, name)}

    def get_function(
        self, ctx: Context, *, FunctionName: str, Qualifier: str = ""
    ) -> dict[str, Any]:
        """Configuration, tags and reservation. No Code.Location: the code lies at no URL."""
        named = parse_name(ctx, FunctionName, Qualifier)
        function, version = self.require(ctx, named)
        result: dict[str, Any] = {
            "Configuration": describe(ctx, version, named.qualifier),
            "Code": {"RepositoryType": "S3"},
        }
        if function.tags:
            result["Tags"] = function.tags
        if function.reserved is not None:
            result["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved}
        return result

    def get_function_configuration(
        self, ctx: Context, *, FunctionName: str, Qualifier: str = ""
    ) -> dict[str, Any]:
        named = parse_name(ctx, FunctionName, Qualifier)
        return describe(ctx, self.require(ctx, named)[1], named.qualifier)

    def list_functions(
        self,
        ctx: Context,
        *,
        MasterRegion: str = "",
        FunctionVersion: str = "",
        Marker: str = "",
        MaxItems: int = _PAGE,
    ) -> dict[str, Any]:
        """Functions in the order of their names; with ALL, every version of each."""
        limit = min(MaxItems, _PAGE)
        everything = FunctionVersion == "ALL"
        listing = "versions of functions" if everything else "functions"
        after = marked(Marker, listing) if Marker else ""

        def read(connection: sqlite3.Connection) -> list[tuple[str, Version]]:
            if everything:
                return self.versions.list_in(connection, after=after, limit=limit + 1)
            keys = [
                (name, version_key(name, LATEST))
                for name, _ in self.functions.list_in(connection, after=after, limit=limit + 1)
            ]
            found = [(name, self.versions.get_in(connection, key)) for name, key in keys]
            return [(name, version) for name, version in found if version is not None]

        found = self.parts.database.read(read)
        result: dict[str, Any] = {
            "Functions": [
                describe(ctx, version, version.version if everything else "")
                for _, version in found[:limit]
            ]
        }
        if len(found) > limit:
            result["NextMarker"] = encode_place(listing, found[limit - 1][0])
        return result

    def update_function_code(
        self,
        ctx: Context,
        *,
        FunctionName: str,
        ZipFile: bytes | None = None,
        S3Bucket: str | None = None,
        S3Key: str | None = None,
        S3ObjectVersion: str | None = None,
        ImageUri: str | None = None,
        Architectures: Sequence[str] | None = None,
        Publish: bool = False,
        PublishTo: str | None = None,
        DryRun: bool = False,
        RevisionId: str = "",
    ) -> dict[str, Any]:
        """Replaces the code. Invocations get the old one until the new one is unpacked. With
        Publish, the version that is made of it is described, else `$LATEST`."""
        refuse_unsupported({"PublishTo": PublishTo})
        name = unqualified(ctx, FunctionName)
        self._require_settled(ctx, name, RevisionId)
        given = {
            "ZipFile": ZipFile,
            "S3Bucket": S3Bucket,
            "S3Key": S3Key,
            "S3ObjectVersion": S3ObjectVersion,
            "ImageUri": ImageUri,
        }
        code = self._stored_code(ctx, given)

        def change(version: Version) -> None:
            version.code = code
            if Architectures:
                apply_settings(version, {"Architectures": Architectures})

        try:
            version = self._change(ctx, name, RevisionId, change, publish=Publish, dry=DryRun)
        except BaseException:
            self.code.remove(code)
            raise
        if DryRun:
            self.code.remove(code)
        return describe(ctx, version)

    def update_function_configuration(
        self,
        ctx: Context,
        *,
        FunctionName: str,
        Role: str | None = None,
        Handler: str | None = None,
        Description: str | None = None,
        Timeout: int | None = None,
        MemorySize: int | None = None,
        VpcConfig: Mapping[str, Any] | None = None,
        Environment: Mapping[str, Any] | None = None,
        Runtime: str | None = None,
        DeadLetterConfig: Mapping[str, Any] | None = None,
        KMSKeyArn: str | None = None,
        TracingConfig: Mapping[str, Any] | None = None,
        RevisionId: str = "",
        Layers: Sequence[str] = (),
        FileSystemConfigs: Sequence[Any] = (),
        ImageConfig: Mapping[str, Any] | None = None,
        EphemeralStorage: Mapping[str, Any] | None = None,
        SnapStart: Mapping[str, Any] | None = None,
        LoggingConfig: Mapping[str, Any] | None = None,
        CapacityProviderConfig: Mapping[str, Any] | None = None,
        DurableConfig: Mapping[str, Any] | None = None,
        RuntimeConfig: Mapping[str, Any] | None = None,
        AcceleratorConfig: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Changes the settings that are given; new environments get them."""
        given = {name: value for name, value in locals().items() if name not in _NOT_SETTINGS}
        refuse_unsupported(given)
        name = unqualified(ctx, FunctionName)
        self._require_settled(ctx, name, RevisionId)
        if Role is not None:
            self._require_role(ctx, Role, name)

        def change(version: Version) -> None:
            apply_settings(version, given)
            version.role = Role or version.role

        return describe(ctx, self._change(ctx, name, RevisionId, change))

    def _require_settled(self, ctx: Context, name: str, revision: str) -> None:
        """Says what stands against a change before any work is done for it."""
        version = self.require(ctx, FunctionName(name))[1]
        check_revision(revision, version.revision_id)
        check_settled(ctx, version)

    def _require_role(self, ctx: Context, role: str, name: str) -> None:
        try:
            pass_role(ctx, role, _PRINCIPAL, own_arn(self.parts, name))
        except RoleNotPassable as error:
            raise InvalidParameterValueException(
                "The role defined for the function cannot be assumed by Lambda."
            ) from error

    def _change(
        self,
        ctx: Context,
        name: str,
        revision: str,
        change: Callable[[Version], None],
        *,
        publish: bool = False,
        dry: bool = False,
    ) -> Version:
        former: list[Code] = []

        def apply(connection: sqlite3.Connection) -> Version:
            _, version = self.require_in(ctx, connection, FunctionName(name))
            former.append(version.code)
            check_revision(revision, version.revision_id)
            check_settled(ctx, version)
            if version.state is State.FAILED:
                move_state(version, State.PENDING, "The function is being created.", "Creating")
            change(version)
            move_update(version, Update.IN_PROGRESS, "The function is being created.", "Creating")
            version.last_modified = self.parts.clock.wall()
            version.revision_id = str(uuid.uuid4())
            return version if dry else self._store_in(connection, version, publish)

        if dry:
            return self.parts.database.read(apply)
        changed = self.parts.database.write(apply)
        self.keeper.wake(name)
        self.keeper.discard(name, former[-1])  # one that could not be unpacked served nobody
        return changed

    def _store_in(self, connection: sqlite3.Connection, latest: Version, publish: bool) -> Version:
        """Stores `$LATEST`, and what is published of it; gives what the caller asked for."""
        published = None
        if publish:
            published = publish_in(connection, self.versions, self.numbers, latest)
        self.versions.put_in(connection, version_key(latest.function, LATEST), latest)
        return published or latest

    def _stored_code(self, ctx: Context, given: Mapping[str, Any]) -> Code:
        """Keeps the archive that the parameters of FunctionCode mean."""
        if given.get("ImageUri"):
            raise InvalidParameterValueException(
                "Kennel runs functions from zip archives only. Give ZipFile, or S3Bucket and S3Key."
            )
        archive, bucket, key = given.get("ZipFile"), given.get("S3Bucket"), given.get("S3Key")
        if (archive is None) == (bucket is None or key is None):
            raise InvalidParameterValueException(
                "Please provide a source for function code: ZipFile, or S3Bucket and S3Key."
            )
        try:
            if archive is not None:
                if len(archive) > _ZIP_LIMIT:
                    raise RequestEntityTooLargeException(
                        f"Request must be smaller than {_ZIP_LIMIT} bytes for the CreateFunction "
                        "operation. Upload larger archives to S3 and give S3Bucket and S3Key."
                    )
                return self.code.add(iter((archive,)))
            return self.code.add(self._from_s3(ctx, given))
        except ArchiveRefused as error:
            raise InvalidParameterValueException(str(error)) from error

    def _from_s3(self, ctx: Context, given: Mapping[str, Any]) -> Iterator[bytes]:
        where: dict[str, Any] = {"Bucket": given["S3Bucket"], "Key": given["S3Key"]}
        if given.get("S3ObjectVersion"):
            where["VersionId"] = given["S3ObjectVersion"]
        try:
            slices = ctx.call("s3", "GetObject", **where)["Body"]
        except AwsError as error:
            raise InvalidParameterValueException(
                "Error occurred while GetObject. S3 Error Code: "
                f"{error.code}. S3 Error Message: {error.message}"
            ) from error
        with slices:
            yield from slices.chunks()


def _exists(name: str) -> ResourceConflictException:
    return ResourceConflictException(f"Function already exist: {name}")


_NO_CODE = Code(id="", sha256="", size=0)
