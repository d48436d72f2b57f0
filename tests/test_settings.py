"""Settings: every variable, its default, and words for every way to get it wrong."""

from __future__ import annotations

import ipaddress

import pytest

from cavalcade.settings import ExternalServers, Settings, SettingsError, public_url

SECRET = "Lq5vZ0xW9bTnR2kYd7GmHs4PfUc8JaEo3"
ANOTHER = "8f3a1c5e7092d4b6a1e0c3975fd2846b"
COMPLETE = {
    "CAVALCADE_DATABASE_URL": "postgresql://cavalcade@/cavalcade?host=/run/cavalcade",
    "CAVALCADE_REDIS_URL": "unix:///run/cavalcade/valkey.sock",
    "CAVALCADE_SECRET": SECRET,
}


def test_defaults() -> None:
    settings = Settings.from_environment(COMPLETE)
    assert settings.secrets == (SECRET,)
    assert settings.public_url == "http://localhost:8080"
    assert settings.socket_url == "ws://localhost:8080/socket"
    assert settings.trusted_proxies == (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
    assert (settings.backend, settings.log_level, settings.log_format) == ("services", "info", "json")
    assert (settings.window_ms, settings.max_participants) == (100, 200)
    assert (settings.min_lifetime_s, settings.host_away_s, settings.purge_after_s) == (300, 600, 30)


def test_everything_given() -> None:
    settings = Settings.from_environment(
        {
            "CAVALCADE_DATABASE_URL": "postgres://somebody:word@database.example/cavalcade",
            "CAVALCADE_REDIS_URL": "rediss://cache.example:6380/1",
            "CAVALCADE_SECRET": f"{ANOTHER}, {SECRET}",
            "CAVALCADE_PUBLIC_URL": "https://convoy.example/",
            "CAVALCADE_TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8",
            "CAVALCADE_BACKEND": "monolith",
            "CAVALCADE_LOG_LEVEL": "DEBUG",
            "CAVALCADE_LOG_FORMAT": "console",
            "CAVALCADE_WINDOW_MS": "250",
            "CAVALCADE_MAX_PARTICIPANTS": "50",
        }
    )
    assert settings.database_url == "postgresql://somebody:word@database.example/cavalcade"
    assert settings.secrets == (ANOTHER, SECRET)
    assert settings.public_url == "https://convoy.example"
    assert settings.socket_url == "wss://convoy.example/socket"
    assert settings.trusted_proxies == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))
    assert (settings.backend, settings.log_level, settings.log_format) == ("monolith", "debug", "console")
    assert (settings.window_ms, settings.max_participants) == (250, 50)


def test_empty_value_counts_as_not_set() -> None:
    assert Settings.from_environment(COMPLETE | {"CAVALCADE_WINDOW_MS": ""}).window_ms == 100


def test_missing_variables_are_reported_together() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"CAVALCADE_WINDOW_MS": "5"})
    named = [problem.split()[0] for problem in caught.value.problems]
    assert named == ["CAVALCADE_DATABASE_URL", "CAVALCADE_REDIS_URL", "CAVALCADE_SECRET", "CAVALCADE_WINDOW_MS"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CAVALCADE_DATABASE_URL", "mysql://host/name", "postgresql://"),
        ("CAVALCADE_DATABASE_URL", "cavalcade", "postgresql://"),
        ("CAVALCADE_DATABASE_URL", "postgresql://user:password@host/name", "placeholder of an example"),
        ("CAVALCADE_REDIS_URL", "redis://:change-me@host:6379/0", "placeholder of an example"),
        ("CAVALCADE_SECRET", "change-me-change-me-change-me-change-me", "can be guessed"),
        ("CAVALCADE_SECRET", f"{SECRET},{'x' * 40}", "number 2 of them can be guessed"),
        ("CAVALCADE_SECRET", f"{SECRET},", "number 2 of them has fewer than 32 characters"),
        ("CAVALCADE_SECRET", "short", "make one with `openssl rand -hex 32`"),
        ("CAVALCADE_MAP_TILES", "https://tiles.example/planet", "is a setting of `cavalcade up` alone"),
        ("CAVALCADE_REDIS_URL", "http://host", "redis://"),
        ("CAVALCADE_SECRET", f"{SECRET},short", "32 characters"),
        ("CAVALCADE_PUBLIC_URL", "convoy.example", "https://host"),
        ("CAVALCADE_PUBLIC_URL", "https://convoy.example/path", "no path"),
        ("CAVALCADE_PUBLIC_URL", "https://convoy.example:port", "port"),
        ("CAVALCADE_TRUSTED_PROXIES", "10.0.0.1/8", "networks"),
        ("CAVALCADE_TRUSTED_PROXIES", "everyone", "networks"),
        ("CAVALCADE_BACKEND", "elixir", "services, monolith"),
        ("CAVALCADE_LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("CAVALCADE_LOG_FORMAT", "xml", "json, console"),
        ("CAVALCADE_WINDOW_MS", "19", "from 20 to 1000"),
        ("CAVALCADE_WINDOW_MS", "1001", "from 20 to 1000"),
        ("CAVALCADE_WINDOW_MS", "1_00", "whole number"),
        ("CAVALCADE_MAX_PARTICIPANTS", "1", "from 2"),
        ("CAVALCADE_MIN_LIFETIME_S", "0", "seconds from 1"),
        ("CAVALCADE_HOST_AWAY_S", "-1", "whole number of seconds"),
        ("CAVALCADE_PURGE_AFTER_S", "46", "from 1 to 45"),
        ("CAVALCADE_DRAIN_S", "601", "from 0 to 600"),
    ],
)
def test_wrong_value_says_what_is_allowed(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(COMPLETE | {name: value})
    (problem,) = caught.value.problems
    assert problem.startswith(name)
    assert said in problem


def test_secrets_and_passwords_are_shown_nowhere() -> None:
    short = "tooshort"
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(COMPLETE | {"CAVALCADE_SECRET": short})
    assert short not in str(caught.value)
    settings = Settings.from_environment(COMPLETE | {"CAVALCADE_DATABASE_URL": "postgresql://user:Kf83hq@host/name"})
    assert SECRET not in repr(settings)
    assert "Kf83hq" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://convoy.example:443/", "https://convoy.example"),
        ("http://convoy.example:80", "http://convoy.example"),
        ("HTTPS://Convoy.Example", "https://convoy.example"),
        ("https://[fd00::1]:8443", "https://[fd00::1]:8443"),
    ],
)
def test_public_url_has_the_form_a_browser_sends_as_origin(given: str, kept: str) -> None:
    assert public_url(given) == kept


def test_no_external_servers() -> None:
    assert ExternalServers.from_environment({}) == ExternalServers(None, None, None)


def test_one_external_server_alone() -> None:
    servers = ExternalServers.from_environment(
        {"CAVALCADE_REDIS_URL": "redis://cache.example", "CAVALCADE_SECRET": SECRET}
    )
    assert servers.database_url is None
    assert servers.redis_url == "redis://cache.example"
    assert servers.secrets == (SECRET,)


def test_external_servers_need_a_secret() -> None:
    with pytest.raises(SettingsError, match="CAVALCADE_SECRET must be set too"):
        ExternalServers.from_environment({"CAVALCADE_DATABASE_URL": "postgresql://host/name"})
