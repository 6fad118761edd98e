"""Several pieces of work in a row, of which none keeps the others from being done."""

from collections.abc import Callable, Mapping

from mhfa_lms import db, logs


def each(chores: Mapping[str, Callable[[], object]]) -> None:
    """Do every chore, whatever becomes of the others; raises the first one's error once all were tried."""
    first: Exception | None = None
    for name, chore in chores.items():
        try:
            chore()
        except Exception as error:
            logs.logger().error("chore-stumbled", chore=name, error=type(error).__name__, at=logs.place(error))
            # What it read lies in a transaction that the database may have given up.
            db.sessions.remove()
            first = first or error
    if first is not None:
        raise first
