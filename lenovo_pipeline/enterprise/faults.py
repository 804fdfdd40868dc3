"""What can go wrong with each component: symptoms, causes and fixes in the words of an engineer.

Belongs here: phrase banks of incidents. `{n}` is a number, `{when}` the occasion. A firmware fix completes the sentence
"Install firmware X, which …"; the other fix stands for itself.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One way in which a component fails; `low` and `high` bound the number in its sentences."""

    symptom: str
    cause: str
    firmware_fix: str
    other_fix: str
    low: int
    high: int


OCCASIONS: dict[str, tuple[str, ...]] = {
    "Mobile": (
        "after the phone was left in standby overnight", "during long video calls", "while the hotspot is on",
        "right after an app update", "when the phone moves between two cells", "in rooms above 30 °C",
        "with a protective case on", "while navigation is running", "after pairing a new watch", "when power saving is active",
        "on the second day after a restart", "while photos are being backed up", "with both SIM cards active",
        "after a failed over-the-air update", "during fast charging", "when the screen is locked",
    ),
    "Laptop": (
        "after resuming from sleep", "when two external displays are connected", "during long video meetings",
        "while compiling large projects", "on battery below 30 %", "after docking and undocking", "with the lid closed",
        "when the VPN client reconnects", "after a monthly operating system update", "while a full-disk scan is running",
        "with a 45 W charger in use", "in a room warmer than 28 °C", "after switching users", "when Modern Standby is enabled",
        "during the first minutes after a cold start", "while files are synchronised in the background",
    ),
    "Server": (
        "during the nightly backup", "when all memory channels are populated", "after a rolling cluster update",
        "under sustained write load", "with one power feed removed", "while a virtual machine migrates",
        "after replacing a fan module", "at inlet temperatures above 32 °C", "during a memory scrub",
        "when the management network is saturated", "after adding a second processor", "with secure boot enforced",
        "while an array is rebuilding", "during a scheduled reboot of the rack", "after an unplanned power cut",
        "when NUMA balancing is turned off",
    ),
}  # fmt: skip
"""When a fault shows, by device family."""

FAULTS: dict[str, tuple[Fault, ...]] = {
    "CMP-BATTERY": (
        Fault(
            "The battery drops from {n} % to empty within minutes {when}.",
            "Cells from one supplier age faster than the charge model assumes.",
            "replaces the charge model by one that follows the age of the cells",
            "Replace the battery pack and recalibrate it with one full cycle.",
            12,
            45,
        ),
        Fault(
            "The case feels swollen and charging stops at {n} % {when}.",
            "Cells were held at full charge for months without a rest.",
            "limits the charge to 80 % when the device stays on mains power",
            "Stop using the device, replace the battery pack and turn on conservation mode.",
            60,
            95,
        ),
    ),
    "CMP-FUEL-GAUGE": (
        Fault(
            "The charge shown jumps by {n} points {when}.",
            "The fuel gauge lost its reference after an interrupted write.",
            "writes the gauge reference twice and verifies it",
            "Reset the gauge: discharge fully, wait two hours and charge without interruption.",
            8,
            35,
        ),
        Fault(
            "The battery is reported as missing for {n} seconds {when}.",
            "The gauge bus is held low by a second reader.",
            "arbitrates access to the gauge bus",
            "Remove the third-party battery monitor that polls the gauge.",
            3,
            50,
        ),
    ),
    "CMP-PANEL": (
        Fault(
            "The screen flickers at brightness below {n} % {when}.",
            "The dimming frequency beats against the refresh rate.",
            "raises the dimming frequency of the panel",
            "Set the refresh rate to a fixed value in the display settings.",
            10,
            55,
        ),
        Fault(
            "A green tint covers the lower {n} rows of the picture {when}.",
            "Panel self-refresh resumes with a stale line buffer.",
            "clears the line buffer before self-refresh ends",
            "Turn off panel self-refresh until the panel is exchanged.",
            20,
            300,
        ),
        Fault(
            "The screen stays black for {n} seconds {when}.",
            "The panel power sequence waits for a signal that one batch of cables delays.",
            "shortens the wait in the panel power sequence and retries it",
            "Reseat the display cable and replace it if its label shows the affected batch.",
            5,
            40,
        ),
    ),
    "CMP-GPU": (
        Fault(
            "Windows freeze for {n} seconds and the graphics driver restarts {when}.",
            "Memory clocks switch while a frame is still being read.",
            "holds the memory clock until the frame is finished",
            "Disable hardware-accelerated scheduling.",
            2,
            20,
        ),
        Fault(
            "Games and drawing programs are limited to {n} frames per second {when}.",
            "The graphics processor remains in its lowest power state.",
            "lets the graphics processor leave the lowest state on demand",
            "Choose the performance power mode and reinstall the graphics driver.",
            12,
            30,
        ),
    ),
    "CMP-HINGE": (
        Fault(
            "The device wakes up {n} times an hour although it is closed {when}.",
            "The lid sensor's threshold lies too near to the field of the magnet.",
            "widens the hysteresis of the lid sensor",
            "Recalibrate the lid sensor in the diagnostics menu.",
            2,
            14,
        ),
        Fault(
            "The picture turns or goes dark at an opening angle of {n} degrees {when}.",
            "The angle table of the hinge was built for an earlier part.",
            "loads the angle table that belongs to the built-in hinge",
            "Exchange the hinge and run the angle alignment.",
            85,
            170,
        ),
    ),
    "CMP-WIFI": (
        Fault(
            "Wi-Fi disconnects every {n} minutes {when}.",
            "The adapter ignores the renewed group key of the access point.",
            "renews the group key without leaving the network",
            "Set the group key interval of the access points to one hour.",
            4,
            55,
        ),
        Fault(
            "Throughput falls to {n} Mbit/s on the 6 GHz band {when}.",
            "A regulatory table limits the channel width to 20 MHz.",
            "corrects the regulatory table for 6 GHz channels",
            "Connect to the 5 GHz network until the table is updated.",
            6,
            70,
        ),
    ),
    "CMP-BLUETOOTH": (
        Fault(
            "Headset sound breaks up about {n} times a minute {when}.",
            "Bluetooth and Wi-Fi transmit in the same slots.",
            "separates the transmission slots of the two radios",
            "Move the wireless network to a 5 GHz channel.",
            3,
            25,
        ),
        Fault(
            "Paired accessories need {n} seconds to reconnect {when}.",
            "The bond list is searched from the oldest entry.",
            "keeps the bond list in the order of last use",
            "Delete unused pairings and pair the accessory again.",
            12,
            90,
        ),
    ),
    "CMP-MODEM": (
        Fault(
            "Mobile data stops for {n} seconds {when}.",
            "The modem repeats a handover that the network has already confirmed.",
            "accepts the first confirmation of a handover",
            "Fix the preferred network type to LTE.",
            10,
            120,
        ),
        Fault(
            "Calls drop after {n} minutes {when}.",
            "Voice over LTE is registered again with an expired token.",
            "renews the voice registration before the token expires",
            "Reset the network settings and restart the phone.",
            2,
            30,
        ),
    ),
    "CMP-NIC": (
        Fault(
            "The wired link falls back to {n} Mbit/s {when}.",
            "Energy-efficient Ethernet wakes too slowly for some switches.",
            "lengthens the wake time of the link",
            "Turn off energy-efficient Ethernet on the switch port.",
            10,
            100,
        ),
        Fault(
            "About {n} packets in a million are lost {when}.",
            "The receive ring is too small for interrupt moderation.",
            "doubles the receive ring and adapts moderation to the load",
            "Raise the receive buffers of the adapter to 2048.",
            20,
            900,
        ),
    ),
    "CMP-SCHEDULER": (
        Fault(
            "The processor stays at {n} % of its base clock {when}.",
            "A power limit set at start is never lifted.",
            "lifts the start-up power limit once the system is idle",
            "Load the default power profile and restart.",
            25,
            70,
        ),
        Fault(
            "Applications stall for {n} seconds {when}.",
            "Efficient cores receive work that waits for fast ones.",
            "updates the hints by which work is spread over cores",
            "Pin the affected application to the fast cores.",
            2,
            25,
        ),
    ),
    "CMP-MEMORY": (
        Fault(
            "The system reports {n} corrected memory errors an hour {when}.",
            "Training of the memory channels uses margins that are too tight.",
            "trains the memory channels with wider margins",
            "Replace the module in the reported slot and run the memory test.",
            15,
            800,
        ),
        Fault(
            "Starting takes {n} seconds longer {when}.",
            "Memory is trained from the beginning although nothing has changed.",
            "keeps the training results over a restart",
            "Enable fast boot in the setup program.",
            20,
            160,
        ),
    ),
    "CMP-SSD": (
        Fault(
            "Writing slows to {n} MB/s {when}.",
            "The drive clears its cache only when it is completely full.",
            "clears the write cache of the drive in the background",
            "Leave 15 % of the drive free and run the trim command.",
            35,
            180,
        ),
        Fault(
            "The drive disappears for {n} seconds {when}.",
            "A low-power state of the drive is left too late.",
            "excludes the deepest low-power state for this drive",
            "Turn off link power management for the drive.",
            4,
            60,
        ),
    ),
    "CMP-FLASH": (
        Fault(
            "Saving a photo takes {n} seconds {when}.",
            "Free blocks are collected only while the screen is on.",
            "collects free blocks while the phone is charging",
            "Free 10 GB of storage and restart the phone.",
            4,
            30,
        ),
        Fault(
            "Storage is shown as full although {n} GB are free {when}.",
            "Space of deleted snapshots is not returned after an update.",
            "returns the space of snapshots at the next start",
            "Clear the cache partition in recovery mode.",
            6,
            60,
        ),
    ),
    "CMP-RAID": (
        Fault(
            "A rebuild stops at {n} % {when}.",
            "The controller treats a slow sector as a failed drive.",
            "allows a second read before a drive is failed",
            "Replace the slow drive and start the rebuild by hand.",
            18,
            96,
        ),
        Fault(
            "Write latency rises to {n} ms {when}.",
            "The cache falls back to write-through after a learn cycle.",
            "restores write-back as soon as the learn cycle ends",
            "Schedule learn cycles outside business hours.",
            25,
            400,
        ),
    ),
    "CMP-SPEAKER": (
        Fault(
            "A crackle is heard at volumes above {n} % {when}.",
            "The amplifier's protection reacts to peaks that do no harm.",
            "tunes the protection of the amplifier",
            "Turn off the sound effects in the audio settings.",
            40,
            90,
        ),
        Fault(
            "Sound starts {n} ms late {when}.",
            "The amplifier falls asleep between two sounds.",
            "keeps the amplifier awake for half a minute",
            "Disable audio power saving in the device settings.",
            200,
            1900,
        ),
    ),
    "CMP-MICROPHONE": (
        Fault(
            "Other people hear an echo for the first {n} seconds {when}.",
            "Echo cancellation starts from an empty filter.",
            "stores the echo filter from the last call",
            "Use a headset or lower the speaker volume.",
            5,
            45,
        ),
        Fault(
            "The microphone is {n} dB too quiet {when}.",
            "One of the array's channels is counted with the wrong sign.",
            "corrects the sign of the second microphone channel",
            "Select the single microphone mode in the audio settings.",
            6,
            24,
        ),
    ),
    "CMP-CAMERA": (
        Fault(
            "The camera shows a grey picture for {n} seconds {when}.",
            "The sensor is powered before its reset line is stable.",
            "waits for the reset line of the camera sensor",
            "Close the camera application, wait a moment and open it again.",
            3,
            30,
        ),
        Fault(
            "Every one in {n} pictures is out of focus {when}.",
            "The focus motor uses the temperature table of another lens.",
            "loads the temperature table of the built-in lens",
            "Run the camera calibration in the service menu.",
            3,
            20,
        ),
    ),
    "CMP-BOOTLOADER": (
        Fault(
            "The device restarts {n} times before it starts {when}.",
            "The boot loader rejects a configuration written by an older level.",
            "converts older configurations instead of rejecting them",
            "Load the factory defaults.",
            2,
            9,
        ),
        Fault(
            "An update stops at {n} % and is rolled back {when}.",
            "The boot loader compares the wrong half of the signature.",
            "verifies the whole signature of an update",
            "Install the update from a recovery medium.",
            30,
            97,
        ),
    ),
    "CMP-BMC": (
        Fault(
            "The management page does not answer for {n} minutes {when}.",
            "The event log is compacted while sessions wait for it.",
            "compacts the event log in small steps",
            "Restart the management controller and clear the event log.",
            3,
            40,
        ),
        Fault(
            "Sensor values are {n} minutes old {when}.",
            "A stuck sensor blocks the polling loop of the controller.",
            "skips a sensor that does not answer in time",
            "Disable the reported sensor until it is exchanged.",
            5,
            90,
        ),
    ),
    "CMP-TPM": (
        Fault(
            "A recovery key is asked for at {n} % of restarts {when}.",
            "A measured value changes with the order of boot devices.",
            "measures the boot devices in a fixed order",
            "Suspend drive encryption, fix the boot order and resume it.",
            5,
            60,
        ),
        Fault(
            "Sign-in with a PIN is locked for {n} minutes {when}.",
            "Failed attempts are counted twice by the security chip.",
            "counts every failed attempt once",
            "Reset the lockout counter with the owner password.",
            10,
            120,
        ),
    ),
    "CMP-FINGERPRINT": (
        Fault(
            "The reader recognises only {n} of 100 touches {when}.",
            "Templates are compared at the contrast of a dry finger only.",
            "adapts the contrast before templates are compared",
            "Delete the stored fingers and enrol each one twice.",
            20,
            70,
        ),
        Fault(
            "Unlocking takes {n} seconds {when}.",
            "The reader is searched for on the wrong bus first.",
            "addresses the fingerprint reader on its own bus",
            "Restart the device and enrol the fingers again.",
            3,
            15,
        ),
    ),
    "CMP-FAN": (
        Fault(
            "The fan runs at {n} % while the system is idle {when}.",
            "The fan curve follows a sensor near the charging circuit.",
            "moves the fan curve to the processor's own sensor",
            "Choose the quiet mode and clean the air outlet.",
            60,
            100,
        ),
        Fault(
            "A fan stops for {n} seconds and an alarm is raised {when}.",
            "The start pulse is too short for worn bearings.",
            "lengthens the start pulse of the fan",
            "Exchange the fan assembly.",
            5,
            80,
        ),
    ),
    "CMP-THERMAL-SENSOR": (
        Fault(
            "The device reports {n} °C and slows down {when}.",
            "A faulty reading of one sensor is taken for the truth.",
            "takes the median of three readings",
            "Recalibrate the sensor or exchange the board that carries it.",
            88,
            105,
        ),
        Fault(
            "The system shuts down without a warning about {n} minutes into the work {when}.",
            "The warning threshold lies above the shutdown threshold.",
            "puts the warning 8 °C below the shutdown",
            "Set the thermal profile to balanced.",
            10,
            75,
        ),
    ),
    "CMP-DOCK": (
        Fault(
            "External displays stay dark for {n} seconds {when}.",
            "The dock is asked for its modes before it is ready.",
            "waits for the dock to report its display modes",
            "Unplug the dock from mains for half a minute.",
            10,
            90,
        ),
        Fault(
            "Keyboard and mouse at the dock pause {n} times an hour {when}.",
            "Power saving suspends the hub of the dock.",
            "keeps the hub of the dock active while devices are in use",
            "Disable selective suspend for the hub.",
            2,
            20,
        ),
    ),
    "CMP-TOUCH": (
        Fault(
            "Touches land {n} pixels beside the finger {when}.",
            "The noise filter shifts the point while the device is charging.",
            "compensates the charger's noise without a shift",
            "Use the original charger and recalibrate the touch surface.",
            15,
            140,
        ),
        Fault(
            "The pointer jumps or taps by itself every {n} seconds {when}.",
            "The baseline of the touch controller drifts with humidity.",
            "renews the baseline whenever no finger is present",
            "Clean the surface and run the touch calibration.",
            3,
            50,
        ),
    ),
    "CMP-USB-C": (
        Fault(
            "Devices at the USB-C port are detected only at attempt {n} {when}.",
            "The port negotiates power before data is ready.",
            "negotiates data and power in the right order",
            "Connect the device before switching the system on.",
            2,
            8,
        ),
        Fault(
            "An external drive at the USB-C port disconnects after {n} minutes {when}.",
            "The port's over-current limit is reached by short peaks.",
            "averages the current before the limit is applied",
            "Use a hub with its own power supply.",
            3,
            55,
        ),
    ),
    "CMP-CHARGER": (
        Fault(
            "Charging stops at {n} % {when}.",
            "The charging circuit mistakes a warm connector for a short circuit.",
            "corrects the temperature limit of the connector",
            "Clean the port and use a cable rated for 5 A.",
            35,
            92,
        ),
        Fault(
            "Full charging takes {n} minutes longer {when}.",
            "Fast charging is not offered again after the cable moved.",
            "offers fast charging again after every reconnection",
            "Restart the device with the charger connected.",
            30,
            150,
        ),
    ),
    "CMP-PSU": (
        Fault(
            "A power supply reports a fault for {n} seconds {when}.",
            "Load sharing swings between the two supplies.",
            "dampens load sharing between power supplies",
            "Exchange the supply with the older revision.",
            4,
            70,
        ),
        Fault(
            "The server draws {n} W more than planned {when}.",
            "The standby supply is not put to sleep at low load.",
            "puts the second supply to sleep below 30 % load",
            "Set the redundancy mode to cold standby.",
            45,
            320,
        ),
    ),
}
