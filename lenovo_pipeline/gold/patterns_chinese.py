"""The Chinese patterns of questions, by kind: (train, validation, test), in simplified script, and their traditional form.

Names and titles from records are never converted: they are filled in afterwards.
"""

from functools import cache
from typing import TYPE_CHECKING

from lenovo_pipeline.gold.patterns import Patterns

if TYPE_CHECKING:
    from opencc import OpenCC

CHINESE: dict[str, Patterns] = {
    "value": (
        ("{e}的{noun}是什么？", "请说明{e}的{noun}。"),
        ("请问{e}的{noun}为何？",),
        ("关于{e}，记录中的{noun}是什么？", "想了解一下，{e}的{noun}是哪个？"),
    ),
    "number": (
        ("{e}的{noun}是多少？", "请给出{e}的{noun}。"),
        ("请问{e}的{noun}有多少？",),
        ("关于{e}，记录中的{noun}是多少？", "想确认一下，{e}的{noun}数值是多少？"),
    ),
    "day": (
        ("{e}的{noun}是哪一天？", "请给出{e}的{noun}。"),
        ("请问{e}的{noun}是何时？",),
        ("关于{e}，记录中的{noun}是哪天？", "想确认一下，{e}的{noun}在什么时候？"),
    ),
    "parameter_value": (
        ("{e}中{p}的值是多少？", "按照{e}，{p}设为多少？"),
        ("请问{e}里{p}取何值？",),
        ("查阅{e}，{p}应当如何设置？", "想确认一下，{e}给{p}定的值是多少？"),
    ),
    "parameter_minimum": (
        ("{e}中{p}的最小值是多少？", "按照{e}，{p}最低可以是多少？"),
        ("请问{e}里{p}的下限为何？",),
        ("查阅{e}，{p}不得低于多少？", "想确认一下，{e}允许{p}小到多少？"),
    ),
    "parameter_maximum": (
        ("{e}中{p}的最大值是多少？", "按照{e}，{p}最高可以是多少？"),
        ("请问{e}里{p}的上限为何？",),
        ("查阅{e}，{p}不得高于多少？", "想确认一下，{e}允许{p}大到多少？"),
    ),
    "first_step": (
        ("{e}的第一步是什么？", "{e}从哪一步开始？"),
        ("请问{e}首先做什么？",),
        ("按{e}操作，最先要做的是什么？", "想确认一下，{e}开头的步骤是什么？"),
    ),
    "last_step": (
        ("{e}的最后一步是什么？", "{e}以哪一步结束？"),
        ("请问{e}最终做什么？",),
        ("按{e}操作，收尾要做的是什么？", "想确认一下，{e}末尾的步骤是什么？"),
    ),
    "next_step": (
        ("在{e}中，“{s}”之后是哪一步？", "{e}里“{s}”的下一步是什么？"),
        ("请问{e}里做完“{s}”再做什么？",),
        ("按{e}操作，“{s}”已完成，接下来呢？", "想确认一下，{e}中紧跟“{s}”的步骤是什么？"),
    ),
    "count_devices": (
        ("{s}有多少款机型？", "请数一数{s}的机型。"),
        ("请问{s}共有几款设备？",),
        ("产品目录里{s}一共收录了几款机型？", "想确认一下，{s}包括多少款设备？"),
    ),
    "count_processes": (
        ("{s}有多少个流程？", "请数一数{s}的流程。"),
        ("请问{s}共有几个流程？",),
        ("{s}之下一共归入了几个流程？", "想确认一下，{s}包括多少个流程？"),
    ),
    "count_incidents": (
        ("{s}记录了多少次故障？", "请数一数{s}的故障。"),
        ("请问{s}共发生几次故障？",),
        ("记录里{s}一共出过几次故障？", "想确认一下，{s}的故障有多少次？"),
    ),
    "count_journeys": (
        ("{s}有多少次采购过程？", "请数一数{s}的采购过程。"),
        ("请问{s}共有几次采购过程？",),
        ("记录里{s}一共开始过几次采购过程？", "想确认一下，{s}的采购过程有多少次？"),
    ),
    "sum_of": (
        ("{members}的{noun}合计是多少？", "请把{members}的{noun}相加。"),
        ("请问{members}的{noun}总和为何？",),
        ("把{members}放在一起，{noun}加起来是多少？", "想确认一下，{members}的{noun}总共是多少？"),
    ),
    "mean_of": (
        ("{members}的{noun}平均是多少？", "请计算{members}的{noun}平均值。"),
        ("请问{members}的{noun}均值为何？",),
        ("把{members}放在一起，{noun}平均下来是多少？", "想确认一下，{members}平均的{noun}是多少？"),
    ),
    "max_of": (
        ("{members}中最大的{noun}是多少？", "请找出{members}的{noun}最大值。"),
        ("请问{members}的{noun}最高为何？",),
        ("看一看{members}，{noun}最多达到多少？", "想确认一下，{members}里头等的{noun}是多少？"),
    ),
    "min_of": (
        ("{members}中最小的{noun}是多少？", "请找出{members}的{noun}最小值。"),
        ("请问{members}的{noun}最低为何？",),
        ("看一看{members}，{noun}最少只有多少？", "想确认一下，{members}里末位的{noun}是多少？"),
    ),
    "range_of": (
        ("{members}的{noun}最大值与最小值相差多少？", "请计算{members}的{noun}极差。"),
        ("请问{members}的{noun}高低相差为何？",),
        ("看一看{members}，{noun}首尾差距是多少？", "想确认一下，{members}的{noun}高低之间差多少？"),
    ),
    "compare_which": (
        ("{a}与{b}，哪一个{more}？", "请比较{a}和{b}：哪个{more}？"),
        ("请问{a}还是{b}{more}？",),
        ("把{a}和{b}放在一起看，{more}的是哪一个？", "想确认一下，{a}同{b}相比，谁的{more}？"),
    ),
    "compare_whether": (
        ("与{b}相比，{a}是否{more}？", "{a}是不是比{b}的{more}？"),
        ("请问相对于{b}，{a}{more}吗？",),
        ("把{b}放在旁边看，能说{a}{more}吗？", "想确认一下，以{b}为准，{a}{more}，对吗？"),
    ),
    "compare_difference": (
        ("{a}与{b}的{noun}相差多少？", "请计算{a}和{b}的{noun}之差。"),
        ("请问{a}同{b}在{noun}上差多少？",),
        ("把{a}和{b}放在一起看，{noun}的差距有多大？", "想确认一下，{a}到{b}，{noun}差了多少？"),
    ),
    "lacks_port": (
        ("{e}是不是没有{p}？", "{e}缺少{p}吗？"),
        ("请问{e}不带{p}，对吗？",),
        ("需要{p}的人用{e}是不是不合适，因为它没有？", "想确认一下，在{e}上找不到{p}，是吗？"),
    ),
    "not_bought": (
        ("{e}中，报价但没有购买的是什么设备？", "在{e}里，哪些报价的设备未成交？"),
        ("请问{e}报了价却没买的是什么？",),
        ("看一看{e}，客户放弃了报价中的什么设备？", "想确认一下，{e}的报价里，没有进入订单的是哪些设备？"),
    ),
}


@cache
def in_script(text: str, language: str) -> str:
    """Words that gold wrote in simplified script, in the script of a language (OpenCC, Hong Kong variants)."""
    return text if language == "zh-Hans" else _converter().convert(text)


@cache
def _converter() -> "OpenCC":
    from opencc import OpenCC

    return OpenCC("s2hk")
