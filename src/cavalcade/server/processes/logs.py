"""Structured logs for the operator, on standard error: what happened and how often, never who or where."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from cavalcade.settings import Settings

SECRET_KEYS: Final = frozenset(
    {"token", "code", "viewer_code", "secret", "link", "lat", "lon", "position", "positions", "fix", "name", "address"}
)
"""Fields that no line may have, whatever they hold."""


# Without the values of variables, among which are tokens and places.
_TRACEBACKS: Final = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def configure_logging(settings: Settings) -> None:
    """Sets up structlog, and sends the libraries' own warnings the same way."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        drop_secrets,
    ]
    last: list[structlog.types.Processor]
    if settings.log_format == "json":
        last = [_TRACEBACKS, structlog.processors.JSONRenderer()]
    else:
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_bare, *last])
    handler.setFormatter(formatter)
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)


def drop_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Removes the fields that no line may have; a last guard, since nothing should log them."""
    for name in SECRET_KEYS & event.keys():
        del event[name]
    return event


def _bare(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drops what ProcessorFormatter adds for itself."""
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(_logger, _method, event)
