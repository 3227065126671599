"""The archive of a release, and the containers that are built from it."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from ..conftest import ROOT

COMPOSE = (ROOT / "deployment/compose.yaml").read_text("utf-8")
DOCKERFILE = (ROOT / "deployment/Dockerfile").read_text("utf-8")


@pytest.fixture
def clone(tmp_path):
    """A repository with what is committed here: an archive is made of commits."""
    found = subprocess.run(
        ["git", "clone", "-q", "--shared", ROOT, tmp_path / "clone"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if found.returncode:
        pytest.skip(f"not a git checkout: {found.stderr}")
    return tmp_path / "clone"


def released(clone: Path, folder: Path, **environ: str) -> Path:
    subprocess.run(
        ["sh", "-c", f"umask {environ.pop('umask', '022')}; exec sh deployment/release.sh '{folder}'"],
        cwd=clone, check=True, capture_output=True, timeout=120, env=os.environ | environ,
    )  # fmt: skip
    return next(folder.glob("roadbook-*.tar.gz"))


def version_of(folder: Path) -> str:
    said = subprocess.run(["sh", folder / "deployment/version.sh", folder], capture_output=True, check=True, text=True)
    return said.stdout.strip()


def test_the_same_commit_gives_the_same_bytes_and_says_their_sum(clone, tmp_path):
    one = released(clone, tmp_path / "one", TZ="Asia/Shanghai", umask="077")
    (clone / "README.md").touch()
    other = released(clone, tmp_path / "other", TZ="America/New_York")

    assert one.read_bytes() == other.read_bytes()
    sums = (tmp_path / "one/SHA256SUMS").read_text()
    assert sums == f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n"


def test_an_archive_is_the_version_it_says_and_holds_all_that_installing_needs(clone, tmp_path):
    archive = released(clone, tmp_path / "made")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    folder = tmp_path / archive.name.removesuffix(".tar.gz")
    version = version_of(folder)

    assert archive.name == f"roadbook-{version}.tar.gz" and "+" not in version
    done = subprocess.run(
        ["sh", folder / "deployment/install.sh", "--root", tmp_path / "image", "--url", "https://crm.example.com",
         "--dry-run"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, f"release {version}" in done.stdout) == (0, True), done.stderr


def test_a_checkout_says_that_it_is_no_release(clone):
    before = version_of(clone)
    (clone / "server/cli.py").write_text("")

    assert re.fullmatch(r"[\w.]+\+[0-9a-f]{8}", before) and version_of(clone) != before


def test_every_path_that_the_image_is_built_from_is_there():
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    named = {name for line in copied for name in line.split()}
    let_in = set(re.findall(r"^!(.+)$", (ROOT / "deployment/Dockerfile.dockerignore").read_text(), re.MULTILINE))

    assert [name for name in named if not (ROOT / name).exists()] == []
    # What is not let in cannot be copied.
    assert {name.split("/")[0] for name in named} == let_in
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages <= named


def test_the_image_runs_without_root_and_says_whether_it_serves():
    last_user = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)[-1]

    assert last_user not in ("root", "0", "0:0")
    assert re.search(r"^HEALTHCHECK .*deployment/healthy.py", DOCKERFILE, re.MULTILINE)


def test_containers_are_as_closed_as_the_services_are():
    yaml = pytest.importorskip("yaml")
    compose = yaml.safe_load(COMPOSE)

    assert set(compose["services"]) == {"roadbook", "replica", "caddy"}
    for name, service in compose["services"].items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        mounted = [each.partition(":")[0] for each in service["volumes"]]
        for source in mounted:
            assert source in compose["volumes"] or (ROOT / "deployment" / source).is_file(), source
    assert "ports" not in compose["services"]["roadbook"]
    assert compose["services"]["caddy"]["cap_add"] == ["NET_BIND_SERVICE"]


def told_to(service: dict) -> set[str]:
    """The settings that a container's files may hold, those that are commented out, too."""
    texts = [(ROOT / f"deployment/{name}.example").read_text("utf-8") for name in service["env_file"]]
    return set(re.findall(r"^#? ?(\w+)=", "\n".join(texts), re.MULTILINE))


def test_each_container_is_told_what_it_needs_and_the_one_strangers_speak_to_no_secret():
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load(COMPOSE)["services"]
    secret = {"ROADBOOK_REPLICA_KEY", "ROADBOOK_REPLICA_SECRET", "ROADBOOK_SMTP", "ROADBOOK_METRICS"}

    assert told_to(services["caddy"]) == {"ROADBOOK_URL", "ROADBOOK_HOSTNAME", "ROADBOOK_CONTACT"}
    assert told_to(services["replica"]) & secret == {"ROADBOOK_REPLICA_KEY", "ROADBOOK_REPLICA_SECRET"}
    assert secret < told_to(services["roadbook"]) and told_to(services["replica"]) < told_to(services["roadbook"])
    assert "environment" not in services["caddy"]


def test_secrets_of_containers_get_into_no_image_and_no_release(tmp_path):
    (tmp_path / "deployment").mkdir()
    for name in ("compose.env", "compose.replica.env", "compose.replica.env.example", "compose.yaml"):
        (tmp_path / "deployment" / name).write_text("")
    packed = subprocess.run(
        ["sh", ROOT / "deployment/files.sh", tmp_path], capture_output=True, check=True, timeout=60
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as release:
        names = {Path(name).name for name in release.getnames()}

    assert {"compose.yaml", "compose.replica.env.example"} < names
    assert {name for name in names if name.endswith(".env")} == set()
    left_out = (ROOT / "deployment/Dockerfile.dockerignore").read_text().splitlines()
    assert left_out.index("deployment/compose*.env") > left_out.index("!deployment")
    assert "/deployment/compose*.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_proxy_in_containers_is_the_one_that_is_trusted_and_is_configured_alike():
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load(COMPOSE)["services"]
    address = {name: services[name]["networks"]["network"]["ipv4_address"] for name in ("caddy", "roadbook")}
    written = subprocess.run(
        ["sh", ROOT / "deployment/install/caddyfile.sh", "domain",
         "{$ROADBOOK_HOSTNAME}", "8000", "{$ROADBOOK_CONTACT}"],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout.replace("127.0.0.1:8000", f"{address['roadbook']}:8000")  # fmt: skip
    own = (ROOT / "deployment/compose.Caddyfile").read_text("utf-8")

    assert services["roadbook"]["environment"]["ROADBOOK_TRUSTED_PROXIES"] == address["caddy"]
    assert own[own.index("{\n") :] == written[written.index("{\n") :]
    example = (ROOT / "deployment/compose.env.example").read_text()
    for name in re.findall(r"\{\$(\w+)\}", own):
        assert re.search(rf"^{name}=\S+$", example, re.MULTILINE)


def test_the_compose_file_is_one_that_docker_takes(tmp_path):
    if (
        not shutil.which("docker")
        or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode
    ):
        pytest.skip("docker compose is not here")
    folder = tmp_path / "deployment"
    shutil.copytree(ROOT / "deployment", folder)
    for example in folder.glob("compose.*.example"):
        shutil.copy(example, example.with_suffix(""))
    done = subprocess.run(
        ["docker", "compose", "config", "-q"], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
