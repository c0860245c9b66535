"""Named pieces of bytes in a bucket of S3-compatible storage: its conditional writes make one of several writers win."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tracetune.errors import Forbidden, InvalidInput, InvalidSettings, NotFound, Unavailable
from tracetune.stores.objects import check_name

SCHEME = "s3://"

_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 3, 20, 3
_MISSING = {"NoSuchKey", "404"}
_LOST = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_DENIED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403"}
_UNKNOWN = {"NotImplemented", "501"}


class Bucket:
    """An ObjectStore in a bucket, below a prefix.

    Keys and address are those that every AWS tool knows: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, and
    AWS_ENDPOINT_URL_S3 for storage other than Amazon's.

    Source: Amazon S3 API, PutObject, ``If-None-Match`` and ``If-Match`` ("conditional writes").

    Raises:
        InvalidSettings: the place names no bucket.
        Unavailable: the extra 's3' is not installed.
    """

    def __init__(self, place: str) -> None:
        self._bucket, _, prefix = place.removeprefix(SCHEME).partition("/")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        if not place.startswith(SCHEME) or not self._bucket:
            raise InvalidSettings(f"{place!r} names no bucket", hint=f"write {SCHEME}BUCKET/PREFIX")
        try:
            import boto3  # noqa: PLC0415 - an extra, and half a second
            from botocore.config import Config  # noqa: PLC0415
        except ImportError as error:
            raise Unavailable(
                f"{place} needs boto3, which is not installed", hint="pip install 'tracetune[s3]'"
            ) from error
        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        )
        try:
            with self._told():
                self._client: Any = boto3.session.Session().client("s3", config=config)
        except ValueError as error:
            raise InvalidSettings(f"cannot use {place}: {error}", hint="look at AWS_ENDPOINT_URL_S3") from None

    def read(self, name: str, *, most_bytes: int) -> bytes:
        """See the port."""
        found = self._stored(name)
        if found is None:
            raise NotFound(f"{self._where(name)} is not there")
        if found["ContentLength"] > most_bytes:
            raise InvalidInput(
                f"{self._where(name)} has more than {most_bytes:,} bytes", hint="it is nothing that tracetune wrote"
            )
        with self._told():
            content: bytes = found["Body"].read(most_bytes + 1)
        return content

    def create(self, name: str, content: bytes) -> bool:
        """See the port."""
        return self._put(name, content, {"IfNoneMatch": "*"})

    def swap(self, name: str, expected: bytes | None, content: bytes) -> bool:
        """See the port."""
        if expected is None:
            return self.create(name, content)
        found = self._stored(name)
        if found is None:
            return False
        with self._told():
            held = found["Body"].read(len(expected) + 1)
        return bool(held == expected) and self._put(name, content, {"IfMatch": found["ETag"]})

    def names(self, prefix: str) -> list[str]:
        """See the port."""
        check_name(prefix)
        found: list[str] = []
        with self._told():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=f"{self._prefix}{prefix}/"
            )
            for page in pages:
                found += [each["Key"].removeprefix(self._prefix) for each in page.get("Contents", ())]
        return sorted(found)

    def _stored(self, name: str) -> Mapping[str, Any] | None:
        """The answer to a request for it; None where it is not there."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

        check_name(name)
        with self._told():
            try:
                found: Mapping[str, Any] = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
            except ClientError as error:
                if error.response["Error"]["Code"] in _MISSING:
                    return None
                raise
        return found

    def _put(self, name: str, content: bytes, condition: Mapping[str, str]) -> bool:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

        check_name(name)
        with self._told():
            try:
                self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=content, **condition)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _LOST:
                    raise
                # A write whose answer was lost is sent again, and then loses against itself.
                again = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
                return again and self._is(name, content)
        return True

    def _is(self, name: str, content: bytes) -> bool:
        found = self._stored(name)
        return found is not None and found["Body"].read(len(content) + 1) == content

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the storage or the way to it refuses, as errors that say what to do."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - comes with it; a body that breaks off is its own

        place = f"{SCHEME}{self._bucket}"
        try:
            yield
        except ClientError as error:
            code = str(error.response["Error"]["Code"])
            if code in _DENIED:
                raise Forbidden(
                    f"{place} does not allow this: {code}", hint="look at the keys and their rights"
                ) from None
            if code == "NoSuchBucket":
                raise NotFound(f"there is no bucket {self._bucket}", hint="make it, or name another one") from None
            hint = (
                "this storage lacks conditional writes" if code in _UNKNOWN else "nothing was changed; try again later"
            )
            raise Unavailable(f"{place} answered {code}", hint=hint) from None
        except (BotoCoreError, HTTPError) as error:
            raise Unavailable(
                f"{place} cannot be reached: {error}", hint="look at AWS_ENDPOINT_URL_S3 and the keys; then try again"
            ) from None

    def _where(self, name: str) -> str:
        return f"{SCHEME}{self._bucket}/{self._prefix}{name}"
