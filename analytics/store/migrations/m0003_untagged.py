"""Version 3: `online_days` may hold all orders of a day (lag `any`), which are no part of the funnel of tagged ones."""

from __future__ import annotations

from analytics.store.database import Dialect
from analytics.store.migrations import m0001_first


def statements(dialect: Dialect) -> list[str]:
    """The statements that make version 3."""
    (view,) = (sql for sql in m0001_first.statements(dialect) if sql.startswith("CREATE VIEW v_funnel"))
    tagged = view.replace("FROM online_days r GROUP BY", "FROM online_days r WHERE r.lag <> 'any' GROUP BY")
    return ["DROP VIEW v_funnel", tagged]
