"""Where a column of a file can go: every target, and the words by which its headers are known.

A target is 'entity.field' of the model, or one of a few that need work first: 'owner' (a person by name),
'account.parent' (an account by name) and the annual revenue in other units than thousands.
"""

# ruff: noqa: E501 (lists of words)

from __future__ import annotations

import re
import unicodedata

# target -> header words in English, 简体 and 繁體; the order is that of the choices on the page.
WORDS: dict[str, str] = {
    "account.name": "account company customer client organisation organization firm 客户名称 客户 公司名称 公司 单位 单位名称 企业名称 企业 "
    "往来单位 客戶名稱 客戶 公司名稱 單位 單位名稱 企業名稱 往來單位",
    "account.short_name": "short_name abbreviation 简称 客户简称 公司简称 簡稱 客戶簡稱",
    "account.kind": "kind account_type customer_type 客户类型 单位类型 客戶類型 單位類型",
    "account.level": "level grade rating class 级别 客户级别 等级 客户等级 級別 客戶級別 等級 客戶等級",
    "account.industry": "industry sector branch 行业 所属行业 行業 所屬行業 產業",
    "account.source": "source lead_source 来源 客户来源 來源 客戶來源",
    "account.region": "region country province city office_location location territory 地区 区域 省份 城市 国家 地區 區域 縣市 國家",
    "account.phones": "company_phone office_phone switchboard 公司电话 单位电话 总机 公司電話 單位電話 總機",
    "account.emails": "company_email 公司邮箱 公司信箱",
    "account.website": "website web homepage url site 网址 网站 主页 官网 網址 網站 官網",
    "account.address": "address street company_address office_address 地址 公司地址 单位地址 详细地址 單位地址 詳細地址",
    "account.lat_e6": "latitude lat 纬度 緯度",
    "account.lng_e6": "longitude lng lon long 经度 經度",
    "account.tags": "tags labels 标签 標籤",
    "account.employees": "employees headcount staff number_of_employees 人数 员工数 员工人数 規模 规模 人數 員工數 員工人數",
    "account.founded_year": "founded founded_year year_established established 成立年份 成立时间 成立年度",
    "account.annual_revenue": "revenue annual_revenue turnover sales 年营业额 营业额 年收入 年营收 年營業額 營業額 年營收",
    "account.annual_revenue_k": "annual_revenue_k revenue_k",
    "account.annual_revenue_wan": "",
    "account.annual_revenue_m": "revenue_m",
    "account.parent": "parent subsidiary_of parent_company parent_account group 母公司 上级单位 上级公司 所属集团 上級單位 上級公司 所屬集團",
    "account.next_contact_on": "next_contact next_contact_on follow_up next_follow_up 下次联系 下次联系日期 下次跟进 下次聯絡 下次跟進",
    "account.note": "note notes remark remarks comment comments description memo 备注 说明 描述 備註 說明",
    "contact.name": "contact contact_name contact_person person full_name name first_and_last_name 联系人 姓名 联系人姓名 名字 聯絡人 聯絡人姓名 名稱 名称",
    "contact.title": "title job_title position role 职位 职务 头衔 職位 職務 職稱 頭銜",
    "contact.department": "department division 部门 部門",
    "contact.influence": "influence decision_role 影响力 决策角色 影響力 決策角色",
    "contact.phones": "mobile cell cellphone mobile_phone phone telephone tel phones phone_number 手机 手机号 手机号码 移动电话 联系电话 联系方式 电话 "
    "電話 手機 手機號碼 行動電話 聯絡電話 電話號碼 电话号码",
    "contact.emails": "email e-mail mail emails email_address 邮箱 电子邮箱 电子邮件 邮件 郵箱 電子郵件 信箱 電郵",
    "contact.wechat": "wechat weixin 微信 微信号 微信號",
    "contact.address": "home_address contact_address 家庭地址 联系人地址 聯絡人地址",
    "contact.birthday": "birthday birth_date date_of_birth bday 生日 出生日期",
    "contact.tags": "contact_tags",
    "contact.note": "contact_note 联系人备注 聯絡人備註",
    "owner": "owner owner_name sales_rep salesperson account_owner responsible sales_agent 负责人 业务员 销售 销售员 销售代表 跟进人 客户经理 所有者 "
    "負責人 業務員 業務 銷售代表 跟進人 客戶經理",
}

# A phone or e-mail belongs to the contact where the file has one, else to the account.
TWINS = {
    "contact.phones": "account.phones",
    "contact.emails": "account.emails",
    "contact.name": "account.name",
    "account.note": "contact.note",
    "account.address": "contact.address",
    "account.lat_e6": "latitude lat 纬度 緯度",
    "account.lng_e6": "longitude lng lon long 经度 經度",
    "account.tags": "contact.tags",
}

# Words of choices, as people write them, to the model's.
CHOICES: dict[str, dict[str, str]] = {
    "account.kind": {
        "customer": "customer client 客户 客戶",
        "dealer": "dealer distributor reseller agent 经销商 代理商 渠道 經銷商 代理商 通路",
        "supplier": "supplier vendor 供应商 供應商",
        "partner": "partner 合作伙伴 伙伴 合作夥伴 夥伴",
        "competitor": "competitor 竞争对手 对手 競爭對手 對手",
    },
    "account.level": {"a": "a a级 a級", "b": "b b级 b級", "c": "c c级 c級", "d": "d d级 d級"},
    "contact.influence": {
        "decides": "decides decision_maker 决策 决策者 決策 決策者",
        "influences": "influences influencer 影响 影响者 影響 影響者",
        "uses": "uses user 使用 使用者",
        "guards": "guards gatekeeper 把关 把关者 把關 把關者",
    },
}

SETS = {"account.phones", "account.emails", "account.tags", "contact.phones", "contact.emails", "contact.tags"}
PROSE = {"account.note", "contact.note"}


def plain(word: str) -> str:
    """A header as it is compared: width, case, spaces and punctuation folded."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    return re.sub(r"[^\w]+|_+", "_", folded).strip("_")


TARGET_BY_WORD = {plain(word): target for target, words in WORDS.items() for word in [target, *words.split()]}
CHOICE_BY_WORD = {
    target: {plain(word): value for value, words in choices.items() for word in [value, *words.split()]}
    for target, choices in CHOICES.items()
}
