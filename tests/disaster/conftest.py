"""One S3 server for all of them: it takes seconds to start. Each test has a folder of its own there."""

import pytest

from .storage import s3_server


@pytest.fixture(scope="session")
def s3(tmp_path_factory):
    with s3_server(tmp_path_factory.mktemp("s3") / "log") as port:
        yield port
