"""How Caddy spreads requests over several processes, and who of them gets those of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cavalcade.stack.programs import Backend

_FIRST_FREE = "lb_policy least_conn"
_BY_QUERY = "lb_policy query session {\n\tfallback least_conn\n}"
_SESSION_HEADER = "X-Cavalcade-Session"
_BY_HEADER = f"""lb_policy header {_SESSION_HEADER} {{
	fallback least_conn
}}
# No `header_up` may remove it: a request that is tried again would be without it."""
_HEALTH_CHECKS = """# Only these checks decide which process gets no requests. `fail_duration` would also blame the
# process for a body that its sender breaks off, so anybody could have all processes left out.
health_uri /healthz
health_interval 250ms
health_timeout 2s"""


def lines(backend: Backend, *, affinity: bool) -> dict[str, str]:
    """How requests are spread over several processes; nothing to say where there is one."""
    if len(backend.http) == 1:
        return {"session_header": "", "balance_http": "", "balance_sockets": ""}
    sockets = _BY_QUERY if affinity or backend.name == "monolith" else _FIRST_FREE
    parts = {
        "session_header": "",
        "balance_http": f"{_FIRST_FREE}\n{_HEALTH_CHECKS}",
        "balance_sockets": f"{sockets}\n{_HEALTH_CHECKS}",
    }
    if backend.name == "monolith":
        # Rendezvous hashing takes the highest hash of a path and the session together, so a longer path is made up
        # for in front of the session, and calls lead to the node that its sockets lead to.
        rest = str(backend.sockets[0]).removeprefix(str(backend.http[0]))
        parts |= {"session_header": _naming_session(rest), "balance_http": f"{_BY_HEADER}\n{_HEALTH_CHECKS}"}
    return {
        "session_header": _indented(parts["session_header"], 2),
        "balance_http": _indented(parts["balance_http"], 3),
        "balance_sockets": _indented(parts["balance_sockets"], 3),
    }


def snippets() -> str:
    """The same for a door that is told by its environment which of them hold; see `imports`."""
    asked = "\nimport asked"
    parts = {
        "asked": _HEALTH_CHECKS,
        "session_services": "# Nothing depends on the session.",
        "calls_services": _FIRST_FREE + asked,
        "sockets_services": _FIRST_FREE + asked,
        # The two listeners of a node have addresses that hashing knows nothing of, so a session's calls may go to
        # another node than its sockets, which passes them on.
        "session_monolith": _naming_session(""),
        "calls_monolith": _BY_HEADER + asked,
        "sockets_monolith": _BY_QUERY + asked,
    }
    return "\n".join(f"({name}) {{\n\t{_indented(text, 1)}\n}}" for name, text in parts.items())


def imports(backend: str) -> dict[str, str]:
    """Where `snippets` are used, for the name of a backend or the placeholder of one."""
    return {
        "session_header": f"import session_{backend}",
        "balance_http": f"import calls_{backend}",
        "balance_sockets": f"import sockets_{backend}",
    }


def _naming_session(prefix: str) -> str:
    """Lines that give a call a header with its session's id, behind `prefix`."""
    return f"""# Outside of `route` the header would be set before it is removed.
# What is no session's id might be no header's value either, such as a line break.
@session path_regexp session ^/api/sessions/([a-z0-9]{{10}})(/|$)
route {{
	request_header -{_SESSION_HEADER}
	request_header @session {_SESSION_HEADER} {prefix}{{re.session.1}}
}}"""


def _indented(text: str, tabs: int) -> str:
    return text.replace("\n", "\n" + "\t" * tabs)
