"""How pages for people are set: amounts, and tables whose columns say how they align."""

from __future__ import annotations

from decimal import Decimal

from rich.table import Table


def amount(value: Decimal | float | None, digits: int = 2) -> str:
    """`1,234.50`; nothing for NULL, and no minus where only zeros are left to show."""
    if value is None:
        return ""
    text = f"{value:,.{digits}f}"
    # A difference of a fraction of a cent is no negative amount.
    return text.removeprefix("-") if not text.strip("-0.,") else text


def new_table(title: str, *columns: str) -> Table:
    """An empty table without lines; a column's name that begins with `<` is set to the left, all others to the right."""
    table = Table(title=f"[bold]{title}[/]", title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        justify = "left" if name.startswith("<") else "right"
        table.add_column(name.removeprefix("<"), justify=justify, overflow="fold", header_style="dim")
    return table
