"""The vocabulary of the procedural text: attributes with their synonyms, kinds of entities, common words, syllables, Chinese
terms.

Belongs here: word lists and the types that hold them. How they become values, records and questions belongs to the modules
beside this one.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Attribute:
    """Something a record states: how documents label it, how questions ask for it, and what kind of value it takes."""

    labels: tuple[str, ...]
    asked: tuple[str, ...]
    kind: str
    chinese: str
    direct: tuple[str, ...] = ()


def split_words(text: str) -> tuple[str, ...]:
    """The words of a text that is laid out over several lines."""
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in text.split(";"))


# labels ; further names used in questions ; kind of value ; Chinese ; direct questions ({e} is the entity)
_ATTRIBUTES = """
owner, person in charge | responsible person | person | 负责人 | Who owns {e}?, Who is in charge of {e}?
contact, contact name | name to call | person | 联系人 | Whom do I contact about {e}?
author, writer | person who wrote it | person | 作者 | Who wrote {e}?
reviewer, checked by | person who checked it | person | 审核人 | Who checked {e}?
manager, head | person who leads it | person | 经理 | Who manages {e}?, Who leads {e}?
approved by, approver | person who agreed to it | person | 批准人 | Who approved {e}?
technician, engineer | person who repaired it | person | 技术员 | Who repaired {e}?
town, city | place | place | 城市 | In which town is {e}?, Where is {e}?
country, nation | state | place | 国家 | In which country is {e}?
site, location | place where it stands | place | 地点 | Where does {e} stand?
origin, made in | place it comes from | place | 产地 | Where does {e} come from?
destination, goes to | place it is sent to | place | 目的地 | Where does {e} go?
price, list price | cost | money | 价格 | What does {e} cost?, How much is {e}?
budget, funds | money set aside | money | 预算 | How much money is set aside for {e}?
fee, monthly fee | charge | money | 费用 | What is charged for {e}?
revenue, turnover | income | money | 收入 | How much does {e} earn?
weight, mass | how heavy it is | weight | 重量 | How heavy is {e}?, What does {e} weigh?
length, overall length | how long it is | length | 长度 | How long is {e}?
height, total height | how tall it is | length | 高度 | How tall is {e}?
power, rated power | wattage | watt | 功率 | How many watts does {e} draw?
memory, main memory | RAM | gigabyte | 内存 | How much memory does {e} have?
storage, disk space | space for files | gigabyte | 存储容量 | How much storage does {e} have?
battery, battery capacity | charge it holds | milliamp | 电池容量 | How large is the battery of {e}?
temperature, working temperature | how warm it gets | celsius | 温度 | How warm does {e} get?
speed, top speed | how quick it is | speed | 速度 | How quick is {e}?
duration, time needed | how long it takes | hours | 时长 | How long does {e} take?
deadline, time limit | time allowed | days | 期限 | How many days are allowed for {e}?
response time, reaction time | time until the first reply | minutes | 响应时间 | How soon does {e} get a reply?
warranty, guarantee | time it is covered | months | 保修期 | How many months is {e} covered?
seats, places | how many can sit | count | 座位数 | How many seats does {e} have?
staff, employees | size of the team | count | 员工数 | How many people work at {e}?
units, pieces | quantity | count | 数量 | How many units does {e} have?
users, users affected | people concerned | people | 受影响用户 | How many users does {e} affect?
errors, faults | number of mistakes | count | 错误数 | How many errors did {e} have?
orders, number of orders | orders placed | count | 订单数 | How many orders does {e} have?
share, rate | percentage | percent | 比率 | What percentage does {e} reach?
success rate, target rate | goal as a percentage | percent | 成功率 | How reliable is {e}?
discount, rebate | reduction | percent | 折扣 | What reduction does {e} get?
score, rating | mark | score | 评分 | How is {e} rated?
start date, started on | day it began | date | 开始日期 | When did {e} start?, When did {e} begin?
end date, closed on | day it ended | date | 结束日期 | When did {e} end?, When was {e} closed?
release date, released on | day it came out | date | 发布日期 | When was {e} released?, When did {e} come out?
due date, due on | day it must be done | date | 截止日期 | When is {e} due?
last check, checked on | day of the latest check | date | 上次检查 | When was {e} last checked?
opened at, reported at | time it was reported | time | 报告时间 | When was {e} reported?
restored at, solved at | time it worked again | time | 恢复时间 | When did {e} work again?
release year, year | year it came out | year | 年份 | In which year did {e} come out?
status, state | how it stands | status | 状态 | How does {e} stand?
priority, urgency | how urgent it is | level | 优先级 | How urgent is {e}?
severity, grade | how grave it is | level | 严重程度 | How grave is {e}?
colour, finish | paint | colour | 颜色 | What colour is {e}?
material, made of | what it is made of | material | 材料 | What is {e} made of?
category, type | class | category | 类别 | What type is {e}?
industry, sector | line of business | sector | 行业 | In which sector is {e}?
department, unit in charge | team that owns it | department | 部门 | Which department owns {e}?
supplier, vendor | company that delivers it | company | 供应商 | Who supplies {e}?, Who delivers {e}?
client, customer | company that buys it | company | 客户 | Who buys {e}?
partner, ally | company it works with | company | 合作伙伴 | With whom does {e} work?
part number, part | number of the part | code | 部件号 | Which part does {e} use?
serial number, serial | number on the label | code | 序列号 | Which serial number does {e} carry?
error code, fault code | code shown | code | 错误代码 | Which code does {e} show?
ticket, case number | number of the case | code | 工单号 | Which ticket belongs to {e}?
firmware, firmware version | software inside | version | 固件版本 | Which firmware does {e} run?
software, version | release in use | version | 软件版本 | Which version does {e} run?
processor, chip | computing unit | model | 处理器 | Which processor does {e} use?
screen, display | panel | inch | 屏幕 | How large is the screen of {e}?
cores, processor cores | number of cores | cores | 核心数 | How many cores does {e} have?
port, network port | number it listens on | port | 端口 | On which port does {e} listen?
language, working language | tongue | language | 语言 | Which language does {e} use?
cause, reason | why it happened | phrase | 原因 | Why did {e} fail?, What caused {e}?
remedy, fix | what helps | phrase | 解决办法 | How is {e} repaired?, What helps with {e}?
symptom, sign | what one sees | phrase | 症状 | What does one see when {e} fails?
goal, purpose | aim | phrase | 目的 | What is {e} for?
next step, follow-up | what comes next | phrase | 下一步 | What comes next for {e}?
remark, note | comment | phrase | 备注 | What is noted about {e}?
risk, danger | what may go wrong | phrase | 风险 | What may go wrong with {e}?
encrypted, encryption | protection of the data | flag | 加密 | Is {e} encrypted?
certified, certificate | official approval | flag | 认证 | Is {e} certified?
active, in use | whether it is used | flag | 启用 | Is {e} in use?
audited, audit done | whether it was audited | flag | 审计 | Was {e} audited?
"""


def _attribute(line: str) -> Attribute:
    labels, asked, kind, chinese, direct = (part.strip() for part in line.split("|"))
    return Attribute(
        tuple(label.strip() for label in labels.split(",")),
        tuple(name.strip() for name in asked.split(",")),
        kind,
        chinese,
        tuple(f"{question.strip().rstrip('?')}?" for question in direct.split("?,")),
    )


ATTRIBUTES = tuple(_attribute(line) for line in _ATTRIBUTES.strip().splitlines())

ADJECTIVES = split_words(
    """
    idle average maximum minimum allowed expected measured planned regular spare total upper lower inner outer first
    second final basic safe annual monthly weekly daily local remote main backup default reserved public internal external
    open fixed variable net gross early late short long wide narrow deep shallow heavy light dry wet warm cold fast slow
    quiet loud clean rough smooth soft hard sharp plain green blue red white black grey silver golden old new young modern
    central northern southern eastern western royal common rare special general
    """
)
NOUNS = split_words(
    """
    timeout frame buffer queue link channel cache log index sensor valve pump filter cable panel board module drive array
    fan lamp door gate bridge tower wheel belt blade engine motor tank pipe hose rail track truck crane lift ramp dock
    yard field garden forest river lake harbour island valley hill market shop store office desk room hall library school
    museum theatre station depot plant mill workshop kitchen bakery budget invoice contract permit licence policy audit
    survey report sample test trial course lesson exam meeting visit tour shift team crew member guest driver pilot nurse
    teacher clerk farmer baker painter batch lot pallet crate box bag bottle can jar sheet roll bolt nut seal ring gear
    spring lever switch button key lock handle cover shell case stand frame window wall floor roof layer coating paint oil
    water gas steam heat current voltage signal pulse phase band rate limit margin delay interval window size count level
    volume depth width angle weight pressure load yield stock supply demand growth loss gain value quota target reserve
    balance deposit bonus
    """
)
VERBS = split_words(
    """
    replace clean check tighten open close restart update remove install measure adjust calibrate label store move lift
    lower drain fill seal test inspect repair paint wash dry heat cool mix cut fold pack ship order count weigh scan print
    sign send archive copy delete reset lock unlock connect disconnect charge empty load unload review approve reject
    publish verify confirm record report export import align balance
    """
)
ADVERBS = _phrases(
    """
    at once; before noon; after the test; twice a day; with care; once a week; by hand; in the yard; during the night;
    under load; on site; without delay
    """
)

ENTITY_KINDS = split_words(
    """
    device project customer station vessel contract machine order ticket process course warehouse vehicle plant exhibit
    shipment service article incident manual policy product workshop account team server sensor route recipe licence
    """
)

SECTIONS = _phrases(
    """
    Overview; Key facts; Details; Data; Summary; Figures; Limits; Contacts; Schedule; History; Background; Notes;
    Properties; At a glance; Status; In numbers; What we know; Values; Settings; Scope; Terms; Conditions; Results;
    Findings; Handling; Delivery; Costs; People; Places; Technical data; Registration; Record; The facts; Current state
    """
)

# Titles around the entity: the entity must be found inside them.
TITLES = _phrases(
    """
    {e}; {e}; {e}; {e}; Record of {e}; {e}: fact sheet; {e}, overview; About {e}; {e} ({c}); {c}: {e}; File {c}, {e}; Data
    sheet for {e}; {e} in brief; {k} {e}; {e} - {k} record; Notes on {e}; Guide to {e}; The {e} file; {e}: what to know;
    Report {c} on {e}; {K} card: {e}; Everything about {e}
    """
)

FILLERS = _phrases(
    """
    Please read this with care.; The rest is routine.; Nothing else was changed.; All figures were checked twice.; Ask the
    office if in doubt.; This page is kept short.; Earlier notes are in the archive.; The list is not complete.; See the
    next page for more.; The team was pleased with it.; No further action is planned.; It took some time to agree on
    this.; Other teams do it in another way.; The weather played no part.; We thank everyone who helped.; Details follow
    in the annex.
    """
)

# Syllables for names; the second set is kept for evaluation, so that its names are made of pieces never seen in training.
SYLLABLES = (
    split_words(
        """
        ba bel bor bri ca cal cor da dan del dor du el en fa fen fin ga gal gor ha hal hel ho in is ja jor ka kel kor la lan
        len lin lo lu ma mar mel mi mon na nel no nor ol or pa pel por qua ra ran rel ri ro sa sal sel sha sol ta tal tan tel
        tor tra ul va val vel vi vor wen wil xa yar ze zor
        """
    ),
    split_words(
        """
        bax bu ced cha dro dwe eb esk far fro glo gru hix hu ib jex ji kan kru lem lis lor moth mur nex nim ob ost pim pra
        quil rost ruv sed sim ster tiv tro ub ulm vas vex wan wor xil yen yor zan zet zil
        """
    ),
)
SUFFIXES = split_words(
    """
    Works Systems Group Trading Logistics Foods Energy Hospital College Bank Airlines Labs Textiles Media Farms Shipping
    Metals Studio Partners Clinic
    """
)
FIRST_NAMES = split_words(
    """
    Anna Boris Carla David Elena Felix Greta Hugo Irene Jonas Karin Leo Maria Nils Olga Paul Rosa Stefan Tina Umar Vera
    Walter Yara Zoe Amir Bianca Chen Dina Emil Fatima Goran Helga Ivan Julia Kenji Lena Marco Nadia Oscar Petra Rahul
    Sofia Tomas Ursula Viktor Wanda Aiko Bruno Clara Diego
    """
)
COUNTRIES = split_words(
    """
    Norway Kenya Chile Japan Brazil Canada Egypt Finland Greece Hungary India Italy Mexico Nepal Peru Poland Spain Sweden
    Turkey Vietnam Austria Belgium Cuba Denmark Ghana Iceland Jordan Latvia Malta Portugal Romania Serbia Thailand Uganda
    Yemen Zambia
    """
)
CHOICES: dict[str, tuple[str, ...]] = {
    "status": _phrases(
        """
        open; closed; planned; running; on hold; approved; rejected; in review; shipped; cancelled; ready; delayed; done;
        blocked
        """
    ),
    "level": _phrases(
        """
        low; medium; high; critical; urgent; normal; minor; major
        """
    ),
    "colour": _phrases(
        """
        red; blue; dark green; light grey; black; white; silver; orange; yellow; brown; violet; navy
        """
    ),
    "material": _phrases(
        """
        steel; oak; glass; carbon fibre; aluminium; leather; paper; rubber; copper; cotton; ceramic; bamboo; plastic; brass
        """
    ),
    "category": _phrases(
        """
        standard; premium; compact; industrial; portable; seasonal; experimental; basic; professional; small business;
        wholesale
        """
    ),
    "sector": _phrases(
        """
        farming; banking; mining; education; health care; transport; energy; retail; tourism; printing; fishing; construction;
        insurance
        """
    ),
    "department": _phrases(
        """
        Sales; Finance; Legal; Research; Purchasing; Marketing; Quality; Security; Facilities; Human Resources; Customer Care;
        Planning
        """
    ),
    "language": _phrases(
        """
        English; German; French; Spanish; Japanese; Chinese; Arabic; Hindi; Polish; Italian; Dutch; Korean
        """
    ),
    "flag": ("yes", "no"),
}
UNITS: dict[str, tuple[str, ...]] = {
    "weight": ("kg", "g", "t"),
    "length": ("m", "cm", "mm"),
    "watt": ("W", "kW"),
    "gigabyte": ("GB", "TB", "MB"),
    "milliamp": ("mAh",),
    "celsius": ("°C",),
    "speed": ("km/h", "m/s", "Mbit/s"),
    "hours": ("hours", "h"),
    "days": ("days",),
    "minutes": ("minutes", "min", "s", "ms"),
    "months": ("months", "years"),
    "people": ("users", "people"),
    "inch": ("inches",),
    "cores": ("cores",),
    "percent": ("%",),
}
CURRENCIES = ("EUR", "USD", "GBP", "CNY", "JPY", "CHF")

# Chinese: two-character words for names, sections and phrases, and characters for names of persons.
CHINESE_WORDS = split_words(
    """
    设备 项目 客户 车站 合同 机器 订单 流程 课程 仓库 车辆 工厂 产品 服务 文章 事件 手册 政策 账户 团队 路线 系统 网络
    电源 屏幕 键盘 风扇 硬盘 内存 数据 报告 测试 检查 更换 清洁 安装 更新 重启 关闭
    打开 测量 调整 记录 发送 确认 审核 发布 备份 连接 断开 充电 打印 扫描 保存 删除 导出 导入 安全 质量 成本 时间 日期
    地区 城市 国家 公司 部门 经理 员工 用户 学校 医院 银行 商店 市场 中心 办公 会议
    培训 计划 目标 结果 问题 原因 方法 步骤 说明 概述 详情 信息 状态 数量 价格 重量 长度 高度 速度 温度 压力 电压 电流
    信号 频率 容量 版本 型号 编号 名称 类型 等级 颜色 材料 语言 东方 南山 西湖 北海
    新华 光明 长江 黄河 青山 绿水 白云 红星 金龙 银河 天空 大地 海洋 森林 花园 桥梁 道路 港口 机场 火车 飞机 轮船 汽车
    自行车 电话 手机 电脑 服务器 传感器 控制器 处理器 显示器 开始 结束 完成 需要 可以
    已经 正在 没有 进行 使用 提供 支持 负责 包括 位于 属于 达到 超过 低于
    平均 最大 最小 每天 每月 每年 立即 定期 通常 目前 以后 之前 之后 其中
    """
)
CHINESE_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
CHINESE_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文辉红玉建国志海燕春梅"
CHINESE_PLACES = split_words(
    """
    北京 上海 广州 深圳 天津 重庆 武汉 成都 南京 西安 杭州 苏州 长沙 青岛 大连 厦门 昆明 哈尔滨 台北 香港
    """
)
COMMON_CHARACTERS = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方"
    "多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明"
    "性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世"
    "位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量"
    "再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完"
    "设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔系统请查询说明负责请哪谁吗呢"
)
# What the Chinese phrasings and values are made of, so that each of their characters is one token.
CHINESE_TERMS = (
    "请问的是什么多少说出我想知道查一下有样关于能告诉吗给为何目前经确认记录该项目达到内容说明概述小时天台个名用户公斤米瓦核分"
    "钟是否未知答案问题根据"
)
