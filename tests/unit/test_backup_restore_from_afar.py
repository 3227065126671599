"""`roadbook restore` from a bucket and from another machine: the command as it is typed, against real servers."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from server.attachments.store import Store, hash_of
from server.cli import main
from server.firm import Firm

from ..disaster.storage import in_bucket, s3_server, sftp_server
from ..small_firm import Clock, as_server, make_firm, op

CONTENT = b"a receipt"
PASSWORD = "open sesame"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    with s3_server(tmp_path_factory.mktemp("s3") / "log") as port:
        yield port


@pytest.fixture(params=["a bucket", "a machine"])
def afar(request, tmp_path):
    """The settings of a place away from this machine."""
    if request.param == "a bucket":
        yield in_bucket(request.getfixturevalue("bucket"), "firm", tmp_path.name)
        return
    (tmp_path / "machine").mkdir()
    with sftp_server(tmp_path / "machine", PASSWORD) as told:
        # By key; by password it is refused below.
        del told["ROADBOOK_REPLICA_SECRET"]
        yield told | {"ROADBOOK_REPLICA_KEY": str(tmp_path / "machine" / "id_ed25519")}


def command(capsys, monkeypatch, settings: dict[str, str], *argv: str) -> tuple[str, bool]:
    """What it says, and whether it succeeds. In a thread: Playwright's loop may already live in this one."""
    for name in ("KEY", "SECRET", "HOST_KEY"):
        monkeypatch.delenv(f"ROADBOOK_REPLICA_{name}", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with ThreadPoolExecutor(1) as thread, pytest.raises(SystemExit) as ended:
        thread.submit(main, list(argv)).result()
    code = ended.value.code
    return capsys.readouterr().out + (code if isinstance(code, str) else ""), not code


def make_frozen(folder, run) -> None:
    """A firm with a customer and a file, all of it brought away by a freeze."""
    firm = make_firm(folder)
    as_server(firm, op("account", "acme", name="Acme", kind="customer", owner_id="rita"))
    store = Store(folder / "attachments")
    store.receive("new", CONTENT)
    store.put_in_place("new", hash_of(CONTENT))
    row = (hash_of(CONTENT), len(CONTENT))
    into = "INSERT INTO stored_file (hash, media_type, bytes, stored_at_ms) VALUES (?, 'image/png', ?, 1)"
    firm.write_now(lambda db: db.execute(into, row))
    firm.close()
    told, is_done = run("freeze")
    assert is_done, told


def test_a_firm_with_its_files_comes_back_from_afar_by_one_command(afar, tmp_path, monkeypatch, capsys):
    here = afar | {"ROADBOOK_URL": "http://localhost:8000"}
    old, new = tmp_path / "old", tmp_path / "new"
    make_frozen(old, lambda *argv: command(capsys, monkeypatch, here | {"ROADBOOK_DATA": str(old)}, *argv))

    rehearsed, _ = command(capsys, monkeypatch, here | {"ROADBOOK_DATA": str(new)}, "restore", "--dry-run")
    assert "1 account" in rehearsed and "nothing was changed" in rehearsed
    assert not new.exists()
    told, is_done = command(capsys, monkeypatch, here | {"ROADBOOK_DATA": str(new)}, "restore")

    assert is_done and "Files      1 fetched, 9 bytes" in told and "as if nothing had happened" in told
    assert Store(new / "attachments").path(hash_of(CONTENT)).read_bytes() == CONTENT
    for said in (rehearsed, told):
        assert [name for name, value in afar.items() if name.endswith("_SECRET") and value and value in said] == []
    firm = Firm.open(new, Clock())
    with firm.look() as db:
        assert db.execute("SELECT name FROM account").fetchall()[0][0] == "Acme"
    firm.close()


@pytest.mark.parametrize("is_another", [False, True])
def test_a_machine_that_lets_nobody_in_or_is_another_one_restores_nothing(tmp_path, monkeypatch, capsys, is_another):
    for name in ("machine", "stranger"):
        (tmp_path / name).mkdir()
    with sftp_server(tmp_path / "machine", PASSWORD) as told, sftp_server(tmp_path / "stranger", PASSWORD) as other:
        here = told | {"ROADBOOK_URL": "http://localhost:8000", "ROADBOOK_DATA": str(tmp_path / "firm")}
        host_key = "ROADBOOK_REPLICA_HOST_KEY"
        here |= {host_key: other[host_key]} if is_another else {"ROADBOOK_REPLICA_SECRET": "guessed"}

        for argv in (["restore", "--dry-run"], ["restore"]):
            said, is_done = command(capsys, monkeypatch, here, *argv)

            assert not is_done and "nothing was restored" in said and "cannot be fetched" in said
            assert PASSWORD not in said and "guessed" not in said
            assert not (tmp_path / "firm").exists()
