"""A Kubernetes API on loopback that Helm and kubectl can install into: it keeps objects, and nothing runs.

kmock's own emulator merges every patch as plain JSON and knows neither PUT nor selectors nor namespaces as objects,
all of which Helm needs, so only its list of a real cluster's resources is taken. Objects are checked by the schemas
of Kubernetes, and patches are worked out by kubectl (``--local``), so by Kubernetes' own code. Simplified are: no
defaults and no permissions; an applied object (server-side apply) takes the whole place of the one before, for Helm
owns all of its fields; of the controllers there is one, that makes the claims of StatefulSets and calls them ready.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import kubernetes_validate
import yaml
from tests.deploy.kubernetes_protobuf import MEDIA_TYPE, decoded

Object = dict[str, Any]
Key = tuple[str, str, str, str]
"""Group, plural, namespace, name."""

VERSION = "1.34"
CLAIMS = ("", "persistentvolumeclaims")
PATCHES = {
    "application/strategic-merge-patch+json": "strategic",
    "application/merge-patch+json": "merge",
    "application/json-patch+json": "json",
}


class Refused(Exception):
    """An answer as Status: its code and reason."""

    def __init__(self, code: int, reason: str, message: str = "") -> None:
        super().__init__(reason, message)
        self.code = code
        self.status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        self.status |= {"code": code, "reason": reason, "message": message or reason}


@dataclass(frozen=True)
class Place:
    """What a path means; ``name`` is empty for a collection."""

    group: str
    version: str
    plural: str
    namespace: str
    name: str

    @classmethod
    def of(cls, path: str) -> Place:
        first, *parts = path.strip("/").split("/")
        group, version, *parts = ["", *parts] if first == "api" else parts
        namespace = ""
        if parts[:1] == ["namespaces"] and len(parts) > 2:
            _, namespace, *parts = parts
        return cls(group, version, parts[0], namespace, parts[1] if len(parts) > 1 else "")

    def key(self, name: str) -> Key:
        return (self.group, self.plural, self.namespace, name)


class ApiServer:
    """The objects of a cluster, and what the verbs do to them."""

    def __init__(self, kubectl: str) -> None:
        kmock: Any = import_module("kmock")
        self._resources = kmock.ResourcesArray()
        with warnings.catch_warnings():  # it reads its list by a function that Python wants to be rid of
            warnings.simplefilter("ignore", DeprecationWarning)
            self._resources.load_bundled()
        self._kubectl = kubectl
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.objects: dict[Key, Object] = {}

    def discovery(self, path: str) -> Object:
        first, *rest = path.strip("/").split("/")
        if (first, rest) == ("api", []):
            return {"kind": "APIVersions", "versions": ["v1"]}
        if not rest:
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": self._groups()}
        group, version = ("", rest[0]) if first == "api" else (rest[0], rest[1])
        listed = [
            {
                "name": each.plural,
                "kind": info.kind,
                "singularName": info.singular or "",
                "namespaced": info.namespaced,
                "shortNames": sorted(info.shortnames),
                "verbs": sorted(info.verbs),
            }
            for each, info in self._resources.items()
            if (each.group, each.version) == (group, version)
        ]
        if not listed:
            raise Refused(404, "NotFound")
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": "/".join(filter(None, (group, version))),
            "resources": listed,
        }

    def _groups(self) -> list[Object]:
        known = sorted({(each.group, each.version) for each in self._resources if each.group}, reverse=True)
        return [
            {"name": group, "versions": versions, "preferredVersion": versions[0]}
            for group, members in itertools.groupby(known, key=lambda each: each[0])
            for versions in [[{"groupVersion": "/".join(each), "version": each[1]} for each in members]]
        ]

    def get(self, place: Place) -> Object:
        found = self.objects.get(place.key(place.name))
        if found is None:
            raise Refused(404, "NotFound", f'{place.plural} "{place.name}" not found')
        return found

    def list(self, place: Place, query: Mapping[str, str]) -> Object:
        (kind,) = (info.kind for each, info in self._resources.items() if _named(each) == _named(place))
        with self._lock:
            items = [
                found
                for (group, plural, namespace, _), found in sorted(self.objects.items())
                if (group, plural) == (place.group, place.plural)
                and (not place.namespace or namespace == place.namespace)
                and _selected(found["metadata"].get("labels") or {}, query.get("labelSelector", ""))
                and _selected({"metadata.name": found["metadata"]["name"]}, query.get("fieldSelector", ""))
            ]
        version = "/".join(filter(None, (place.group, place.version)))
        return {"kind": f"{kind}List", "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": items}

    def create(self, place: Place, given: Object) -> Object:
        key = place.key(given["metadata"]["name"])
        with self._lock:
            if key in self.objects:
                raise Refused(409, "AlreadyExists", f'{place.plural} "{key[-1]}" already exists')
            return self._keep(key, given)

    def update(self, place: Place, given: Object) -> Object:
        with self._lock:
            seen = given["metadata"].get("resourceVersion")
            if seen and seen != self.get(place)["metadata"]["resourceVersion"]:
                raise Refused(409, "Conflict", "the object has been modified")
            return self._keep(place.key(place.name), given)

    def patch(self, place: Place, kind: str, body: bytes) -> Object:
        key = place.key(place.name)
        if kind.startswith("application/apply-patch"):
            with self._lock:
                return self._keep(key, yaml.safe_load(body))
        return self.update(place, self._patched(self.get(place), PATCHES[kind], body.decode()))

    def delete(self, place: Place) -> Object:
        with self._lock:
            self.get(place)
            return self.objects.pop(place.key(place.name))

    def _keep(self, key: Key, given: Object) -> Object:
        """With what the server itself puts in; the lock is held."""
        if key[2] and ("", "namespaces", "", key[2]) not in self.objects:
            raise Refused(404, "NotFound", f'namespaces "{key[2]}" not found')
        before = self.objects.get(key)
        number = str(next(self._numbers))
        own = {"uid": f"00000000-0000-0000-0000-{number:>012}", "creationTimestamp": "2026-01-01T00:00:00Z"}
        own = {name: before["metadata"][name] for name in own} if before else own
        made = {**given, "metadata": {**given["metadata"], **own, "resourceVersion": number}}
        if key[2]:
            made["metadata"]["namespace"] = key[2]
        try:
            kubernetes_validate.validate(made, VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            raise Refused(422, "Invalid", str(error)) from error
        self.objects[key] = _settled(made) if made["kind"] == "StatefulSet" else made
        self._claim(key, made)
        return self.objects[key]

    def _claim(self, key: Key, owner: Object) -> None:
        for template in owner["spec"].get("volumeClaimTemplates", []) if owner["kind"] == "StatefulSet" else []:
            name = f"{template['metadata']['name']}-{key[-1]}-0"
            claim = {**template, "apiVersion": "v1", "kind": "PersistentVolumeClaim"}
            claim["metadata"] = {**template["metadata"], "name": name}
            if (*CLAIMS, key[2], name) not in self.objects:
                self._keep((*CLAIMS, key[2], name), claim)

    def _patched(self, before: Object, kind: str, patch: str) -> Object:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(before, file)
            file.flush()
            command = [self._kubectl, "patch", "--local", "--output", "json", "--filename", file.name]
            done = subprocess.run(  # noqa: S603 - our own words
                [*command, "--type", kind, "--patch", patch], capture_output=True, text=True, check=False, timeout=60
            )
        if done.returncode:
            raise Refused(422, "Invalid", done.stderr)
        patched: Object = json.loads(done.stdout)
        return patched


def _named(resource: Any) -> tuple[str, str, str]:
    return (resource.group, resource.version, resource.plural)


def _selected(values: Mapping[str, str], selector: str) -> bool:
    """Whether equality requirements hold; Helm and kubectl use no others here."""
    return all(values.get(name.strip()) == value for name, value in _pairs(selector))


def _pairs(selector: str) -> Iterator[tuple[str, str]]:
    for requirement in filter(None, selector.split(",")):
        name, equals, value = requirement.partition("=")
        if not equals or name.endswith("!"):
            raise Refused(400, "BadRequest", f"the emulator does not know the selector {selector}")
        yield name, value.lstrip("=")


def _settled(found: Object) -> Object:
    """As its controller leaves it when every pod is ready."""
    found["metadata"]["generation"] = int(found["metadata"]["resourceVersion"])
    count = found["spec"]["replicas"]
    ready = dict.fromkeys(
        ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas", "currentReplicas"), count
    )
    revisions = {"currentRevision": "r", "updateRevision": "r", "observedGeneration": found["metadata"]["generation"]}
    found["spec"].setdefault("updateStrategy", {"type": "RollingUpdate"})
    return {**found, "status": {**ready, **revisions}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: ApiServer

    def log_message(self, *_: Any) -> None:
        """Tests say what they saw."""

    def _answer(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if url.path == "/openapi/v2":  # a document without definitions, so clients check nothing; this server does
            return self._write(200, "application/octet-stream", b"")
        try:
            self._send(200, self._do(url.path, dict(parse_qsl(url.query)), body))
        except Refused as refused:
            self._send(refused.code, refused.status)

    def _do(self, path: str, query: dict[str, str], body: bytes) -> Object:
        if path == "/version":
            major, minor = VERSION.split(".")
            return {"major": major, "minor": minor, "gitVersion": f"v{VERSION}.0", "platform": "linux/amd64"}
        if path == "/openapi/v3":
            raise Refused(404, "NotFound")
        if len(path.strip("/").split("/")) <= (2 if path.startswith("/api/") else 3):
            return self.api.discovery(path)
        place = Place.of(path)
        verbs: dict[str, Callable[[], Object]] = {
            "GET": lambda: self.api.get(place),
            "POST": lambda: self.api.create(place, self._object(body)),
            "PUT": lambda: self.api.update(place, self._object(body)),
            "PATCH": lambda: self.api.patch(place, str(self.headers["Content-Type"]), body),
            "DELETE": lambda: self.api.delete(place),
        }
        if self.command == "GET" and not place.name:
            return self.api.list(place, query)
        return verbs[self.command]()

    def _object(self, body: bytes) -> Object:
        given: Object = decoded(body) if self.headers["Content-Type"] == MEDIA_TYPE else json.loads(body)
        return given

    def _send(self, code: int, answer: Object) -> None:
        self._write(code, "application/json", json.dumps(answer).encode())

    def _write(self, code: int, kind: str, text: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - names of http.server


@contextmanager
def running_api(kubectl: str, folder: Path) -> Iterator[tuple[ApiServer, Path]]:
    """A server without objects, and the kubeconfig file that leads to it."""
    api = ApiServer(kubectl)
    handler = type("Handler", (_Handler,), {"api": api})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield api, _kubeconfig(folder, server.server_port)
        finally:
            server.shutdown()
            thread.join(20)


def _kubeconfig(folder: Path, port: int) -> Path:
    config = folder / "kubeconfig"
    cluster = {"name": "test", "cluster": {"server": f"http://127.0.0.1:{port}"}}
    context = {"name": "test", "context": {"cluster": "test", "user": "test"}}
    user = {"name": "test", "user": {"token": "secret"}}
    whole = {"apiVersion": "v1", "kind": "Config", "current-context": "test"}
    config.write_text(json.dumps(whole | {"clusters": [cluster], "users": [user], "contexts": [context]}))
    return config
