"""The catalogues are complete and proper, and extraction finds what is marked and loses nothing."""

from __future__ import annotations

import json
import re

import pytest

from tests.conftest import ROOT
from web.build import extract
from web.text_tables import TABLES

PLACEHOLDER = re.compile(r"%\(\w+\)s")

# Each pair is one character, simplified and traditional; neither is used in the other script.
PAIRS = """
们們 这這 个個 为為 时時 来來 国國 会會 对對 说說 没沒 还還 过過 发發 动動 开開 关關 经經 现現 间間 问問 题題 电電 话話
号號 码碼 联聯 络絡 资資 讯訊 网網 页頁 图圖 书書 写寫 读讀 录錄 纪紀 记記 传傳 输輸 选選 择擇 删刪 编編 辑輯 设設 备備
户戶 员員 务務 级級 类類 权權 业業 产產 销銷 种種 处處 实實 应應 复復 变變 换換 请請 让讓 给給 从從 与與 并並 无無 门門
单單 标標 节節 简簡 长長 语語 释釋 确確 认認 证證 误誤 错錯 觉覺 见見 视視 观觀 颜顏 蓝藍 红紅 黄黃 绿綠 轻輕 紧緊 态態
状狀 续續 结結 终終 约約 纬緯 够夠 听聽 声聲 师師 职職 称稱 谁誰 谈談 议議 访訪 试試 询詢 诉訴 详詳 调調 负負 责責 费費
买買 卖賣 账帳 价價 额額 数數 据據 总總 计計 万萬 亿億 两兩 张張 条條 块塊 报報 团團 队隊 离離 陆陸 随隨 难難 预預 领領
项項 须須 饭飯 馆館 东東 车車 转轉 软軟 较較 载載 进進 远遠 适適 邮郵 铃鈴 锁鎖 键鍵 闭閉 闻聞 阅閱 显顯 风風 验驗 鱼魚
龙龍
""".split()

# Words that the other place uses.
NOT_IN = {
    "zh-Hans": ("资讯", "网路", "软体", "简讯", "登入", "搜寻", "储存", "行程", "档案"),
    "zh-Hant": ("信息", "網絡", "軟件", "短信", "登錄", "搜索", "數據", "日程", "文件"),
}


@pytest.fixture(scope="module")
def ids():
    return extract.collect()


@pytest.fixture(params=extract.TRANSLATED)
def lang(request) -> str:
    return request.param


@pytest.fixture
def catalogue(lang):
    return extract.read(lang)


def messages(catalogue) -> list:
    return [message for message in catalogue if message.id]


def forms(message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def words(lang: str) -> str:
    """Everything that is said in a language: catalogue, dates, page scripts."""
    said = [form for message in messages(extract.read(lang)) for form in forms(message)]
    return "\n".join([*said, json.dumps(TABLES[lang], ensure_ascii=False), words_of_scripts(lang)])


def words_of_scripts(lang: str) -> str:
    source = (ROOT / "web" / "static" / "js" / "words.js").read_text(encoding="utf-8")
    name = {"zh-Hans": "HANS", "zh-Hant": "HANT"}[lang]
    return re.search(rf"^const {name} = \{{$.*?^\}};$", source, re.M | re.S)[0]


def test_every_marked_text_is_in_the_catalogue_and_nothing_else(ids, catalogue):
    known = {tuple(m.id) if isinstance(m.id, list | tuple) else m.id for m in messages(catalogue)}

    assert known == set(ids), "run `python -m web.build.extract`"


def test_every_text_is_translated(catalogue):
    assert [message.id for message in extract.untranslated(catalogue)] == []
    assert [message.id for message in messages(catalogue) if message.fuzzy] == []


def test_nothing_obsolete_is_kept(catalogue):
    assert list(catalogue.obsolete) == []


def test_a_translation_has_the_placeholders_of_its_text(catalogue):
    wrong = []
    for message in messages(catalogue):
        # Of a plural the second form counts: the first may say "one" in words.
        text = message.id[-1] if isinstance(message.id, list | tuple) else message.id
        wanted = sorted(PLACEHOLDER.findall(text))
        wrong += [form for form in forms(message) if sorted(PLACEHOLDER.findall(form)) != wanted]

    assert wrong == []


def test_chinese_has_one_form_for_every_number(catalogue):
    assert catalogue.num_plurals == 1


def test_simplified_has_no_traditional_characters():
    text = words("zh-Hans")

    assert [pair for pair in PAIRS if pair[1] in text] == []


def test_traditional_has_no_simplified_characters():
    text = words("zh-Hant")

    assert [pair for pair in PAIRS if pair[0] in text] == []


def test_words_are_those_of_the_place(lang):
    text = words(lang)

    assert [word for word in NOT_IN[lang] if word in text] == []


@pytest.mark.parametrize(
    ("english", "hans", "hant"),
    [
        ("Customer", "客户", "客戶"),
        ("Company", "往来单位", "往來單位"),
        ("Contact", "联系人", "聯絡人"),
        ("Relationship", "关系", "關係"),
        ("Activity", "跟进记录", "跟進紀錄"),
        ("Visit check-in", "拜访签到", "拜訪簽到"),
        ("Appointment", "日程", "行程"),
        ("Task", "任务", "任務"),
        ("Sticky note", "便签", "便箋"),
        ("Comment", "评论", "評論"),
        ("Conflict", "冲突", "衝突"),
        ("To send", "待同步", "待同步"),
        ("Synced", "已同步", "已同步"),
        ("Needs you: %(n)s", "待处理：%(n)s", "待處理：%(n)s"),
        ("Today", "今日", "今日"),
        ("Me", "我的", "我的"),
    ],
)
def test_the_words_of_the_field_are_the_agreed_ones(english, hans, hant):
    assert [extract.read(lang).get(english).string for lang in ("zh-Hans", "zh-Hant")] == [hans, hant]


# --- extraction


@pytest.fixture
def checkout(tmp_path):
    """A checkout in which texts are marked in each way."""
    write(tmp_path, "web/pages/_part.html", "{% macro m() %}{{ _('In a part') }}{% endmacro %}")
    write(tmp_path, "web/pages/a.html", "{{ _('With %(name)s', name=x) }}{% if _('In a part') %}{{ _(x) }}{% endif %}")
    write(tmp_path, "web/pages/b.html", "{{ ngettext('%(n)s thing', '%(n)s things', 3) }}<p>Not marked</p>")
    write(tmp_path, "server/admin/templates/c.html", '{% block t %}{{ _("On the server") }}{% endblock %}')
    write(tmp_path, "server/admin/words.py", "A = N_('Marked')\nB = text.gettext('Put ' 'together')\nC = _(A)\n")
    write(tmp_path, "server/words.py", "text.ngettext(\n    'One',\n    'Many',\n    n,\n)\nset_(x, 'no text')\n")
    write(
        tmp_path, "service_worker/a.js", "N_(\"It's \\u201cquoted\\u201d\"); _('Short'); x_('no text'); _(`no ${x}`);"
    )
    return tmp_path


def write(root, name: str, text: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_texts_are_found_wherever_they_are_marked(checkout):
    assert extract.collect(checkout) == {
        "In a part": ["web/pages/_part.html", "web/pages/a.html"],
        "With %(name)s": ["web/pages/a.html"],
        ("%(n)s thing", "%(n)s things"): ["web/pages/b.html"],
        "On the server": ["server/admin/templates/c.html"],
        ("One", "Many"): ["server/words.py"],
        "Marked": ["server/admin/words.py"],
        "Put together": ["server/admin/words.py"],
        "It's “quoted”": ["service_worker/a.js"],
        "Short": ["service_worker/a.js"],
    }


def updated(lang: str, folder, ids: dict):
    extract.write(lang, extract.update(extract.read(lang, folder), ids), folder)
    return extract.read(lang, folder)


def test_what_is_translated_stays_when_texts_come_and_go(tmp_path):
    first = updated("zh-Hans", tmp_path, {"Old": ["a.html"], "Kept": ["a.html"], ("one", "many"): ["a.html"]})
    translate(first, {"Old": "旧", "Kept": "留", "one": ("一些",)})
    extract.write("zh-Hans", first, tmp_path)

    second = updated("zh-Hans", tmp_path, {"New": ["b.html"], ("one", "many"): ["b.html"], "Kept": ["c.html"]})

    assert [(m.id, m.string) for m in messages(second)] == [("New", ""), (("one", "many"), ("一些",)), ("Kept", "留")]
    assert second.get("Kept").locations == [("c.html", None)]
    assert {text: m.string for text, m in second.obsolete.items()} == {"Old": "旧"}
    assert [m.id for m in extract.untranslated(second)] == ["New"]


def test_a_text_that_comes_back_finds_its_translation(tmp_path):
    first = updated("zh-Hant", tmp_path, {"Old": ["a.html"]})
    translate(first, {"Old": "舊"})
    extract.write("zh-Hant", first, tmp_path)
    updated("zh-Hant", tmp_path, {"Other": ["a.html"]})

    again = updated("zh-Hant", tmp_path, {"Old": ["b.html"]})

    assert again.get("Old").string == "舊"
    assert not again.obsolete


def translate(catalogue, strings: dict) -> None:
    for message in messages(catalogue):
        message.string = strings[message.id if isinstance(message.id, str) else message.id[0]]


def test_the_same_texts_give_the_same_bytes(lang, ids, tmp_path):
    extract.write(lang, extract.update(extract.read(lang), ids), tmp_path)

    assert extract.po_file(lang, tmp_path).read_bytes() == extract.po_file(lang).read_bytes()


def test_every_template_and_module_with_texts_is_looked_at(ids):
    looked_at = {place for places in ids.values() for place in places}
    marked = re.compile(r"\b(?:N_|_|ngettext|gettext)\(\s*[\"']")
    files = [*(ROOT / "web").rglob("*.*"), *(ROOT / "server").rglob("*.*"), *(ROOT / "service_worker").rglob("*.js")]
    texts = [file for file in files if file.suffix in (".html", ".py", ".js") and ".min." not in file.name]

    missed = [
        place
        for file in texts
        if (place := file.relative_to(ROOT).as_posix()) not in looked_at
        and not place.startswith("web/build/")
        and marked.search(file.read_text(encoding="utf-8"))
    ]

    assert missed == []
