"""Lists that the made-up county is drawn from: surnames, given names, transliterations, places, sounds."""

from __future__ import annotations

import pandas as pd


def _words(text: str) -> list[str]:
    return text.split()


SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林罗高郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜"
    "崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万覃武钱戚和字杞普茶"
)
MEN = "伟强军建国明华平勇志海峰林波涛刚杰辉健俊成东龙生福贵德文义永新宏祥荣胜云春忠良兴旺山宁凯鹏飞斌超根全佳旭仁宇学光金开正发顺家朝应绍"
WOMEN = (
    "芳丽英梅娟红艳燕霞兰秀珍香莲玉云洁萍凤琴淑翠慧静敏美花桂月娥仙菊琼莉雪婷巧怡欣琳颖蓉菁妍会先芬存润彩焕引桃竹银金"
)

KAZAKH_MEN = _words(
    "叶尔波力 巴合提别克 哈那提 木拉提 赛力克 阿斯哈尔 努尔江 达吾列提 加尔恒 胡安别克 别力克 卡米力 阿依丁 "
    "沙吾列 叶斯哈提 马合沙提 吾兰 铁木尔 朱马别克 哈孜别克"
)
KAZAKH_WOMEN = _words(
    "阿依努尔 古丽扎 巴哈尔 沙拉 努尔古丽 库丽孜娅 玛依努尔 加娜尔 阿勒腾 扎米拉 萨吾列 古丽巴努 阿合玛拉 哈丽哈 萨玛丽"
)
UYGHUR_MEN = _words(
    "艾尔肯 吐尔洪江 阿不力孜 依明 玉山江 麦麦提 卡德尔 亚森 尼加提 帕尔哈提 居来提 阿里木 热西提 伊力亚斯 "
    "克里木 阿布来提 买合木提 艾合买提 司马义 托合提"
)
UYGHUR_WOMEN = _words(
    "阿依夏木 热孜宛古丽 祖丽菲亚 米日古丽 帕丽达 早热古丽 古丽巴哈尔 阿米娜 茹仙古丽 再乃普 努尔比亚 汗祖热 "
    "布海丽且 阿娜尔 赛乃姆"
)

TOWNSHIPS = _words(
    "青石镇 云溪乡 双河镇 桃花坪乡 鹿鸣镇 白杨沟乡 大湾镇 松坡乡 金沙镇 阿克塔木乡 沙井镇 三岔乡 龙泉镇 竹园乡 "
    "喀拉苏镇 红岩乡 羊街镇 水磨乡 石门镇 柳树乡 安定镇 雪岭乡 平川镇 草坝乡 新桥镇"
)
VILLAGES = _words(
    "上营 下营 大水井 小河口 老街 新街 杨柳 长坡 半坡 清泉 东升 红旗 团结 前进 幸福 和平 永兴 大庄 小庄 石头 "
    "核桃 板栗 梨园 茶山 银厂 铁厂 马场 羊场 牛角 凤凰 鸡冠 龙潭 黑龙 白龙 大平 小平 高桥 木桥 瓦窑 砖窑 阿勒玛 "
    "塔勒德 库木 托拜 岔河 响水 落水 干海 青山 望云 朝阳 向阳 河东 河西 山后 山前 坪上 坝心 花椒 麻柳"
)

SOUNDS = _words(
    "平萍苹坪 伟维威卫玮 军君俊钧 建健坚剑 华花桦 明鸣铭 辉慧惠晖会 丽莉力立 芳方 英颖莹樱 红洪宏虹 梅美玫 娟鹃 "
    "峰锋凤丰 刚钢 强蔷 波博 涛桃 霞夏 艳燕岩妍 兰岚 秀绣 珍贞振 香祥翔 莲廉 玉宇雨 云芸 杰洁 生胜 成诚城 东栋 "
    "春椿 新欣鑫 荣蓉 贵桂 福富 志智 琴勤 文雯 义怡艺 勇永 林琳 静晶菁 敏民 国果 江姜 张章 于余 钟忠 金锦 根跟 "
    "仁任 月岳 娥俄 先仙"
)
"""Characters of one sound, tones aside (checked against pypinyin by a test)."""

OTHER_WRITING = {char: group.replace(char, "") for group in SOUNDS for char in group}
_SAME_SOUND = {ord(char): group[0] for group in SOUNDS for char in group}


def bare_name(name: str) -> str:
    """A name without its dot, as two writings of it are compared."""
    return name.replace("·", "")


def sound(name: str) -> str:
    """The same for every name that sounds alike, as far as `SOUNDS` goes."""
    return bare_name(name).translate(_SAME_SOUND)


def bare_names(names: pd.Series) -> pd.Series:
    """`bare_name` of a column."""
    return names.str.replace("·", "", regex=False)
