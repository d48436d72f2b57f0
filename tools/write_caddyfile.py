"""Writes `deploy/Caddyfile` again, after the template of the door has changed."""

from pathlib import Path

from cavalcade.stack.caddy import deployed_configuration

(Path(__file__).parent.parent / "deploy" / "Caddyfile").write_text(deployed_configuration(), encoding="utf-8")
