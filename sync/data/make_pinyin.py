"""Makes pinyin.txt, the readings that both hosts use for search keys, from pypinyin's dictionary.

Run it after upgrading pypinyin and commit the result: `python -m sync.data.make_pinyin`.  The product
itself never imports pypinyin or this module; it reads the text file through `sync/latin.py`.

The file is lines of `name value`:

    syllables  every syllable without tone, most frequent first; `-` means no reading
    block      a first code point in hex, then one code a character, up to the end of the block
    also       characters outside the block, each followed by its syllable
    words      words whose characters read otherwise than alone
    surnames   family names that read otherwise than their characters do

A code is one character of ALPHABET for the most frequent syllables and two for the others: the last
PREFIXES characters of ALPHABET say that a second one follows.  Compressed, this is smaller than any
plainer form that was tried, and close to the entropy of the readings.
"""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

ALPHABET = "".join(chr(code) for code in range(33, 127) if chr(code) not in '"\\')
PREFIXES = 4
FIRST, LAST = 0x4E00, 0x9FFF

# Where pypinyin's first reading is not the one that names of people, firms and places use.
PREFERRED = (
    "长chang 長chang 都du 佛fo 贾jia 賈jia 曾zeng 乐le 樂le 车che 車che 单dan 單dan 茄qie 勒le 辗zhan 輾zhan "
    "傀kui 匙chi 琢zhuo 爪zhua 粘zhan 谁shei 誰shei 莎sha 柏bai 薄bo 盛sheng 尉wei 拓tuo 翟zhai 缪miao 繆miao "
    "参can 參can 藏cang 重zhong 行xing 厦xia 廈xia 会hui 會hui 说shuo 說shuo 广guang 廣guang 宁ning 寧ning "
    "叶ye 葉ye 台tai 臺tai 里li 后hou 范fan 沈shen 冯feng 馮feng 石shi 谷gu 万wan 萬wan 余yu 于yu 於yu 亲qin 親qin "
    "圆yuan 妳ni 囧jiong 咗zuo 喆zhe 堃kun 祎yi 赟yun 彧yu 晟sheng 鑫xin 淼miao 焱yan 垚yao 犇ben"
)

# Characters outside the block that stand in names.
OUTSIDE = (
    "〇ling 々- 𠮷ji 㛃jie 㑇zhou 㐂xi 䶮yan 㵘man 䴙pi 𬭚chun 𬭼sui 𬬭lun"
    " 𬍛bu 𬭎hong 𬀩wei 𬎆ying 𬱖di 𫖮yi 𬇕wan 𫍯xun"
)

WORDS = """
银行 yin hang,銀行 yin hang,商行 shang hang,车行 che hang,行业 hang ye,行業 hang ye,行长 hang zhang,行長 hang zhang,
分行 fen hang,支行 zhi hang,重庆 chong qing,重慶 chong qing,厦门 xia men,廈門 xia men,音乐 yin yue,音樂 yin yue,
乐器 yue qi,樂器 yue qi,乐清 yue qing,会计 kuai ji,會計 kuai ji,财会 cai kuai,事长 shi zhang,事長 shi zhang,
校长 xiao zhang,校長 xiao zhang,部长 bu zhang,部長 bu zhang,局长 ju zhang,局長 ju zhang,处长 chu zhang,處長 chu zhang,
科长 ke zhang,科長 ke zhang,厂长 chang zhang,廠長 chang zhang,店长 dian zhang,店長 dian zhang,院长 yuan zhang,
院長 yuan zhang,会长 hui zhang,會長 hui zhang,组长 zu zhang,組長 zu zhang,站长 zhan zhang,市长 shi zhang,
成长 cheng zhang,成長 cheng zhang,西藏 xi zang,六安 lu an,蚌埠 beng bu,东阿 dong e,番禺 pan yu,
率先 shuai xian,人参 ren shen,人參 ren shen,供给 gong ji,给水 ji shui,曾经 ceng jing,莘庄 xin zhuang,
铅山 yan shan,解放 jie fang,查询 cha xun,区域 qu yu,华为 hua wei,
单位 dan wei,石油 shi you,重点 zhong dian,黑龙 hei long,盖板 gai ban
"""

SURNAMES = """
曾 zeng,单 shan,單 shan,解 xie,仇 qiu,区 ou,區 ou,查 zha,盖 ge,蓋 ge,朴 piao,冼 xian,洗 xian,覃 qin,折 she,乐 yue,
樂 yue,员 yun,員 yun,宓 fu,黑 he,秘 bi,么 yao,种 chong,重 chong,郗 xi,谌 chen,諶 chen,祭 zhai,隗 wei,句 gou,
召 shao,翟 zhai,牟 mou,佴 nai,能 nai,柏 bai,薄 bo,逄 pang,仉 zhang,幺 yao,万俟 mo qi,萬俟 mo qi,尉迟 yu chi,
尉遲 yu chi,长孙 zhang sun,長孫 zhang sun,澹台 tan tai,澹臺 tan tai,单于 chan yu,令狐 ling hu,亓官 qi guan
"""


def pinyin_lines() -> list[str]:
    """The lines of pinyin.txt."""
    readings = _readings()
    counts = Counter(readings)
    syllables = sorted(counts, key=lambda syllable: (-counts[syllable], syllable))
    codes = {syllable: _code(index) for index, syllable in enumerate(syllables)}
    return [
        "syllables " + " ".join(syllables),
        f"block {FIRST:x} " + "".join(codes[reading] for reading in readings),
        "also " + OUTSIDE,
        "words " + _telling(WORDS, readings),
        "surnames " + _telling(SURNAMES, readings),
    ]


def _readings() -> list[str]:
    from pypinyin.contrib.tone_convert import to_normal
    from pypinyin.pinyin_dict import pinyin_dict

    preferred = {entry[0]: entry[1:] for entry in PREFERRED.split()}
    readings = []
    for code in range(FIRST, LAST + 1):
        first = pinyin_dict.get(code, "").split(",")[0]
        # ü is typed as v; the few readings without a vowel (呣, 哼) are no use in a search.
        plain = to_normal(first).replace("ü", "v")
        readings.append(preferred.get(chr(code)) or (plain if len(plain) > 1 or plain in ("a", "e", "o") else "-"))
    return readings


def _code(index: int) -> str:
    singles = len(ALPHABET) - PREFIXES
    if index < singles:
        return ALPHABET[index]
    prefix, rest = divmod(index - singles, len(ALPHABET))
    return ALPHABET[singles + prefix] + ALPHABET[rest]


def _telling(listing: str, readings: list[str]) -> str:
    """The entries of a listing, on one line, without those that read as their characters do alone."""
    entries = [entry.strip() for entry in listing.replace("\n", "").split(",")]
    kept = []
    for entry in filter(None, entries):
        characters, *syllables = entry.split()
        if [readings[ord(character) - FIRST] for character in characters] != syllables:
            kept.append(entry)
    return ",".join(kept)


def main() -> None:
    text = "\n".join(pinyin_lines()) + "\n"
    Path(__file__).with_name("pinyin.txt").write_text(text, encoding="utf-8", newline="\n")
    print(f"{len(text)} characters, {len(gzip.compress(text.encode(), 9))} bytes compressed")


if __name__ == "__main__":
    main()
