"""The parts that devices are made of: the same for every seed."""

import pandas as pd

_PHONE = ("Mobile",)
_LAPTOP = ("Laptop",)
_SERVER = ("Server",)
_PERSONAL = ("Mobile", "Laptop")
_COMPUTERS = ("Laptop", "Server")
_ALL = ("Mobile", "Laptop", "Server")

COMPONENTS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("CMP-BATTERY", "battery pack", "battery", _PERSONAL),
    ("CMP-FUEL-GAUGE", "battery fuel gauge", "battery", _PERSONAL),
    ("CMP-PANEL", "display panel", "display", _PERSONAL),
    ("CMP-GPU", "graphics processor", "display", _LAPTOP),
    ("CMP-HINGE", "folding hinge and lid sensor", "display", _LAPTOP),
    ("CMP-WIFI", "Wi-Fi adapter", "connectivity", _PERSONAL),
    ("CMP-BLUETOOTH", "Bluetooth radio", "connectivity", _PERSONAL),
    ("CMP-MODEM", "cellular modem", "connectivity", _PHONE),
    ("CMP-NIC", "network adapter", "connectivity", _COMPUTERS),
    ("CMP-SCHEDULER", "processor power scheduler", "performance", _ALL),
    ("CMP-MEMORY", "memory controller", "performance", _COMPUTERS),
    ("CMP-SSD", "solid-state drive", "storage", _COMPUTERS),
    ("CMP-FLASH", "internal flash storage", "storage", _PHONE),
    ("CMP-RAID", "RAID controller", "storage", _SERVER),
    ("CMP-SPEAKER", "speaker amplifier", "audio", _PERSONAL),
    ("CMP-MICROPHONE", "microphone array", "audio", _PERSONAL),
    ("CMP-CAMERA", "camera module", "camera", _PERSONAL),
    ("CMP-BOOTLOADER", "boot loader", "firmware", _ALL),
    ("CMP-BMC", "management controller", "firmware", _SERVER),
    ("CMP-TPM", "security chip", "security", _COMPUTERS),
    ("CMP-FINGERPRINT", "fingerprint reader", "security", _PERSONAL),
    ("CMP-FAN", "fan assembly", "thermal", _COMPUTERS),
    ("CMP-THERMAL-SENSOR", "thermal sensor", "thermal", _ALL),
    ("CMP-DOCK", "docking station interface", "peripherals", _LAPTOP),
    ("CMP-TOUCH", "touch controller", "peripherals", _PERSONAL),
    ("CMP-USB-C", "USB-C controller", "peripherals", _ALL),
    ("CMP-CHARGER", "charging circuit", "power", _PERSONAL),
    ("CMP-PSU", "power supply unit", "power", _SERVER),
)
"""Id, name, support category and the device families that have the part."""


def make_components() -> pd.DataFrame:
    """The components, one row each."""
    return pd.DataFrame(
        [{"component_id": c, "name": n, "category": k, "families": list(f)} for c, n, k, f in COMPONENTS],
        columns=["component_id", "name", "category", "families"],
    )


def components_of(family: str) -> list[str]:
    """Ids of the components that devices of that family have, in the order of the table."""
    return [component for component, _, _, families in COMPONENTS if family in families]
