"""A start finds what an earlier one of the same code made, and never what other code made."""

from __future__ import annotations

import gzip

import brotli
import pytest

from server import assets_kept
from server.assets import Assets
from server.security import CSP
from web.build import kept

UNPACK = {"br": brotli.decompress, "gzip": gzip.decompress}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    file = tmp_path / "made" / "this.db"
    monkeypatch.setattr(kept, "path", lambda: file)
    return file.parent


@pytest.fixture(scope="module")
def made() -> Assets:
    return Assets()


def test_what_is_kept_is_what_would_be_made(folder, made):
    assets_kept.finish(made)
    found = assets_kept.ready()

    assert (found.build, found.precache) == (made.build, made.precache)
    assert found.by_address == made.by_address
    for asset in found.by_address.values():
        assert all(UNPACK[encoding](body) == asset.body for encoding, body in asset.packed.items())
    assert found.is_packed_well
    assert CSP in found.find(f"/_/{found.build}/service_worker/sw.js").body.decode().replace('\\"', '"')


def test_only_this_codes_is_kept(folder, made):
    folder.mkdir()
    (folder / "other.db").write_text("of an earlier release")

    assets_kept.finish(made)

    assert [file.name for file in folder.iterdir()] == ["this.db"]


@pytest.mark.parametrize("spoil", [lambda whole: whole[:5_000], lambda whole: b"no database", lambda whole: b""])
def test_what_cannot_be_read_is_made_anew(folder, made, spoil):
    assets_kept.finish(made)
    file = folder / "this.db"
    file.write_bytes(spoil(file.read_bytes()))

    found = assets_kept.ready()

    assert found.by_address.keys() == made.by_address.keys()
    assert not file.exists()


def test_a_folder_that_cannot_be_written_to_is_no_trouble(folder, made):
    folder.write_text("no folder")

    assets_kept.finish(made)

    assert assets_kept.ready().build == made.build


@pytest.mark.parametrize("changed", ["server/a.py", "web/pages/a.html", "service_worker/sw.js", "sync/new.sql"])
def test_any_byte_of_the_code_and_any_package_gives_another_name(tmp_path, monkeypatch, changed):
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    for name in ("server/a.py", "web/pages/a.html", "service_worker/sw.js", "sync/a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before")
    before = kept.path.__wrapped__()
    assert kept.path.__wrapped__() == before

    (tmp_path / changed).write_text("beforf")

    changed_code = kept.path.__wrapped__()
    monkeypatch.setattr(kept, "version", lambda name: f"a later {name}")
    assert len({before, changed_code, kept.path.__wrapped__()}) == 3
