"""The sample firm: who works there, in which department and role, and how each signs in.

The names, numbers and addresses are made up; the password is known to everybody and meant for trying only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .diary import Diary

PASSWORD = "roadbook-sample"

DEPARTMENTS = (
    # id, name, above
    ("department-firm", "远路机电 Farway Drives", None),
    ("department-management", "管理层 Management", "department-firm"),
    ("department-sales", "销售部 Sales", "department-firm"),
    ("department-sales-north", "销售北区 Sales North", "department-sales"),
    ("department-sales-east", "销售东区 Sales East", "department-sales"),
    ("department-sales-south", "销售南区 Sales South", "department-sales"),
    ("department-service", "服务部 Service", "department-firm"),
    ("department-finance", "财务部 Finance", "department-firm"),
)

ROLES = (
    # id, name, data scope, is_admin, what a person in it can do
    ("role-admin", "管理员 Administrator", "everything", 1, "administers the firm and sees everything"),
    ("role-director", "总经理 Director", "everything", 0, "sees everything"),
    ("role-manager", "销售经理 Sales manager", "below", 0, "sees the department and those below it"),
    (
        "role-service",
        "服务工程师 Service engineer",
        "department",
        0,
        "sees the service department's customers, and those shared",
    ),
    ("role-cashier", "出纳 Cashier", "own", 0, "pays what was approved"),
    ("role-rep", "销售代表 Salesperson", "own", 0, "sees own customers"),
)


@dataclass(frozen=True)
class Person:
    """login is also the end of the id. region: whose customers the person has; '' for none."""

    login: str
    name: str
    title: str
    department: str
    role: str
    manager: str = ""
    language: str = "zh-Hans"
    region: str = ""

    @property
    def id(self) -> str:
        return f"user-{self.login}"


PEOPLE = (
    Person("zhouming", "周明", "总经理", "management", "director"),
    Person("anna", "Anna Keller", "Finance and IT", "finance", "admin", "zhouming", "en"),
    Person("chenli", "陈丽", "销售总监", "sales", "manager", "zhouming"),
    Person("wangfang", "王芳", "北区经理", "sales-north", "manager", "chenli", region="north"),
    Person("lina", "李娜", "销售代表", "sales-north", "rep", "wangfang", region="north"),
    Person("zhaolei", "赵磊", "销售代表", "sales-north", "rep", "wangfang", region="north"),
    Person("sunhao", "孙浩", "东区经理", "sales-east", "manager", "chenli", region="east"),
    Person("tomas", "Tomas Berg", "Export sales", "sales-east", "rep", "sunhao", "en", region="abroad"),
    Person("linyue", "林悦", "销售代表", "sales-east", "rep", "sunhao", "zh-Hant", region="east"),
    Person("huangjie", "黄洁", "南区经理", "sales-south", "manager", "chenli", region="south"),
    Person("wuqiang", "吴强", "销售代表", "sales-south", "rep", "huangjie", region="south"),
    Person("gaoyun", "高云", "出纳", "finance", "cashier", "anna"),
    Person("zhenghui", "郑辉", "服务工程师", "service", "service", "zhouming"),
)

BY_LOGIN = {person.login: person for person in PEOPLE}
SELLERS = tuple(person for person in PEOPLE if person.region)


def sample_people() -> list[tuple[str, str, str, str]]:
    """(login, password, name, role in a sentence) of everyone in the sample firm."""
    sentences = {role_id.removeprefix("role-"): f"{name}: {can}" for role_id, name, _, _, can in ROLES}
    return [(person.login, PASSWORD, person.name, sentences[person.role]) for person in PEOPLE]


def add_people(diary: Diary, at_ms: int) -> None:
    """Departments, roles, people and what they chose for the interface."""
    for position, (department, name, above) in enumerate(DEPARTMENTS):
        diary.make("department", department, at_ms, None, name=name, parent_id=above, position=position)
    for role, name, data_scope, is_admin, _ in ROLES:
        pays = int(role == "role-cashier")
        diary.make(
            "role", role, at_ms, None, name=name, data_scope=data_scope, is_admin=is_admin, is_cashier=pays
        )  # fmt: skip
    for number, person in enumerate(PEOPLE):
        diary.make(
            "user", person.id, at_ms + 1, None,
            name=person.name, title=person.title, department_id=f"department-{person.department}",
            role_id=f"role-{person.role}", manager_id=f"user-{person.manager}" if person.manager else None,
            phones=[f"+86 164 0000 {1000 + number}"], emails=[f"{person.login}@farway.example"],
        )  # fmt: skip
    for person in PEOPLE:
        diary.make("preference", person.id, at_ms + 2, person.id, language=person.language, owner_id=person.id)
