"""The operations on functions themselves."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.errors import AwsError
from kennel.services.lambda_.archive import ArchiveRefused
from kennel.services.lambda_.area import Area
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
from kennel.services.lambda_.errors import (
    InvalidParameterValueException,
    PreconditionFailedException,
    RequestEntityTooLargeException,
    ResourceConflictException,
)
from kennel.services.lambda_.naming import LATEST, FunctionName, function_arn, parse_name
from kennel.services.lambda_.paging import marked
from kennel.services.lambda_.settings import apply_settings, refuse_unsupported
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
    """CreateFunction to DeleteFunction."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "create_function",
            "delete_function",
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
        name = parse_name(ctx, FunctionName).name
        if self.functions.get(name) is not None:
            raise _exists(name)
        _pass_role(ctx, Role)
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

        def create(connection: sqlite3.Connection) -> bool:
            if not self.functions.add_in(connection, name, function):
                return False
            self.versions.put_in(connection, version_key(name, LATEST), version)
            return True

        if not self.parts.database.write(create):
            self.code.remove(version.code)
            raise _exists(name)
        self.wake(name)
        return describe(ctx, version)

    def get_function(
        self, ctx: Context, *, FunctionName: str, Qualifier: str = ""
    ) -> dict[str, Any]:
        """Configuration and tags. There is no Code.Location, since the code lies at no URL."""
        named = parse_name(ctx, FunctionName, Qualifier)
        function, version = self.require(ctx, named)
        result: dict[str, Any] = {
            "Configuration": describe(ctx, version, qualified=bool(named.qualifier)),
            "Code": {"RepositoryType": "S3"},
        }
        if function.tags:
            result["Tags"] = function.tags
        return result

    def get_function_configuration(
        self, ctx: Context, *, FunctionName: str, Qualifier: str = ""
    ) -> dict[str, Any]:
        named = parse_name(ctx, FunctionName, Qualifier)
        return describe(ctx, self.require(ctx, named)[1], qualified=bool(named.qualifier))

    def list_functions(
        self,
        ctx: Context,
        *,
        MasterRegion: str = "",
        FunctionVersion: str = "",
        Marker: str = "",
        MaxItems: int = _PAGE,
    ) -> dict[str, Any]:
        """Functions in the order of their names."""
        limit = min(MaxItems, _PAGE)
        after = version_key(marked(Marker, "functions"), "~") if Marker else ""
        found = self.versions.list(after=after, limit=limit + 1)
        # Every version is listed only on demand; `$LATEST` is all that there is so far.
        page = [version for _, version in found[:limit]]
        everything = FunctionVersion == "ALL"
        result: dict[str, Any] = {
            "Functions": [describe(ctx, version, qualified=everything) for version in page]
        }
        if len(found) > limit:
            result["NextMarker"] = encode_place("functions", page[-1].function)
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
        """Replaces the code. Invocations get the old one until the new one is unpacked."""
        refuse_unsupported({"Publish": Publish, "PublishTo": PublishTo})
        name = parse_name(ctx, FunctionName).name
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
            version = self._change(ctx, name, RevisionId, change, dry=DryRun)
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
        name = parse_name(ctx, FunctionName).name
        self._require_settled(ctx, name, RevisionId)
        if Role is not None:
            _pass_role(ctx, Role)

        def change(version: Version) -> None:
            apply_settings(version, given)
            version.role = Role or version.role

        return describe(ctx, self._change(ctx, name, RevisionId, change))

    def delete_function(
        self, ctx: Context, *, FunctionName: str, Qualifier: str = ""
    ) -> dict[str, Any]:
        """Deletes the function. Its environments answer what they were asked, and end."""
        named = parse_name(ctx, FunctionName, Qualifier)
        self.require(ctx, named)
        if named.qualifier:
            raise InvalidParameterValueException(
                f"{LATEST} version cannot be deleted without deleting the function."
            )

        def delete(connection: sqlite3.Connection) -> list[Version]:
            found = self.versions.list_in(connection, version_key(named.name, ""))
            for key, _ in found:
                self.versions.delete_in(connection, key)
            self.functions.delete_in(connection, named.name)
            return [version for _, version in found]

        self.forget(named.name, self.parts.database.write(delete))
        return {"StatusCode": 204, "_status": 204}

    def _require_settled(self, ctx: Context, name: str, revision: str) -> None:
        """Says what stands against a change before any work is done for it."""
        _check_settled(ctx, self.require(ctx, FunctionName(name))[1], revision)

    def _change(
        self,
        ctx: Context,
        name: str,
        revision: str,
        change: Callable[[Version], None],
        *,
        dry: bool = False,
    ) -> Version:
        def apply(version: Version) -> Version | None:
            _check_settled(ctx, version, revision)
            if version.state is State.FAILED:
                move_state(version, State.PENDING, "The function is being created.", "Creating")
            change(version)
            move_update(version, Update.IN_PROGRESS, "The function is being created.", "Creating")
            version.last_modified = self.parts.clock.wall()
            version.revision_id = str(uuid.uuid4())
            return version

        if dry:
            version = self.require(ctx, FunctionName(name))[1]
            changed: Version | None = apply(version)
        else:
            changed = self.versions.update(version_key(name, LATEST), apply)
            self.wake(name)
        if changed is None:
            raise self.not_found(ctx, FunctionName(name))
        return changed

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


def _pass_role(ctx: Context, role: str) -> None:
    try:
        pass_role(ctx, role, _PRINCIPAL)
    except RoleNotPassable as error:
        raise InvalidParameterValueException(
            "The role defined for the function cannot be assumed by Lambda."
        ) from error


def _check_settled(ctx: Context, version: Version, revision: str) -> None:
    if revision and revision != version.revision_id:
        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction "
            "or the GetAlias API to retrieve the latest Revision Id"
        )
    arn = function_arn(ctx, version.function)
    if version.state is State.PENDING:
        raise ResourceConflictException(
            "The operation cannot be performed at this time. The function is currently in the "
            f"following state: {version.state}"
        )
    if version.update is Update.IN_PROGRESS:
        raise ResourceConflictException(
            "The operation cannot be performed at this time. An update is in progress for "
            f"resource: {arn}"
        )


_NO_CODE = Code(id="", sha256="", size=0)
