"""What the sample firm's people write: sentences of sales and service, in Chinese and in English.

`{who}` is a contact's name, `{n}` a number, `{product}` one of PRODUCTS.  Nothing here is a translation of
anything else: each language writes as its people do.
"""

# ruff: noqa: E501 (lists of words)

from __future__ import annotations

CHINESE_PRODUCTS = ("变频器 FD-300", "伺服电机 SM-80", "减速机 GR-5", "传送带模块 CB-2", "软启动器 SS-150")
FOREIGN_PRODUCTS = (
    "FD-300 drives", "SM-80 servo motors", "GR-5 gearboxes", "CB-2 conveyor modules", "SS-150 soft starters"
)

CHINESE_ACTIVITIES = {
    "call": (
        "给{who}打电话，确认{product}的数量，先要{n}台，月底前下单。",
        "{who}说预算还在走流程，下周三再联系。",
        "电话回访，上次的{product}用得不错，想再看一下报价。",
        "{who}没接，发了短信。",
        "催款，{who}答应本周五付{n}万。",
        "询问交期，告诉对方{product}现货{n}台，其余两周。",
    ),
    "visit": (
        "拜访{who}，看了新车间，准备上{n}条线，{product}有机会。要尽快出方案。",
        "和{who}在现场量了尺寸，安装位置偏窄，需要定制支架。",
        "送样机{product}，{who}安排下周测试。门口不好停车。",
        "拜访，{who}抱怨上次送货晚了两天，已道歉并说明原因。",
        "跟{who}谈年度框架，对方希望再降{n}个点，回去请示。",
        "新任采购{who}第一次见面，交换了微信，人很务实。",
    ),
    "meeting": (
        "三方会议：{who}、设计院和我们，定下{product}的技术参数，会议纪要已发。",
        "招标答疑，{n}家到场，我们的交期最短。",
        "项目启动会，{who}负责对接，每周五通进度。",
    ),
    "message": (
        "微信把{product}的样本和价格表发给{who}。",
        "{who}微信问保修期，回复整机{n}个月。",
        "发了合同草稿，{who}说法务在看。",
    ),
    "service": (
        "{product}报过流故障，现场检查是接线松动，已处理，试机{n}小时正常。",
        "更换风扇{n}个，清灰，建议每半年保养一次。",
        "远程调参数，{who}确认振动消失。",
    ),
    "note": (
        "听同行说他们明年要搬到新厂区，留意用电容量。",
        "{who}喜欢钓鱼，下次可以约在水库那边。",
        "竞争对手报价比我们低{n}%，但没有现货。",
    ),
}
FOREIGN_ACTIVITIES = {
    "call": (
        "Called {who}: wants {n} {product} before the end of the month, order follows by mail.",
        "{who} is still waiting for the budget. Call again next Wednesday.",
        "No answer; left a message with the assistant.",
        "Asked about the open invoice. {who} promised payment by Friday.",
    ),
    "visit": (
        "Walked the new hall with {who}. {n} lines planned, {product} fit two of them. Quote next week.",
        "Measured on site with {who}. Space is tight: a special bracket is needed.",
        "Brought a sample of the {product}; {who} tests it next week.",
        "{who} complained about the late delivery in spring. Apologised and explained.",
    ),
    "meeting": (
        "Kick-off with {who} and their planner: parameters for the {product} are fixed, minutes sent.",
        "Tender meeting, {n} bidders. Our lead time is the shortest.",
    ),
    "message": (
        "Sent data sheets and prices of the {product} to {who}.",
        "{who} asked about warranty; answered {n} months.",
    ),
    "service": (
        "Over-current trip on the {product}: loose terminal, fixed, ran {n} hours without fault.",
        "Replaced {n} fans and cleaned the cabinet. Advised a service twice a year.",
    ),
    "note": (
        "They move to a new site next year, says a supplier. Ask about the power supply.",
        "{who} sails at weekends. Good topic to start with.",
    ),
}

CHINESE_EVENTS = {
    "visit": ("拜访{name}", "{name} 现场测量", "给{name}送样机"),
    "meeting": ("{name} 技术交流", "{name} 合同谈判"),
    "call": ("和{name}电话会议",),
}
FOREIGN_EVENTS = {
    "visit": ("Visit {name}", "{name}: measure on site"),
    "meeting": ("{name}: technical meeting", "{name}: contract talk"),
    "call": ("Call with {name}",),
}
OTHER_EVENTS = (("销售周例会", "公司三楼会议室"), ("产品培训：FD-300 新固件", "公司二楼"), ("月度回款核对", "线上"))

CHINESE_TASKS = (
    "给{name}出报价",
    "把合同寄给{name}",
    "催{name}的尾款",
    "给{name}回样机测试结果",
    "准备{name}的投标文件",
    "问{name}发票抬头",
)
FOREIGN_TASKS = (
    "Quote for {name}",
    "Send the contract to {name}",
    "Remind {name} of the open invoice",
    "Send test results to {name}",
)
OWN_TASKS = ("写本月工作总结", "更新价格表", "车辆保养", "报销上周差旅费", "预订展会酒店")

STICKIES = (
    "停车走西门，保安姓刘。", "报价单一律写含税价！", "Ask for the new floor plan", "对方财务只在周二付款", "WLAN: guest, ask at the desk",
    "生日快到了，准备小礼物", "样机编号 7 号，记得取回", "Door code changes every month", "老板不喝酒，喝茶", "合同要盖骑缝章",
)  # fmt: skip

COMMENTS = (
    (
        "{at} 这个价格能批吗？客户周五要答复。", True
    ), ("可以，但交期要写清楚。", False), ("{at} 麻烦安排一次现场服务。", True), ("收到，周四上午过去。", False),
    ("Well done! Keep me posted.", False), (
        "{at} can you check the stock of the SM-80?", True
    ), ("上次也是这样，注意接地。", False), ("照片存好了吗？", False),
    ("建议带上技术一起去。", False), ("{at} 这家和我们东区的客户是一个集团，可以联动。", True),
)  # fmt: skip

# (role of the far end, role of the near end, note)
ACCOUNT_RELATIONS = (
    ("经销商", "厂家", None),
    ("供应商", "客户", "包装材料"),
    ("Dealer", "Manufacturer", None),
    ("合作伙伴", "合作伙伴", "一起投过标"),
)
CONTACT_RELATIONS = (
    ("老同学", "老同学", "西安交大电气系"), ("前同事", "前同事", None), ("夫妻", "夫妻", "不要在两家面前谈价格"), (
        "Former colleague", "Former colleague", None
    ), ("师徒", "师傅", None),
)  # fmt: skip
