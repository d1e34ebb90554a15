"""Every way in which a row can end: its code, how sure it is, and what a clerk is told (handbook
section 6)."""

from __future__ import annotations

from dataclasses import dataclass

MATCHED, REVIEW, UNMATCHED = "matched", "review", "unmatched"


@dataclass(frozen=True)
class Method:
    """One way to an outcome; ``confidence`` is 0 to 1 and says how far the outcome can be relied
    on."""

    code: str
    outcome: str
    confidence: float
    sentence: str


def _table(*methods: Method) -> dict[str, Method]:
    return {method.code: method for method in methods}


METHODS = _table(
    # a full number of the registry
    Method("number_name", MATCHED, 1.0, "证件号码与姓名均与农户信息一致。"),
    Method(
        "number_name_lost",
        MATCHED,
        0.98,
        "证件号码一致；姓名中有一个字在文件里丢失（显示为“?”），其余一致。",
    ),
    Method("number_name_sound", MATCHED, 0.97, "证件号码一致；姓名读音相同、用字不同。"),
    Method(
        "number_name_one",
        MATCHED,
        0.93,
        "证件号码一致；姓名只差一个字，且本户、本乡镇没有人正好叫这个姓名。",
    ),
    Method(
        "number_of_relative",
        MATCHED,
        0.92,
        "证件号码是同户另一成员的，姓名是本户该成员，按姓名认定到人。",
    ),
    Method(
        "number_household", MATCHED, 0.9, "证件号码所在的户可以确定，户内不止一人相符，只认定到户。"
    ),
    # what is left of a damaged number, and exactly one person of that name
    Method("number_one_digit", MATCHED, 0.96, "证件号码有一位写错，同名的人中只有一人相符。"),
    Method("number_swapped", MATCHED, 0.96, "证件号码有相邻两位写颠倒，同名的人中只有一人相符。"),
    Method(
        "number_float",
        MATCHED,
        0.95,
        "证件号码被表格软件改成数值、末几位丢失，同名的人中只有一人前几位相符。",
    ),
    Method(
        "number_masked", MATCHED, 0.95, "证件号码被遮盖或不全，同名的人中只有一人与可见部分相符。"
    ),
    Method(
        "number_digits", MATCHED, 0.94, "证件号码缺位或多位，同名的人中只有一人与其余部分相符。"
    ),
    Method(
        "number_registry",
        MATCHED,
        0.9,
        "来文号码无误，农户信息里登记的号码有一处错误，同名的人中只有一人相符。",
    ),
    Method(
        "number_left_household",
        MATCHED,
        0.88,
        "证件号码不完整，相符的同名人员都在同一户，只认定到户。",
    ),
    # no number
    Method("name_village", MATCHED, 0.9, "没有可用的证件号码；乡镇、村和姓名相符的只有一人。"),
    Method(
        "name_village_phone",
        MATCHED,
        0.9,
        "没有可用的证件号码；村内有重名，联系电话只与其中一人相符。",
    ),
    Method(
        "sound_village_phone",
        MATCHED,
        0.85,
        "没有可用的证件号码；村内读音相同或缺字相符的人中，只有一人电话也相符。",
    ),
    # decided by a clerk, see remembered.py
    Method("decided", MATCHED, 0.99, "工作人员对同样写法的来文已作认定，登记信息没有变化。"),
    Method(
        "decided_none", UNMATCHED, 0.99, "工作人员已认定同样写法的来文不是候选人员中的任何一人。"
    ),
    # to be decided by a clerk
    Method(
        "decided_before",
        REVIEW,
        0.4,
        "工作人员对同样写法的来文作过认定，登记信息此后有变化，请重新认定。",
    ),
    Method(
        "conflict",
        REVIEW,
        0.5,
        "证件号码在农户信息中，但该户没有人叫这个姓名，号码与姓名相互矛盾。",
    ),
    Method(
        "registered_twice", REVIEW, 0.5, "同一证件号码在农户信息中登记在两户，请先核对户籍信息。"
    ),
    Method("name_missing", REVIEW, 0.5, "证件号码在农户信息中，但来文没有写姓名。"),
    Method("number_beside_others", REVIEW, 0.4, "证件号码一格里写了不止一个号码，不能认定是谁的。"),
    Method(
        "other_paper",
        REVIEW,
        0.4,
        "来文写的是护照、通行证等证件的号码，与同名的人登记的号码无法比对。",
    ),
    Method("number_several", REVIEW, 0.5, "证件号码不完整，同名的人中有不止一户的人相符。"),
    Method(
        "number_near", REVIEW, 0.5, "号码有错，同名的人中有号码相近的，但相差不止一处，不能认定。"
    ),
    Method(
        "number_near_other_name", REVIEW, 0.5, "号码有错且姓名也不完全一致，有相近的人，不能认定。"
    ),
    Method("number_contradicts", REVIEW, 0.4, "同乡镇有同名的人，但其证件号码与来文号码对不上。"),
    Method(
        "registry_no_number",
        REVIEW,
        0.4,
        "农户信息中有同名的人，但没有登记可用的证件号码，无法比对。",
    ),
    Method(
        "name_same_household",
        REVIEW,
        0.5,
        "没有可用的证件号码；村内重名的人都在同一户，请核对是否重复登记。",
    ),
    Method("name_several", REVIEW, 0.4, "没有可用的证件号码，村内有不止一人叫这个姓名。"),
    Method(
        "name_former",
        REVIEW,
        0.3,
        "按以前的农户信息，该村另有一人叫这个姓名（现已改名、迁出或去世）。",
    ),
    Method(
        "name_noted",
        REVIEW,
        0.3,
        "没有可用的证件号码；姓名栏里还写了别的话，只凭姓名和村不能认定。",
    ),
    Method(
        "name_no_village", REVIEW, 0.3, "没有可用的证件号码，也没有能认出的乡镇和村，只有姓名相符。"
    ),
    Method(
        "name_variant",
        REVIEW,
        0.3,
        "没有可用的证件号码，村内没有此姓名，但有读音相同或字形缺失的姓名。",
    ),
    Method(
        "name_elsewhere",
        REVIEW,
        0.2,
        "没有可用的证件号码，所写的村或乡镇没有此姓名，别处有同名的人。",
    ),
    # nobody
    Method(
        "number_unknown",
        UNMATCHED,
        0.95,
        "证件号码有效，但农户信息中没有此号码，同名的人中也没有号码相近的。",
    ),
    Method("number_nobody", UNMATCHED, 0.8, "证件号码有错，农户信息中没有相近的人。"),
    Method("name_nobody", UNMATCHED, 0.7, "没有可用的证件号码，农户信息中没有可能相符的人。"),
    Method("no_identity", UNMATCHED, 0.9, "来文既没有姓名，也没有农户信息中有的证件号码。"),
)
"""By code."""
