"""The table of services and cases that is printed at the end."""

from collections.abc import Iterator


class Table:
    """What became of each case of each service, in the order in which cases were first met."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str], str] = {}

    def note(self, service: str, case: str, outcome: str) -> None:
        """Sets a cell; a failure stays."""
        if self._cells.get((service, case)) != "FAIL":
            self._cells[service, case] = outcome

    def cells(self) -> list[tuple[str, str, str]]:
        """All that is known: service, case, outcome."""
        return [(service, case, outcome) for (service, case), outcome in self._cells.items()]

    def lines(self) -> Iterator[str]:
        """The table as text; a case that a service does not have is a dash."""
        services = sorted({service for service, _ in self._cells})
        cases = list(dict.fromkeys(case for _, case in self._cells))
        rows = [
            ["", *services],
            *([case, *(self._cells.get((each, case), "-") for each in services)] for case in cases),
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(len(services) + 1)]
        for row in rows:
            yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()

    def __bool__(self) -> bool:
        return bool(self._cells)
