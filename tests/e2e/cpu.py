"""What the processors were doing meanwhile: a test that found answers late tells whether there was CPU for them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Ticks:
    """Time of all processors since the machine was started, in clock ticks: the first line of proc_stat(5)."""

    total: int
    idle: int
    steal: int

    @classmethod
    def now(cls) -> Self:
        """As they stand."""
        _, *fields = Path("/proc/stat").read_text().partition("\n")[0].split()
        user, nice, system, idle, iowait, irq, softirq, steal = (int(each) for each in fields[:8])
        return cls(user + nice + system + idle + iowait + irq + softirq + steal, idle + iowait, steal)

    def since(self, then: Self) -> dict[str, float]:
        """The shares of the time since then in which processors were `idle`, and that a hypervisor gave to others."""
        total = max(1, self.total - then.total)
        return {"idle": (self.idle - then.idle) / total, "steal": (self.steal - then.steal) / total}
