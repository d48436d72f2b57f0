"""What went wrong, in words for the person who holds the phone, and the way on; pure."""

from dataclasses import dataclass
from enum import StrEnum

from cavalcade.app.device.location import Obstacle
from cavalcade.app.device.store import StoreError
from cavalcade.app.session.formatting import Format
from cavalcade.app.session.participation import HostNotAway
from cavalcade.client import ClientError, ErrorCode, ProtocolError, Rejected, Unreachable


class WayOn(StrEnum):
    """What its owner can do."""

    TRY_AGAIN = "try_again"
    OPEN_SETTINGS = "open_settings"
    CHANGE_SERVER = "change_server"
    START_NEW = "start_new"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Advice:
    """A plain message with a way on.

    Attributes:
        title: What is the matter.
        text: What can be done.
        way_on: What the button does.
    """

    title: str
    text: str
    way_on: WayOn = WayOn.TRY_AGAIN


_REFUSALS = {
    ErrorCode.SESSION_NOT_FOUND: ("ending.goneTitle", "ending.gone", WayOn.START_NEW),
    ErrorCode.SESSION_FULL: ("ending.fullTitle", "ending.full", WayOn.TRY_AGAIN),
    ErrorCode.UNAUTHORIZED: ("ending.unauthorizedTitle", "ending.unauthorized", WayOn.START_NEW),
    ErrorCode.UNAVAILABLE: ("problem.unavailableTitle", "problem.unavailable", WayOn.TRY_AGAIN),
    ErrorCode.FORBIDDEN: ("problem.unknownTitle", "app.problem.forbidden", WayOn.TRY_AGAIN),
}

_OBSTACLES = {
    Obstacle.REFUSED: ("app.location.refusedTitle", "app.location.refused", WayOn.TRY_AGAIN),
    Obstacle.REFUSED_FOR_GOOD: ("app.location.refusedTitle", "app.location.refusedForGood", WayOn.OPEN_SETTINGS),
    Obstacle.SWITCHED_OFF: ("app.location.switchedOffTitle", "app.location.switchedOff", WayOn.OPEN_SETTINGS),
    Obstacle.INSECURE: ("location.insecureTitle", "location.insecureHelp", WayOn.TRY_AGAIN),
    Obstacle.NO_SIGNAL: ("location.unavailableTitle", "location.unavailableHelp", WayOn.TRY_AGAIN),
}


def of_error(error: Exception, form: Format) -> Advice:
    """What to say of an error; of one that nobody foresaw too."""
    say = form.words.say
    if isinstance(error, Rejected):
        if error.code is ErrorCode.TOO_MANY_REQUESTS:
            wait = form.duration(error.retry_after_s * 1000)
            return Advice(say("problem.tooManyTitle"), say("problem.tooMany", length=wait))
        if error.is_about("/name"):
            return Advice(say("problem.unknownTitle"), say("people.nameWrong"))
        if error.is_about("/extend_s"):
            return Advice(say("problem.unknownTitle"), say("menu.longest"))
        if error.code in _REFUSALS:
            title, text, way_on = _REFUSALS[error.code]
            return Advice(say(title), say(text), way_on)
    if isinstance(error, HostNotAway):
        return Advice(say("menu.tooEarly"), say("menu.takeOverHint"))
    if isinstance(error, StoreError):
        return Advice(say("app.problem.forgetfulTitle"), say("app.problem.forgetful"))
    if isinstance(error, Unreachable):
        return Advice(say("problem.offlineTitle"), say("problem.offline"), WayOn.TRY_AGAIN)
    if isinstance(error, ProtocolError):
        return Advice(say("app.problem.strangerTitle"), say("app.problem.stranger"), WayOn.CHANGE_SERVER)
    if isinstance(error, ValueError) and not isinstance(error, ClientError):
        return Advice(say("problem.unknownTitle"), say("app.problem.badLink"), WayOn.TRY_AGAIN)
    return Advice(say("problem.unknownTitle"), say("app.problem.unexpected"), WayOn.TRY_AGAIN)


def of_obstacle(obstacle: Obstacle, form: Format) -> Advice:
    """What to say where there are no positions."""
    title, text, way_on = _OBSTACLES[obstacle]
    return Advice(form.words.say(title), form.words.say(text), way_on)


def of_notification(form: Format) -> Advice:
    """Why Android will ask for the permission to show a notification."""
    say = form.words.say
    return Advice(say("app.notification.askTitle"), say("app.notification.ask"), WayOn.ALLOW)


def of_end(reason: str, form: Format) -> Advice:
    """What to say once a session is over for this participant; reasons are those of `client.Closed`."""
    key = {"session_not_found": "gone", "ended": "ended", "expired": "expired", "left": "left"}.get(reason)
    if key is not None:
        return Advice(form.words.say(f"ending.{key}Title"), form.words.say(f"ending.{key}"), WayOn.START_NEW)
    if reason == "replaced":
        return Advice(
            form.words.say("app.problem.replacedTitle"), form.words.say("app.problem.replaced"), WayOn.TRY_AGAIN
        )
    return Advice(form.words.say("ending.unauthorizedTitle"), form.words.say("ending.unauthorized"), WayOn.START_NEW)
