"""Files that are the same for everybody: static files, the service worker's modules, its compiled pages.

All are read, generated, joined (what the worker runs is one script), shortened (comments and blanks of our own
scripts) and compressed once, at start, and served from memory.  What the worker runs lives
under `/_/<build>/`, where build is a hash of every file, and is kept by browsers for good; `/static/` is
asked for again each time and answered 304 while it is the same.  Nothing here depends on who is asking.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import brotli
import rjsmin
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.security import CSP
from web.build.bundle import bundle
from web.build.joined import join

ROOT = Path(__file__).parent.parent

FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".wasm": "application/wasm",
}
WORKER = "service_worker/sw.js"
PACKED_ALREADY = (".png", ".jpg", ".webp")

# Vendored scripts are minified already; ours are shortened here, so that their sources can explain themselves.
VENDORED = ("/vendor/", ".min.js")

# Vendored files never change: their best compression takes seconds and is kept beside them as NAME.br.
BROTLI_AT_START = 9
# What every new device fetches is compressed once more while the server is at work already: a twelfth is saved.
BROTLI_LATER = 11
LARGE = 50_000

# Served, but of no use to a device without signal.
NOT_OFFLINE = ("/static/screenshots/", "/static/css/admin.css", "/static/css/status.css", "-512.png", ".txt", ".md")


@dataclass(frozen=True)
class Asset:
    body: bytes
    packed: dict[str, bytes]  # content encoding -> body, best first; only where it is smaller
    type: str
    etag: str
    cache: str


class Assets:
    """All of them, by address."""

    is_packed_well = False

    def __init__(self, root: Path = ROOT) -> None:
        static = {f"/static/{name}": body for name, body in _files(root / "web" / "static").items()}
        modules = worker_modules(root) | {f"generated/{name}": body for name, body in generated().items()}
        static = _shortened(static)
        self.build = build_hash(static | modules)
        self.precache = precache_list(self.build, static, modules)
        modules["generated/precache.gen.js"] = precache_module(self.build, self.precache)
        modules = _shortened(joined(modules))
        base = f"/_/{self.build}"
        self.by_address = {
            **{address: _asset(address, body, ASK_AGAIN) for address, body in static.items()},
            **{f"{base}/{name}": _asset(name, body, FOREVER) for name, body in modules.items()},
            f"{base}/precache.json": _asset("precache.json", json.dumps(self.precache).encode(), FOREVER),
            "/sw.js": _asset("sw.js", worker_script(self.build), ASK_AGAIN),
        }
        manifest = self.by_address.get("/static/manifest.webmanifest")
        if manifest:
            self.by_address["/manifest.webmanifest"] = manifest

    @classmethod
    def of(cls, build: str, precache: list[str], by_address: dict[str, Asset]) -> Assets:
        """Those that were made before, and packed as well as can be."""
        assets = cls.__new__(cls)
        assets.is_packed_well = True
        assets.build, assets.precache, assets.by_address = build, precache, by_address
        return assets

    def find(self, address: str) -> Asset | None:
        return self.by_address.get(address)

    def pack_better(self) -> None:
        """Compress what is large as well as can be: seconds, so in a thread, after the start."""
        if self.is_packed_well:
            return
        for address, asset in self.by_address.items():
            if len(asset.packed.get("br", b"")) >= LARGE and not _is_kept_packed(address):
                asset.packed["br"] = brotli.compress(asset.body, quality=BROTLI_LATER)
        self.is_packed_well = True

    async def serve(self, request: Request) -> Response:
        """The endpoint of every address of an asset."""
        asset = self.find(request.url.path)
        if asset is None:
            raise HTTPException(404)
        headers = {"ETag": asset.etag, "Cache-Control": asset.cache, "Vary": "Accept-Encoding"}
        if asset.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        headers["Content-Type"] = asset.type
        accepted = {part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
        for encoding, packed in asset.packed.items():
            if encoding in accepted:
                return Response(packed, headers=headers | {"Content-Encoding": encoding})
        return Response(asset.body, headers=headers)


def worker_modules(root: Path = ROOT) -> dict[str, bytes]:
    """What the worker imports, by its path in the checkout: its own modules, and the twins in web/."""
    own = {f"service_worker/{name}": body for name, body in _files(root / "service_worker").items()}
    shared = {f"web/{file.name}": file.read_bytes() for file in sorted((root / "web").glob("*.js"))}
    runnable = (".js", ".mjs", ".wasm")
    return {name: body for name, body in (own | shared).items() if name.endswith(runnable)}


def joined(modules: dict[str, bytes]) -> dict[str, bytes]:
    """What a browser fetches of them: our own as one script, the vendored ones as they are."""
    ours = {name: body.decode() for name, body in modules.items() if _is_our_script(name)}
    others = {name: body for name, body in modules.items() if name not in ours}
    return others | {WORKER: join(ours, WORKER).encode()}


def generated() -> dict[str, bytes]:
    """Modules that are made from Python: the compiled pages, the model, and what every answer must carry."""
    security = f"/** Sent with every page, by both hosts. */\nexport const CSP = {json.dumps(CSP)};\n"
    modules = bundle() | {"security.gen.js": security}
    return {name: text.encode() for name, text in modules.items()}


def build_hash(files: dict[str, bytes]) -> str:
    """Changes with any byte of any file."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode())
        digest.update(files[name])
    return digest.hexdigest()[:16]


def precache_list(build: str, static: dict[str, bytes], modules: dict[str, bytes]) -> list[str]:
    """Every address that a device must hold to work without signal; a worker's own modules browsers keep anyway."""
    offline = [address for address in static if not any(part in address for part in NOT_OFFLINE)]
    if "/static/manifest.webmanifest" in offline:
        offline[offline.index("/static/manifest.webmanifest")] = "/manifest.webmanifest"
    wasm = [f"/_/{build}/{name}" for name in modules if name.endswith(".wasm")]
    return sorted(offline) + wasm


def precache_module(build: str, addresses: list[str]) -> bytes:
    lines = "".join(f"  {json.dumps(address)},\n" for address in addresses)
    return f"export const BUILD = {json.dumps(build)};\nexport const PRECACHE = [\n{lines}];\n".encode()


def worker_script(build: str) -> bytes:
    """/sw.js: its bytes change with any file, which is how browsers notice a new version."""
    return f"// build {build}\nimport '/_/{build}/{WORKER}';\n".encode()


def _files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and _is_served(path))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _is_served(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix != ".br"


def _shortened(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: _shorter(body) if _is_our_script(name) else body for name, body in files.items()}


def _is_our_script(name: str) -> bool:
    return name.endswith(".js") and not any(part in name for part in VENDORED)


def _shorter(script: bytes) -> bytes:
    return rjsmin.jsmin(script.decode()).encode()


def _asset(name: str, body: bytes, cache: str) -> Asset:
    suffix = Path(name).suffix
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    packed = {} if suffix in PACKED_ALREADY else {"br": _brotli(name, body), "gzip": gzip.compress(body, 9, mtime=0)}
    smaller = {encoding: each for encoding, each in packed.items() if len(each) < len(body)}
    return Asset(body, smaller, TYPES.get(suffix, "application/octet-stream"), etag, cache)


def _brotli(name: str, body: bytes) -> bytes:
    return _kept(name).read_bytes() if _is_kept_packed(name) else brotli.compress(body, quality=BROTLI_AT_START)


def _is_kept_packed(name: str) -> bool:
    return _kept(name).exists()


def _kept(name: str) -> Path:
    return ROOT / "service_worker" / "vendor" / f"{Path(name).name}.br"
