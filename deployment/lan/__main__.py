"""python -m deployment.lan FOLDER HOST: the root certificate and the page, where they are not there yet.

Prints the certificate's fingerprint, to be compared on the first phone.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cryptography import x509

from deployment.lan.page import fingerprint, make_page
from deployment.lan.root import OtherName, make_root


def main(folder: Path, host: str) -> None:
    try:
        make_root(folder, host)
    except OtherName as other:
        sys.exit(
            f"{folder} holds the root certificate of {other}, which phones may trust already. Keep that name,"
            f" or move the folder aside: every phone then has to trust a new certificate."
        )
    make_page(folder, host)
    print(fingerprint(x509.load_pem_x509_certificate((folder / "root.crt").read_bytes())))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
