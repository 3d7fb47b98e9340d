"""Tell people: through every Apprise address of the settings, or the log where there is none."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from orchestration.settings import Settings

logger = logging.getLogger("ai_finops.alerts")


def notify(settings: Settings, title: str, lines: Sequence[str]) -> bool:
    """Send one message; returns whether every address took it. A failed delivery is logged and never breaks the run."""
    body = "\n".join(lines)
    logger.error("%s\n%s", title, body)
    if not settings.alert_urls:
        return False
    import apprise  # a third of a second, and only wanted when there is something to say

    channel = apprise.Apprise()
    for url in settings.alert_urls:
        channel.add(url)
    delivered = bool(channel.notify(title=title, body=body))
    if not delivered:
        logger.error("an alert was not delivered to all of %d addresses", len(settings.alert_urls))
    return delivered
