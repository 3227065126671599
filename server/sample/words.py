"""The words of which the sample firm's customers are made: places, names, industries.

Cities, streets and positions are real; companies and people are not.  Phone numbers are in ranges that are
assigned to nobody (164 in China) or set aside for films and examples (+49 30 23125, +44 20 7946, 555-01).
"""

# ruff: noqa: E501 (lists of words)

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class City:
    """region: whose customers are there. code: of landlines. lat, lng: of its centre, in degrees."""

    name: str
    region: str
    code: str
    lat: float
    lng: float
    streets: tuple[str, ...]


CHINESE_CITIES = (
    City(
        "北京",
        "north",
        "010",
        39.905,
        116.391,
        ("朝阳区建国路", "海淀区中关村大街", "丰台区南四环西路", "大兴区荣华南路"),
    ),
    City("天津", "north", "022", 39.084, 117.201, ("滨海新区第三大街", "西青区友谊南路", "东丽区先锋路")),
    City("青岛", "north", "0532", 36.067, 120.383, ("市南区香港中路", "黄岛区长江中路", "城阳区正阳路")),
    City("大连", "north", "0411", 38.914, 121.615, ("中山区人民路", "甘井子区华北路", "金普新区辽河东路")),
    City("济南", "north", "0531", 36.651, 117.120, ("历下区经十路", "历城区工业北路", "槐荫区齐鲁大道")),
    City(
        "上海", "east", "021", 31.230, 121.474, ("浦东新区张杨路", "闵行区沪闵路", "嘉定区曹安公路", "松江区荣乐东路")
    ),
    City("杭州", "east", "0571", 30.274, 120.155, ("滨江区江南大道", "余杭区文一西路", "萧山区市心北路")),
    City("苏州", "east", "0512", 31.299, 120.585, ("工业园区苏州大道", "高新区狮山路", "吴中区宝带东路")),
    City("南京", "east", "025", 32.060, 118.797, ("江宁区双龙大道", "鼓楼区中山北路", "雨花台区宁双路")),
    City("宁波", "east", "0574", 29.868, 121.544, ("鄞州区中山东路", "北仑区明州路", "慈溪市浒山路")),
    City(
        "深圳", "south", "0755", 22.543, 114.058, ("南山区深南大道", "宝安区前进路", "龙岗区龙翔大道", "龙华区梅龙路")
    ),
    City("广州", "south", "020", 23.129, 113.264, ("天河区黄埔大道", "番禺区汉溪大道", "黄埔区开创大道")),
    City("东莞", "south", "0769", 23.021, 113.752, ("南城街道鸿福路", "长安镇锦厦路", "松山湖科技路")),
    City("佛山", "south", "0757", 23.022, 113.122, ("顺德区南国东路", "南海区桂澜北路", "禅城区季华五路")),
    City("厦门", "south", "0592", 24.480, 118.089, ("思明区湖滨南路", "集美区杏林湾路", "湖里区枋湖北二路")),
)
FOREIGN_CITIES = (
    City("Berlin", "abroad", "+49 30 23125", 52.520, 13.405, ("Köpenicker Straße", "Sonnenallee", "Industriestraße")),
    City("Hamburg", "abroad", "+49 40 66969", 53.551, 9.994, ("Am Sandtorkai", "Billstraße", "Wendenstraße")),
    City("Munich", "abroad", "+49 89 99998", 48.137, 11.575, ("Landsberger Straße", "Dachauer Straße")),
    City("London", "abroad", "+44 20 7946 0", 51.507, -0.128, ("Old Street", "Commercial Road", "Park Royal Road")),
    City("Chicago", "abroad", "+1 312 555 01", 41.878, -87.630, ("West Lake Street", "South Canal Street")),
    City("Seattle", "abroad", "+1 206 555 01", 47.606, -122.332, ("East Marginal Way", "Airport Way South")),
)

CHINESE_BRANDS = (
    "恒达 鑫源 华锐 博远 金桥 宏图 天诚 盛泰 万顺 启航 瑞丰 中科 东方 佳美 恒信 力拓 新宇 长青 海纳 众合 "
    "德诚 顺驰 嘉禾 泰和 星河 凌云 鸿运 腾飞 汇通 立信 科达 明珠 江海 安捷 百川 卓越 同创 远景 大成 优联"
).split()
FOREIGN_BRANDS = (
    "Nordwind Harbour Alder Bluestone Kestrel Fairline Ostsee Juniper Redbrook Silverlake Hansen Morgenrot Caldera "
    "Whitmore Falkner Oakridge Brightwater Lindqvist Tamarack Heron Waldheim Pinecrest Ironbridge Seefeld Marlow"
).split()

# (in the company's name, as industry)
CHINESE_TRADES = (
    ("机械", "机械制造"), ("电子", "电子"), ("食品", "食品"), ("包装", "包装"), ("纺织", "纺织"), ("化工", "化工"), ("医疗器械", "医疗"),
    ("物流", "物流"), ("模具", "模具"), ("新能源", "新能源"), ("自动化", "自动化"), ("家具", "家具"), ("环保设备", "环保"), ("汽车零部件", "汽车"),
)  # fmt: skip
FOREIGN_TRADES = (
    (
        "Logistics", "Logistics"
    ), ("Foods", "Food"), ("Packaging", "Packaging"), ("Machines", "Machinery"), ("Medical", "Medical"),
    ("Energy", "Energy"), ("Print", "Printing"), (
        "Conveyors", "Machinery"
    ), ("Textiles", "Textiles"), ("Breweries", "Food"),
)  # fmt: skip
CHINESE_FORMS, FOREIGN_FORMS = ("有限公司", "有限公司", "股份有限公司", "厂"), {
    "Berlin": "GmbH", "Hamburg": "GmbH", "Munich": "AG", "London": "Ltd"
}
CHINESE_SOURCES, FOREIGN_SOURCES = ("展会", "老客户介绍", "官网", "电话", "经销商推荐"), (
    "Trade fair", "Referral", "Website", "Cold call"
)
CHINESE_TAGS, FOREIGN_TAGS = ("重点", "招标", "年框", "价格敏感", "新厂房"), (
    "key", "tender", "frame contract", "new plant"
)

SURNAMES = "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 高 林 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧 欧阳".split()
GIVEN_NAMES = (
    "芳 伟 秀英 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀兰 霞 平 刚 桂英 文博 子涵 雨桐 浩然 思远 佳怡 建国 志强 晓东 海燕 婷婷"
).split()
FIRST_NAMES = "Anna Ben Clara David Elena Frank Grace Hugo Ingrid James Katrin Liam Maria Noah Olga Peter Rosa Simon Tess Viktor".split()
LAST_NAMES = "Becker Collins Duarte Ek Fischer Grant Hoffmann Ivers Jensen Klein Larsen Meyer Novak Olsen Price Roth Schmidt Turner Vogel Weber".split()

CHINESE_TITLES = (
    ("总经理", "decides"),
    ("采购经理", "influences"),
    ("采购员", "guards"),
    ("设备主管", "uses"),
    ("生产厂长", "influences"),
    ("工程师", "uses"),
    ("财务", "guards"),
)
FOREIGN_TITLES = (
    ("Managing director", "decides"),
    ("Head of purchasing", "influences"),
    ("Buyer", "guards"),
    ("Plant manager", "influences"),
    ("Maintenance engineer", "uses"),
)
