import pytest

from server.imports.record import BadFile
from server.imports.text import decode

SIMPLIFIED = "客户名称,联系人,手机\n示例机电有限公司,张三,13800138000\n"
TRADITIONAL = "客戶名稱,聯絡人,手機\n台灣機電有限公司,陳怡君,0912345678\n"
WESTERN = "Kunde;Straße;Ort\nMüller GmbH;Königsallee 5;Düsseldorf\nCafé Noël;Rue de l'Église;Besançon\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((SIMPLIFIED, e) for e in ("utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be")),
        *((TRADITIONAL, e) for e in ("utf-8", "big5", "gb18030", "utf-16-be", "utf-32")),
        *((WESTERN, e) for e in ("utf-8", "cp1252", "latin-1")),
        ("姓名\n王芳\n", "gbk"),
        ("姓名\n王芳\n", "big5"),
        ("name\nZoë\n", "latin-1"),
        ("株式会社サンプル,東京都\n", "shift_jis"),
    ],
)
def test_text_survives_its_encoding(text, encoding):
    assert decode(text.encode(encoding)).text == text


def test_utf16_with_its_mark_leaves_no_mark_in_the_first_header():
    assert decode("姓名,手机\n".encode("utf-16")).text.startswith("姓名")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty_file"),
        (b" \r\n", "empty_file"),
        (b"PK\x03\x04rest", "spreadsheet_file"),
        (b"\x00\x01\x00", "unknown_encoding"),
    ],
)
def test_what_is_not_text_is_refused_with_a_reason(data, reason):
    with pytest.raises(BadFile) as refused:
        decode(data)
    assert refused.value.reason == reason
