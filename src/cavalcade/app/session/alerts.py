"""What clients judged of somebody, in the reader's words; pure."""

from cavalcade.app.session.formatting import Format
from cavalcade.app.session.people import Known
from cavalcade.domain.features.alerts import Alert, AlertKind
from cavalcade.domain.geo import distance_m


def words_of(alert: Alert, known: Known, form: Format, *, is_hole: bool) -> tuple[str, str] | None:
    """What an alert says, and more of it.

    Args:
        alert: Which.
        known: What is known of everybody.
        form: How the reader is told.
        is_hole: Others fell silent at the same place.

    Returns:
        A title, and a second line that may be empty; None for what needs a route or is about a place.
    """
    if alert.participant is None:
        return None
    say, person = form.words.say, known.state.participants.get(alert.participant)
    name = say("session.someone") if person is None else person.name
    mine, theirs = known.positions.get(known.me), known.positions.get(alert.participant)
    match alert.kind:
        case AlertKind.STOPPED:
            return _who_goes(alert, name, known, form) or (say("alert.stopped", name=name), say("alert.stoppedHelp"))
        case AlertKind.STRAGGLER:
            if mine is None or theirs is None:
                return say("alert.straggler", name=name), ""
            here, there = mine.to_fix(), theirs.to_fix()
            metres = distance_m(here.lat, here.lon, there.lat, there.lon)
            return say("alert.straggler", name=name), say("alert.stragglerBy", distance=form.distance(metres))
        case AlertKind.NO_NEWS:
            # As long as when it was told: words that change under a finger cannot be tapped.
            length = form.duration(0 if theirs is None else max(0, alert.at - theirs.fix_time))
            return say("alert.noNews", name=name, length=length), say("alert.noCoverage") if is_hole else ""
        case _:
            return None


def _who_goes(alert: Alert, whom: str, known: Known, form: Format) -> tuple[str, str] | None:
    """Who goes to the person of an alert, where somebody does."""
    say, people = form.words.say, known.state.participants
    others = [people[who].name for who in alert.going if who != known.me and who in people]
    if alert.participant == known.me:
        said = [say("alert.comes", name=name) for name in others]
    else:
        said = [say("alert.goesTo", name=name, whom=whom) for name in others]
        if known.me in alert.going:
            said = [say("alert.youGo", name=whom), *said]
    return (said[0], " · ".join(said[1:])) if said else None
