"""What is fixed knowledge about the product line: series, their generations and what each of them is built like.

Belongs here: declarations that hold for every seed. Release days, prices, weights and machine types around these
values are drawn in devices.py. Values are typical for the base configuration of the named product.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    """One generation of a series: market name, number, release month (YYYY-MM), processor, cores of all sockets,
    memory (GB), storage (GB), list price (USD) and, for phones, battery (mAh)."""

    name: str
    number: int
    month: str
    cpu: str
    cores: int
    memory_gb: int
    storage_gb: int
    price_usd: int
    battery_mah: int | None = None


@dataclass(frozen=True, kw_only=True)
class Series:
    """A series: what its generations have in common, and the generations from old to new.

    `display` is diagonal (inch), resolution and refresh rate (Hz); `battery_wh` is for laptops, `rack_units` for servers
    in a rack or chassis (a tower may have None); `operating_systems` gives the year from which each one is shipped;
    `support_years` counts from the release.
    """

    name: str
    brand: str
    family: str
    display: tuple[float, str, int] | None = None
    battery_wh: float | None = None
    power_supply_w: int
    rack_units: int | None = None
    weight_kg: float
    ports: tuple[str, ...]
    operating_systems: tuple[tuple[int, str], ...]
    warranty_months: int
    support_years: int
    generations: tuple[Generation, ...]


_PHONE_PORTS = ("USB-C 2.0", "nano-SIM", "eSIM")
_PHONE_PORTS_FAST = ("USB-C 3.1 with DisplayPort", "nano-SIM", "eSIM")
_PHONE_PORTS_JACK = ("USB-C 2.0", "3.5 mm audio jack", "nano-SIM", "microSD")
_THIN_PORTS = ("2 x Thunderbolt 4", "USB-A 3.2 Gen 1", "HDMI 2.1", "3.5 mm audio jack")
_OFFICE_PORTS = ("2 x Thunderbolt 4", "2 x USB-A 3.2 Gen 1", "HDMI 2.1", "RJ45 Gigabit Ethernet", "3.5 mm audio jack")
_VALUE_PORTS = ("2 x USB-C 3.2 Gen 2", "2 x USB-A 3.2 Gen 1", "HDMI 1.4b", "RJ45 Gigabit Ethernet", "3.5 mm audio jack")
_WORKSTATION_PORTS = ("2 x Thunderbolt 4", "USB-C 3.2 Gen 2", "2 x USB-A 3.2 Gen 1", "HDMI 2.1", "SD Express card reader")
_CONSUMER_PORTS = ("2 x USB-C 3.2 Gen 2", "USB-A 3.2 Gen 1", "HDMI 1.4b", "microSD card reader", "3.5 mm audio jack")
_GAMING_PORTS = ("Thunderbolt 4", "USB-C 3.2 Gen 2", "3 x USB-A 3.2 Gen 1", "HDMI 2.1", "RJ45 2.5 Gigabit Ethernet")
_RACK_PORTS = ("4 x USB-A 3.2 Gen 1", "VGA", "RJ45 1 GbE management", "OCP 3.0 slot")
_TOWER_PORTS = ("6 x USB-A 3.2 Gen 1", "VGA", "2 x RJ45 1 GbE", "RJ45 1 GbE management", "serial port")
_DENSE_PORTS = ("USB-A 3.2 Gen 1", "RJ45 1 GbE management", "InfiniBand QSFP", "25 GbE SFP28")
_EDGE_PORTS = ("2 x 10 GbE SFP+", "2 x RJ45 1 GbE", "2 x USB-A 3.2 Gen 1", "RJ45 1 GbE management")

_WINDOWS = ((2018, "Windows 10 Pro"), (2022, "Windows 11 Pro"))
_WINDOWS_HOME = ((2018, "Windows 10 Home"), (2022, "Windows 11 Home"))
_ANDROID = ((2021, "Android 11"), (2022, "Android 12"), (2023, "Android 13"), (2024, "Android 14"), (2025, "Android 15"))
_ESXI = ((2018, "VMware ESXi 6.7"), (2020, "VMware ESXi 7.0"), (2023, "VMware ESXi 8.0"))
_LINUX = (
    (2018, "Red Hat Enterprise Linux 7.5"),
    (2019, "Red Hat Enterprise Linux 8.0"),
    (2021, "Red Hat Enterprise Linux 8.4"),
    (2023, "Red Hat Enterprise Linux 9.2"),
    (2024, "Red Hat Enterprise Linux 9.4"),
)
_WINDOWS_SERVER = ((2018, "Windows Server 2016"), (2019, "Windows Server 2019"), (2022, "Windows Server 2022"))
_NUTANIX = ((2023, "Nutanix AHV 6.5"), (2025, "Nutanix AHV 6.10"))
_VSAN = ((2023, "VMware vSAN 8.0"), (2025, "VMware vSAN 8.0 Update 3"))

SERIES: tuple[Series, ...] = (
    Series(
        name="Moto Edge", brand="Moto Edge", family="Mobile", display=(6.6, "2400 x 1080", 144), power_supply_w=68,
        weight_kg=0.172, ports=_PHONE_PORTS, operating_systems=_ANDROID, warranty_months=24, support_years=4,
        generations=(
            Generation("Moto Edge 20", 1, "2021-08", "Qualcomm Snapdragon 778G", 8, 6, 128, 499, 4000),
            Generation("Moto Edge 30", 2, "2022-05", "Qualcomm Snapdragon 778G+", 8, 8, 128, 449, 4020),
            Generation("Moto Edge 40", 3, "2023-05", "MediaTek Dimensity 8020", 8, 8, 256, 599, 4400),
            Generation("Moto Edge 50", 4, "2024-08", "Qualcomm Snapdragon 7 Gen 1 AE", 8, 8, 256, 599, 5000),
            Generation("Moto Edge 60", 5, "2025-04", "MediaTek Dimensity 7400", 8, 12, 256, 649, 5200),
        ),
    ),
    Series(
        name="Moto Edge Pro", brand="Moto Edge", family="Mobile", display=(6.7, "2712 x 1220", 144), power_supply_w=90,
        weight_kg=0.188, ports=_PHONE_PORTS_FAST, operating_systems=_ANDROID, warranty_months=24, support_years=5,
        generations=(
            Generation("Moto Edge 20 Pro", 1, "2021-08", "Qualcomm Snapdragon 870", 8, 8, 256, 699, 4500),
            Generation("Moto Edge 30 Pro", 2, "2022-02", "Qualcomm Snapdragon 8 Gen 1", 8, 8, 256, 799, 4600),
            Generation("Moto Edge 40 Pro", 3, "2023-04", "Qualcomm Snapdragon 8 Gen 2", 8, 12, 256, 899, 4600),
            Generation("Moto Edge 50 Pro", 4, "2024-04", "Qualcomm Snapdragon 7 Gen 3", 8, 12, 512, 699, 4600),
            Generation("Moto Edge 60 Pro", 5, "2025-05", "MediaTek Dimensity 8350 Extreme", 8, 12, 512, 749, 6000),
        ),
    ),
    Series(
        name="Moto Edge Fusion", brand="Moto Edge", family="Mobile", display=(6.7, "2400 x 1080", 120), power_supply_w=68,
        weight_kg=0.178, ports=_PHONE_PORTS, operating_systems=_ANDROID, warranty_months=24, support_years=4,
        generations=(
            Generation("Moto Edge 20 Fusion", 1, "2021-08", "MediaTek Dimensity 800U", 8, 6, 128, 349, 5000),
            Generation("Moto Edge 30 Fusion", 2, "2022-09", "Qualcomm Snapdragon 888+", 8, 8, 128, 599, 4400),
            Generation("Moto Edge 50 Fusion", 3, "2024-05", "Qualcomm Snapdragon 7s Gen 2", 8, 8, 256, 399, 5000),
            Generation("Moto Edge 60 Fusion", 4, "2025-04", "MediaTek Dimensity 7300", 8, 8, 256, 379, 5200),
        ),
    ),
    Series(
        name="Moto Edge Neo", brand="Moto Edge", family="Mobile", display=(6.4, "2670 x 1200", 120), power_supply_w=68,
        weight_kg=0.170, ports=_PHONE_PORTS, operating_systems=_ANDROID, warranty_months=24, support_years=5,
        generations=(
            Generation("Moto Edge 30 Neo", 1, "2022-09", "Qualcomm Snapdragon 695", 8, 8, 128, 369, 4020),
            Generation("Moto Edge 40 Neo", 2, "2023-09", "MediaTek Dimensity 7030", 8, 8, 256, 399, 5000),
            Generation("Moto Edge 50 Neo", 3, "2024-09", "MediaTek Dimensity 7300", 8, 8, 256, 499, 4310),
            Generation("Moto Edge 60 Neo", 4, "2025-09", "MediaTek Dimensity 7400", 8, 12, 256, 479, 5000),
        ),
    ),
    Series(
        name="razr", brand="razr", family="Mobile", display=(6.9, "2640 x 1080", 120), power_supply_w=30,
        weight_kg=0.188, ports=_PHONE_PORTS, operating_systems=_ANDROID, warranty_months=24, support_years=4,
        generations=(
            Generation("razr 40", 1, "2023-06", "Qualcomm Snapdragon 7 Gen 1", 8, 8, 256, 699, 4200),
            Generation("razr 50", 2, "2024-06", "MediaTek Dimensity 7300X", 8, 8, 256, 699, 4200),
            Generation("razr 60", 3, "2025-05", "MediaTek Dimensity 7400X", 8, 8, 256, 699, 4500),
        ),
    ),
    Series(
        name="razr Ultra", brand="razr", family="Mobile", display=(6.9, "2640 x 1080", 165), power_supply_w=68,
        weight_kg=0.189, ports=_PHONE_PORTS_FAST, operating_systems=_ANDROID, warranty_months=24, support_years=5,
        generations=(
            Generation("razr 40 Ultra", 1, "2023-06", "Qualcomm Snapdragon 8+ Gen 1", 8, 8, 256, 999, 3800),
            Generation("razr 50 Ultra", 2, "2024-06", "Qualcomm Snapdragon 8s Gen 3", 8, 12, 256, 999, 4000),
            Generation("razr 60 Ultra", 3, "2025-05", "Qualcomm Snapdragon 8 Elite", 8, 16, 512, 1299, 4700),
        ),
    ),
    Series(
        name="Moto G50", brand="Moto G", family="Mobile", display=(6.5, "2400 x 1080", 120), power_supply_w=30,
        weight_kg=0.183, ports=_PHONE_PORTS_JACK, operating_systems=_ANDROID, warranty_months=24, support_years=3,
        generations=(
            Generation("Moto G52", 1, "2022-04", "Qualcomm Snapdragon 680", 8, 4, 128, 249, 5000),
            Generation("Moto G53", 2, "2022-12", "Qualcomm Snapdragon 480+", 8, 4, 128, 209, 5000),
            Generation("Moto G54", 3, "2023-09", "MediaTek Dimensity 7020", 8, 8, 128, 229, 5000),
            Generation("Moto G55", 4, "2024-08", "MediaTek Dimensity 7025", 8, 8, 256, 249, 5000),
            Generation("Moto G56", 5, "2025-06", "MediaTek Dimensity 7060", 8, 8, 256, 259, 5200),
        ),
    ),
    Series(
        name="Moto G80", brand="Moto G", family="Mobile", display=(6.6, "2400 x 1080", 120), power_supply_w=33,
        weight_kg=0.172, ports=_PHONE_PORTS, operating_systems=_ANDROID, warranty_months=24, support_years=3,
        generations=(
            Generation("Moto G82", 1, "2022-06", "Qualcomm Snapdragon 695", 8, 6, 128, 329, 5000),
            Generation("Moto G84", 2, "2023-09", "Qualcomm Snapdragon 695", 8, 12, 256, 299, 5000),
            Generation("Moto G85", 3, "2024-07", "Qualcomm Snapdragon 6s Gen 3", 8, 12, 256, 299, 5000),
            Generation("Moto G86", 4, "2025-06", "MediaTek Dimensity 7300", 8, 12, 256, 319, 5200),
        ),
    ),
    Series(
        name="Moto G100", brand="Moto G", family="Mobile", display=(6.7, "2520 x 1080", 90), power_supply_w=33,
        weight_kg=0.203, ports=_PHONE_PORTS_FAST, operating_systems=_ANDROID, warranty_months=24, support_years=3,
        generations=(
            Generation("Moto G100", 1, "2021-03", "Qualcomm Snapdragon 870", 8, 8, 128, 499, 5000),
            Generation("Moto G200", 2, "2021-12", "Qualcomm Snapdragon 888+", 8, 8, 128, 469, 5000),
            Generation("Moto G100 Pro", 3, "2025-05", "MediaTek Dimensity 7300", 8, 12, 256, 489, 6720),
        ),
    ),
    Series(
        name="Moto G Stylus", brand="Moto G", family="Mobile", display=(6.7, "2400 x 1080", 120), power_supply_w=30,
        weight_kg=0.202, ports=_PHONE_PORTS_JACK, operating_systems=_ANDROID, warranty_months=12, support_years=3,
        generations=(
            Generation("Moto G Stylus (2022)", 1, "2022-02", "MediaTek Helio G88", 8, 6, 128, 299, 5000),
            Generation("Moto G Stylus (2023)", 2, "2023-05", "Qualcomm Snapdragon 6 Gen 1", 8, 6, 256, 399, 5000),
            Generation("Moto G Stylus (2024)", 3, "2024-05", "Qualcomm Snapdragon 6 Gen 1", 8, 8, 256, 399, 5000),
            Generation("Moto G Stylus (2025)", 4, "2025-04", "Qualcomm Snapdragon 6 Gen 3", 8, 8, 256, 399, 5000),
        ),
    ),
    Series(
        name="Moto G30", brand="Moto G", family="Mobile", display=(6.5, "1600 x 720", 90), power_supply_w=18,
        weight_kg=0.184, ports=_PHONE_PORTS_JACK, operating_systems=_ANDROID, warranty_months=24, support_years=3,
        generations=(
            Generation("Moto G32", 1, "2022-08", "Qualcomm Snapdragon 680", 8, 4, 64, 189, 5000),
            Generation("Moto G34", 2, "2023-12", "Qualcomm Snapdragon 695", 8, 4, 128, 179, 5000),
            Generation("Moto G35", 3, "2024-08", "Unisoc T760", 8, 4, 128, 179, 5000),
        ),
    ),
    Series(
        name="ThinkPad X1 Carbon", brand="ThinkPad", family="Laptop", display=(14.0, "1920 x 1200", 60), battery_wh=57.0,
        power_supply_w=65, weight_kg=1.12, ports=_THIN_PORTS, operating_systems=_WINDOWS, warranty_months=36, support_years=6,
        generations=(
            Generation("ThinkPad X1 Carbon Gen 8", 8, "2020-04", "Intel Core i5-10210U", 4, 8, 256, 1599),
            Generation("ThinkPad X1 Carbon Gen 9", 9, "2021-03", "Intel Core i5-1135G7", 4, 8, 256, 1649),
            Generation("ThinkPad X1 Carbon Gen 10", 10, "2022-03", "Intel Core i5-1240P", 12, 16, 512, 1769),
            Generation("ThinkPad X1 Carbon Gen 11", 11, "2023-04", "Intel Core i5-1340P", 12, 16, 512, 1829),
            Generation("ThinkPad X1 Carbon Gen 12", 12, "2024-03", "Intel Core Ultra 5 125U", 12, 16, 512, 1949),
            Generation("ThinkPad X1 Carbon Gen 13", 13, "2024-11", "Intel Core Ultra 7 258V", 12, 32, 1024, 2399),
        ),
    ),
    Series(
        name="ThinkPad T14", brand="ThinkPad", family="Laptop", display=(14.0, "1920 x 1200", 60), battery_wh=52.5,
        power_supply_w=65, weight_kg=1.38, ports=_OFFICE_PORTS, operating_systems=_WINDOWS, warranty_months=36, support_years=6,
        generations=(
            Generation("ThinkPad T14 Gen 2", 2, "2021-05", "Intel Core i5-1135G7", 4, 8, 256, 1379),
            Generation("ThinkPad T14 Gen 3", 3, "2022-05", "Intel Core i5-1235U", 10, 8, 256, 1399),
            Generation("ThinkPad T14 Gen 4", 4, "2023-05", "Intel Core i5-1335U", 10, 16, 512, 1419),
            Generation("ThinkPad T14 Gen 5", 5, "2024-04", "Intel Core Ultra 5 125U", 12, 16, 512, 1449),
            Generation("ThinkPad T14 Gen 6", 6, "2025-03", "Intel Core Ultra 5 225U", 12, 16, 512, 1499),
        ),
    ),
    Series(
        name="ThinkPad T14s", brand="ThinkPad", family="Laptop", display=(14.0, "1920 x 1200", 60), battery_wh=58.0,
        power_supply_w=65, weight_kg=1.25, ports=_THIN_PORTS, operating_systems=_WINDOWS, warranty_months=36, support_years=6,
        generations=(
            Generation("ThinkPad T14s Gen 2", 2, "2021-04", "Intel Core i5-1145G7", 4, 8, 256, 1529),
            Generation("ThinkPad T14s Gen 3", 3, "2022-06", "Intel Core i5-1250P", 12, 16, 256, 1559),
            Generation("ThinkPad T14s Gen 4", 4, "2023-06", "Intel Core i5-1350P", 12, 16, 512, 1599),
            Generation("ThinkPad T14s Gen 5", 5, "2024-05", "Intel Core Ultra 5 135U", 12, 16, 512, 1649),
            Generation("ThinkPad T14s Gen 6", 6, "2024-09", "Qualcomm Snapdragon X Elite X1E-78-100", 12, 32, 1024, 1699),
        ),
    ),
    Series(
        name="ThinkPad T16", brand="ThinkPad", family="Laptop", display=(16.0, "1920 x 1200", 60), battery_wh=86.0,
        power_supply_w=65, weight_kg=1.74, ports=_OFFICE_PORTS, operating_systems=_WINDOWS, warranty_months=36, support_years=6,
        generations=(
            Generation("ThinkPad T16 Gen 1", 1, "2022-05", "Intel Core i5-1235U", 10, 8, 256, 1419),
            Generation("ThinkPad T16 Gen 2", 2, "2023-05", "Intel Core i5-1335U", 10, 16, 512, 1449),
            Generation("ThinkPad T16 Gen 3", 3, "2024-05", "Intel Core Ultra 5 125U", 12, 16, 512, 1499),
            Generation("ThinkPad T16 Gen 4", 4, "2025-04", "Intel Core Ultra 5 225U", 12, 16, 512, 1539),
        ),
    ),
    Series(
        name="ThinkPad P16", brand="ThinkPad", family="Laptop", display=(16.0, "2560 x 1600", 165), battery_wh=94.0,
        power_supply_w=230, weight_kg=2.95, ports=_WORKSTATION_PORTS, operating_systems=_WINDOWS, warranty_months=36,
        support_years=6,
        generations=(
            Generation("ThinkPad P16 Gen 1", 1, "2022-07", "Intel Core i7-12800HX", 16, 16, 512, 2359),
            Generation("ThinkPad P16 Gen 2", 2, "2023-06", "Intel Core i7-13700HX", 16, 16, 512, 2439),
            Generation("ThinkPad P16 Gen 3", 3, "2025-06", "Intel Core Ultra 7 255HX", 20, 32, 1024, 2899),
        ),
    ),
    Series(
        name="ThinkPad P1", brand="ThinkPad", family="Laptop", display=(16.0, "2560 x 1600", 120), battery_wh=90.0,
        power_supply_w=170, weight_kg=1.86, ports=_WORKSTATION_PORTS, operating_systems=_WINDOWS, warranty_months=36,
        support_years=6,
        generations=(
            Generation("ThinkPad P1 Gen 5", 5, "2022-06", "Intel Core i7-12700H", 14, 16, 512, 2239),
            Generation("ThinkPad P1 Gen 6", 6, "2023-06", "Intel Core i7-13700H", 14, 16, 512, 2319),
            Generation("ThinkPad P1 Gen 7", 7, "2024-06", "Intel Core Ultra 7 155H", 16, 16, 512, 2619),
            Generation("ThinkPad P1 Gen 8", 8, "2025-06", "Intel Core Ultra 7 255H", 16, 32, 1024, 2819),
        ),
    ),
    Series(
        name="ThinkPad E14", brand="ThinkPad", family="Laptop", display=(14.0, "1920 x 1200", 60), battery_wh=47.0,
        power_supply_w=65, weight_kg=1.44, ports=_VALUE_PORTS, operating_systems=_WINDOWS, warranty_months=12, support_years=5,
        generations=(
            Generation("ThinkPad E14 Gen 4", 4, "2022-04", "Intel Core i5-1235U", 10, 8, 256, 839),
            Generation("ThinkPad E14 Gen 5", 5, "2023-04", "Intel Core i5-1335U", 10, 8, 256, 859),
            Generation("ThinkPad E14 Gen 6", 6, "2024-04", "Intel Core Ultra 5 125U", 12, 16, 512, 889),
            Generation("ThinkPad E14 Gen 7", 7, "2025-04", "Intel Core Ultra 5 225U", 12, 16, 512, 929),
        ),
    ),
    Series(
        name="ThinkPad L14", brand="ThinkPad", family="Laptop", display=(14.0, "1920 x 1080", 60), battery_wh=46.5,
        power_supply_w=65, weight_kg=1.40, ports=_VALUE_PORTS, operating_systems=_WINDOWS, warranty_months=12, support_years=5,
        generations=(
            Generation("ThinkPad L14 Gen 3", 3, "2022-05", "Intel Core i5-1235U", 10, 8, 256, 1019),
            Generation("ThinkPad L14 Gen 4", 4, "2023-05", "Intel Core i5-1335U", 10, 8, 256, 1049),
            Generation("ThinkPad L14 Gen 5", 5, "2024-05", "Intel Core Ultra 5 125U", 12, 8, 512, 1079),
            Generation("ThinkPad L14 Gen 6", 6, "2025-05", "Intel Core Ultra 5 225U", 12, 16, 512, 1129),
        ),
    ),
    Series(
        name="ThinkPad X13", brand="ThinkPad", family="Laptop", display=(13.3, "1920 x 1200", 60), battery_wh=54.7,
        power_supply_w=65, weight_kg=1.14, ports=_THIN_PORTS, operating_systems=_WINDOWS, warranty_months=36, support_years=6,
        generations=(
            Generation("ThinkPad X13 Gen 3", 3, "2022-06", "Intel Core i5-1235U", 10, 8, 256, 1299),
            Generation("ThinkPad X13 Gen 4", 4, "2023-06", "Intel Core i5-1335U", 10, 16, 256, 1329),
            Generation("ThinkPad X13 Gen 5", 5, "2024-05", "Intel Core Ultra 5 125U", 12, 16, 512, 1379),
            Generation("ThinkPad X13 Gen 6", 6, "2025-03", "Intel Core Ultra 5 225U", 12, 16, 512, 1419),
        ),
    ),
    Series(
        name="ThinkBook 14", brand="ThinkBook", family="Laptop", display=(14.0, "1920 x 1200", 60), battery_wh=45.0,
        power_supply_w=65, weight_kg=1.41, ports=_VALUE_PORTS, operating_systems=_WINDOWS, warranty_months=12, support_years=5,
        generations=(
            Generation("ThinkBook 14 Gen 4", 4, "2022-04", "Intel Core i5-1235U", 10, 8, 256, 749),
            Generation("ThinkBook 14 Gen 6", 5, "2023-05", "Intel Core i5-1335U", 10, 8, 512, 789),
            Generation("ThinkBook 14 Gen 7", 6, "2024-05", "Intel Core Ultra 5 125U", 12, 16, 512, 839),
            Generation("ThinkBook 14 Gen 8", 7, "2025-05", "Intel Core Ultra 5 225H", 14, 16, 512, 869),
        ),
    ),
    Series(
        name="Yoga Slim 7i", brand="Yoga", family="Laptop", display=(14.0, "2880 x 1800", 90), battery_wh=65.0,
        power_supply_w=65, weight_kg=1.36, ports=_THIN_PORTS, operating_systems=_WINDOWS_HOME, warranty_months=12,
        support_years=5,
        generations=(
            Generation("Yoga Slim 7i Gen 6", 6, "2021-09", "Intel Core i5-1135G7", 4, 8, 512, 899),
            Generation("Yoga Slim 7i Gen 7", 7, "2022-06", "Intel Core i5-1240P", 12, 16, 512, 999),
            Generation("Yoga Slim 7i Gen 8", 8, "2023-05", "Intel Core i5-1340P", 12, 16, 512, 1049),
            Generation("Yoga Slim 7i Gen 9", 9, "2024-02", "Intel Core Ultra 7 155H", 16, 16, 1024, 1149),
        ),
    ),
    Series(
        name="Legion Pro 7i", brand="Legion", family="Laptop", display=(16.0, "2560 x 1600", 240), battery_wh=99.9,
        power_supply_w=330, weight_kg=2.72, ports=_GAMING_PORTS, operating_systems=_WINDOWS_HOME, warranty_months=24,
        support_years=5,
        generations=(
            Generation("Legion Pro 7i Gen 8", 8, "2023-03", "Intel Core i9-13900HX", 24, 16, 1024, 2349),
            Generation("Legion Pro 7i Gen 9", 9, "2024-03", "Intel Core i9-14900HX", 24, 32, 1024, 2599),
            Generation("Legion Pro 7i Gen 10", 10, "2025-03", "Intel Core Ultra 9 275HX", 24, 32, 2048, 2999),
        ),
    ),
    Series(
        name="Legion 5i", brand="Legion", family="Laptop", display=(15.6, "2560 x 1440", 165), battery_wh=80.0,
        power_supply_w=230, weight_kg=2.40, ports=_GAMING_PORTS, operating_systems=_WINDOWS_HOME, warranty_months=24,
        support_years=5,
        generations=(
            Generation("Legion 5i Gen 7", 7, "2022-05", "Intel Core i7-12700H", 14, 16, 512, 1299),
            Generation("Legion 5i Gen 8", 8, "2023-05", "Intel Core i7-13700H", 14, 16, 512, 1349),
            Generation("Legion 5i Gen 9", 9, "2024-04", "Intel Core i7-14650HX", 16, 16, 1024, 1399),
            Generation("Legion 5i Gen 10", 10, "2025-05", "Intel Core i7-14700HX", 20, 16, 1024, 1499),
        ),
    ),
    Series(
        name="IdeaPad Slim 5i", brand="IdeaPad", family="Laptop", display=(14.0, "1920 x 1200", 60), battery_wh=57.0,
        power_supply_w=65, weight_kg=1.46, ports=_CONSUMER_PORTS, operating_systems=_WINDOWS_HOME, warranty_months=12,
        support_years=4,
        generations=(
            Generation("IdeaPad Slim 5i Gen 8", 8, "2023-04", "Intel Core i5-13420H", 8, 8, 512, 629),
            Generation("IdeaPad Slim 5i Gen 9", 9, "2024-04", "Intel Core Ultra 5 125H", 14, 16, 512, 699),
            Generation("IdeaPad Slim 5i Gen 10", 10, "2025-04", "Intel Core Ultra 5 225H", 14, 16, 1024, 749),
        ),
    ),
    Series(
        name="ThinkSystem SR630", brand="ThinkSystem", family="Server", power_supply_w=750, rack_units=1, weight_kg=19.2,
        ports=_RACK_PORTS, operating_systems=_ESXI, warranty_months=36, support_years=8,
        generations=(
            Generation("ThinkSystem SR630", 1, "2018-07", "2 x Intel Xeon Silver 4114", 20, 32, 960, 4290),
            Generation("ThinkSystem SR630 V2", 2, "2021-04", "2 x Intel Xeon Silver 4314", 32, 64, 1920, 5480),
            Generation("ThinkSystem SR630 V3", 3, "2023-01", "2 x Intel Xeon Silver 4416+", 40, 128, 1920, 6890),
            Generation("ThinkSystem SR630 V4", 4, "2024-10", "2 x Intel Xeon 6517P", 64, 256, 3840, 8450),
        ),
    ),
    Series(
        name="ThinkSystem SR650", brand="ThinkSystem", family="Server", power_supply_w=1100, rack_units=2, weight_kg=32.0,
        ports=_RACK_PORTS, operating_systems=_ESXI, warranty_months=36, support_years=8,
        generations=(
            Generation("ThinkSystem SR650", 1, "2018-07", "2 x Intel Xeon Gold 5118", 24, 64, 1920, 5640),
            Generation("ThinkSystem SR650 V2", 2, "2021-04", "2 x Intel Xeon Gold 5318Y", 48, 128, 3840, 7980),
            Generation("ThinkSystem SR650 V3", 3, "2023-01", "2 x Intel Xeon Gold 6430", 64, 256, 7680, 10490),
            Generation("ThinkSystem SR650 V4", 4, "2024-10", "2 x Intel Xeon 6737P", 64, 512, 15360, 13980),
        ),
    ),
    Series(
        name="ThinkSystem SR645", brand="ThinkSystem", family="Server", power_supply_w=1100, rack_units=1, weight_kg=21.0,
        ports=_RACK_PORTS, operating_systems=_ESXI, warranty_months=36, support_years=7,
        generations=(
            Generation("ThinkSystem SR645", 1, "2020-08", "2 x AMD EPYC 7302", 32, 64, 1920, 6240),
            Generation("ThinkSystem SR645 V3", 2, "2022-11", "2 x AMD EPYC 9224", 48, 128, 3840, 8750),
        ),
    ),
    Series(
        name="ThinkSystem SR860", brand="ThinkSystem", family="Server", power_supply_w=1600, rack_units=4, weight_kg=53.6,
        ports=_RACK_PORTS, operating_systems=_ESXI, warranty_months=36, support_years=8,
        generations=(
            Generation("ThinkSystem SR860", 1, "2018-09", "4 x Intel Xeon Gold 5120", 56, 128, 3840, 15900),
            Generation("ThinkSystem SR860 V2", 2, "2020-07", "4 x Intel Xeon Gold 6328H", 64, 256, 7680, 21400),
            Generation("ThinkSystem SR860 V3", 3, "2023-05", "4 x Intel Xeon Gold 6416H", 72, 512, 15360, 28900),
        ),
    ),
    Series(
        name="ThinkSystem ST250", brand="ThinkSystem", family="Server", power_supply_w=550, weight_kg=15.9,
        ports=_TOWER_PORTS, operating_systems=_WINDOWS_SERVER, warranty_months=36, support_years=7,
        generations=(
            Generation("ThinkSystem ST250", 1, "2018-11", "Intel Xeon E-2124", 4, 8, 1000, 1190),
            Generation("ThinkSystem ST250 V2", 2, "2021-10", "Intel Xeon E-2334", 4, 16, 2000, 1480),
            Generation("ThinkSystem ST250 V3", 3, "2024-01", "Intel Xeon E-2434", 4, 32, 4000, 1790),
        ),
    ),
    Series(
        name="ThinkSystem ST650", brand="ThinkSystem", family="Server", power_supply_w=750, rack_units=4, weight_kg=37.3,
        ports=_TOWER_PORTS, operating_systems=_WINDOWS_SERVER, warranty_months=36, support_years=7,
        generations=(
            Generation("ThinkSystem ST650 V2", 1, "2021-06", "2 x Intel Xeon Silver 4310", 24, 64, 1920, 5120),
            Generation("ThinkSystem ST650 V3", 2, "2023-03", "2 x Intel Xeon Silver 4410Y", 24, 128, 3840, 6380),
        ),
    ),
    Series(
        name="ThinkSystem SD530", brand="ThinkSystem", family="Server", power_supply_w=2000, rack_units=2, weight_kg=7.5,
        ports=_DENSE_PORTS, operating_systems=_LINUX, warranty_months=36, support_years=8,
        generations=(
            Generation("ThinkSystem SD530", 1, "2018-01", "2 x Intel Xeon Gold 6126", 24, 96, 480, 6950),
            Generation("ThinkSystem SD530 V3", 2, "2023-06", "2 x Intel Xeon Gold 6438Y+", 64, 256, 960, 11200),
            Generation("ThinkSystem SD530 V4", 3, "2024-12", "2 x Intel Xeon 6747P", 96, 512, 1920, 15800),
        ),
    ),
    Series(
        name="ThinkSystem SD650", brand="ThinkSystem", family="Server", power_supply_w=2400, rack_units=6, weight_kg=17.2,
        ports=_DENSE_PORTS, operating_systems=_LINUX, warranty_months=36, support_years=8,
        generations=(
            Generation("ThinkSystem SD650", 1, "2018-06", "2 x Intel Xeon Platinum 8168", 48, 192, 480, 14800),
            Generation("ThinkSystem SD650 V2", 2, "2021-05", "2 x Intel Xeon Platinum 8358", 64, 256, 960, 18600),
            Generation("ThinkSystem SD650 V3", 3, "2023-02", "2 x Intel Xeon Platinum 8468", 96, 512, 1920, 27400),
        ),
    ),
    Series(
        name="ThinkEdge SE350", brand="ThinkEdge", family="Server", power_supply_w=240, rack_units=1, weight_kg=3.75,
        ports=_EDGE_PORTS, operating_systems=_LINUX, warranty_months=36, support_years=7,
        generations=(
            Generation("ThinkEdge SE350", 1, "2019-08", "Intel Xeon D-2123IT", 4, 16, 480, 3180),
            Generation("ThinkEdge SE350 V2", 2, "2023-08", "Intel Xeon D-2733NT", 8, 64, 960, 4460),
        ),
    ),
    Series(
        name="ThinkAgile HX630", brand="ThinkAgile", family="Server", power_supply_w=1100, rack_units=1, weight_kg=20.2,
        ports=_RACK_PORTS, operating_systems=_NUTANIX, warranty_months=36, support_years=7,
        generations=(
            Generation("ThinkAgile HX630 V3", 1, "2023-05", "2 x Intel Xeon Gold 6426Y", 32, 256, 7680, 24800),
            Generation("ThinkAgile HX630 V4", 2, "2025-03", "2 x Intel Xeon 6527P", 48, 512, 15360, 29900),
        ),
    ),
    Series(
        name="ThinkAgile VX630", brand="ThinkAgile", family="Server", power_supply_w=1100, rack_units=1, weight_kg=20.9,
        ports=_RACK_PORTS, operating_systems=_VSAN, warranty_months=36, support_years=7,
        generations=(
            Generation("ThinkAgile VX630 V3", 1, "2023-04", "2 x Intel Xeon Gold 6442Y", 48, 512, 15360, 31500),
            Generation("ThinkAgile VX630 V4", 2, "2025-02", "2 x Intel Xeon 6747P", 96, 1024, 30720, 39900),
        ),
    ),
)

MARKETS = (
    "United States", "Canada", "Mexico", "Brazil", "Argentina", "Chile", "Colombia", "Peru", "United Kingdom", "Ireland",
    "Germany", "Austria", "Switzerland", "France", "Belgium", "Netherlands", "Luxembourg", "Spain", "Portugal", "Italy", "Greece",
    "Poland", "Czechia", "Slovakia", "Hungary", "Romania", "Sweden", "Norway", "Denmark", "Finland", "Japan", "South Korea",
    "Mainland China", "Hong Kong", "Taiwan", "Singapore", "Malaysia", "Thailand", "Vietnam", "Indonesia", "Philippines", "India",
    "Australia", "New Zealand", "South Africa", "Egypt", "Kenya", "Turkey", "Saudi Arabia", "United Arab Emirates",
)
"""Markets that configurations are sold in once the world is larger than the base catalogue."""
