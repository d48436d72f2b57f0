"""What a participant can ask for, by a method for each operation."""

from abc import ABC, abstractmethod

from cavalcade.domain.feature import Command
from cavalcade.domain.features.alerts import AlertAnswer, AlertKind, AnswerAlert, RaiseAlert
from cavalcade.domain.features.chat import Addressee, RemoveMessage, SendMessage, Signal
from cavalcade.domain.features.ending import EndSession
from cavalcade.domain.features.hazards import DenyHazard
from cavalcade.domain.features.hosting import ClaimHost
from cavalcade.domain.features.membership import Leave
from cavalcade.domain.features.more_time import AskTime
from cavalcade.domain.features.places import AddPlace, PlaceKind, RemovePlace, SetPlace, TickPlace
from cavalcade.domain.features.posts import Post, SetPost
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.features.regroup import CallRegroup, EndRegroup, PlaceRegroup
from cavalcade.domain.features.settings import SetSession
from cavalcade.domain.features.sharing import SetSharing
from cavalcade.domain.features.sos import AnswerSos, ClearSos, RaiseSos, SosAnswer, SosKind, SosReason
from cavalcade.domain.features.statuses import SetStatus, Status


class SessionOperations(ABC):
    """The operations of a session.

    Each returns the offset of its change once the server has stored it, and raises `Rejected` where the server refuses
    it, and `SessionOver` where the session object ended before the answer came.
    """

    @abstractmethod
    async def ask(self, command: Command) -> int:
        """Asks for any operation, and returns the offset of its change."""

    @abstractmethod
    def now(self) -> int:
        """The server's time, ms since the epoch, as far as is known."""

    async def set_profile(self, *, name: str | None = None, color: str | None = None) -> int:
        """Changes how one appears; None leaves a field as it is, an empty name takes the default again."""
        return await self.ask(SetProfile(name, color))

    async def set_sharing(self, *, on: bool) -> int:
        """Pauses or resumes sharing one's position; a pause withdraws it everywhere."""
        return await self.ask(SetSharing(on))

    async def leave(self) -> int:
        """Goes for good; the session object ends."""
        return await self.ask(Leave())

    async def end(self) -> int:
        """Ends the session for everybody, as its host."""
        return await self.ask(EndSession())

    async def extend(self, seconds: int) -> int:
        """Puts the session's end off, as its host."""
        return await self.ask(SetSession(extend_s=seconds))

    async def ask_time(self) -> int:
        """Asks the host for more time; while somebody's question stands, this changes nothing."""
        return await self.ask(AskTime())

    async def rename(self, name: str) -> int:
        """Renames the session, as its host; an empty name takes the default again."""
        return await self.ask(SetSession(name))

    async def set_status(self, status: Status | None, *, participant: int | None = None) -> int:
        """Says what is up with oneself; None takes it back.

        Args:
            status: Which.
            participant: Somebody else, of whom a host says that they are going home, or takes that back.

        Raises:
            Withdrawn: A newer status was asked for while this one waited to be sent: only the newest goes.
        """
        return await self.ask(SetStatus(status, participant))

    async def set_post(self, post: Post, participant: int | None, *, instead_of: int | None = None) -> int:
        """Takes a post, gives it to somebody, hands it on, or gives it up.

        Args:
            post: Which.
            participant: Who is to hold it; None frees it.
            instead_of: Who holds it no more, where that is neither oneself nor the only one who can hold it.
        """
        return await self.ask(SetPost(post, participant, instead_of))

    async def raise_sos(
        self, kind: SosKind, *, place: tuple[float, float] | None = None, participant: int | None = None
    ) -> int:
        """Raises an SOS, for oneself or for somebody else.

        It waits behind no other operation. When this returns, the server has it and alarms the group; before that,
        nothing has left for certain. One's own starts sharing where it was paused.

        Args:
            kind: What is wrong.
            place: Latitude and longitude where they are, degrees; None where it is not known.
            participant: For whom; None for oneself.

        Returns:
            The offset by which the SOS is named: another one's, where somebody raised it for the same person already.
        """
        lat, lon = place or (None, None)
        return await self.ask(RaiseSos(kind, lat, lon, participant))

    async def answer_sos(self, sos: int, answer: SosAnswer) -> int:
        """Says what one does about an open SOS of somebody else; the newest answer counts."""
        return await self.ask(AnswerSos(sos, answer))

    async def clear_sos(self, sos: int, reason: SosReason) -> int:
        """Ends an SOS: one's own, one that one raised, or as the host any; nothing changes where it is over."""
        return await self.ask(ClearSos(sos, reason))

    async def raise_alert(self, kind: AlertKind, *, participant: int | None = None, place: int | None = None) -> int:
        """Tells the group what one judged, about oneself, about somebody who is silent, or about a place.

        Args:
            kind: What.
            participant: Somebody who has not been connected for a while; None for oneself, or a place alone.
            place: Where somebody arrived or left, where all are, or the hazard that all have passed.

        Returns:
            The offset of the alert: another one's, where somebody judged the same within five minutes.
        """
        return await self.ask(RaiseAlert(kind, participant, place=place))

    async def answer_alert(self, alert: int, answer: AlertAnswer | None = AlertAnswer.GOING) -> int:
        """Says what one does about an alert, so that others need not; None for nothing any more. Returns the offset."""
        return await self.ask(AnswerAlert(alert, answer))

    async def add_place(
        self,
        kind: PlaceKind,
        place: tuple[float, float],
        *,
        name: str | None = None,
        note: str | None = None,
        radius_m: int | None = None,
    ) -> int:
        """Adds a place.

        Args:
            kind: What it is for.
            place: Latitude and longitude, degrees.
            name: At most 40 characters.
            note: At most 140 characters in 5 lines.
            radius_m: Within how many metres somebody is there, 50 to 500; None for the usual 80.

        Returns:
            The offset by which the place is named.
        """
        return await self.ask(AddPlace(kind, *place, name, note, radius_m))

    async def set_place(
        self,
        place: int,
        *,
        kind: PlaceKind | None = None,
        moved_to: tuple[float, float] | None = None,
        name: str | None = None,
        note: str | None = None,
        radius_m: int | None = None,
    ) -> int:
        """Changes a place that one added, or as the host any.

        Args:
            place: Which.
            kind: What it is for; None leaves this and all below as they are.
            moved_to: Latitude and longitude, degrees.
            name: At most 40 characters; empty for none.
            note: At most 140 characters in 5 lines; empty for none.
            radius_m: Within how many metres somebody is there, 50 to 500.
        """
        lat, lon = moved_to or (None, None)
        return await self.ask(SetPlace(place, kind, lat, lon, name, note, radius_m))

    async def remove_place(self, place: int) -> int:
        """Removes a place that one added, or as the host any; nothing changes where it is gone."""
        return await self.ask(RemovePlace(place))

    async def tick_place(self, place: int, participant: int, *, here: bool) -> int:
        """Says, as the host, whether somebody is at a place whose phone does not say so."""
        return await self.ask(TickPlace(place, participant, here))

    async def deny_hazard(self, place: int) -> int:
        """Says that a hazard is not there; the second person who says so removes it."""
        return await self.ask(DenyHazard(place))

    async def call_regroup(self, place: int | None = None) -> int:
        """Calls the group together, as the host or the lead.

        Args:
            place: At which place; None for the next stop.
        """
        return await self.ask(CallRegroup(place))

    async def place_regroup(self, lat: float, lon: float) -> int:
        """Says, as the host or the lead, where the next stop is that the group was called to."""
        return await self.ask(PlaceRegroup(lat, lon))

    async def end_regroup(self) -> int:
        """Ends the call to regroup, as the host or the lead."""
        return await self.ask(EndRegroup())

    async def claim_host(self) -> int:
        """Takes over from a host who has been away for long enough."""
        return await self.ask(ClaimHost())

    async def send_message(
        self,
        text: str,
        *,
        signal: Signal | None = None,
        to: Addressee = Addressee.ALL,
        reply_to: int | None = None,
    ) -> int:
        """Writes to the others. What is written without a network goes out later, once and in order.

        Args:
            text: At most 500 characters in 5 lines.
            signal: A signal with it.
            to: Whom it concerns; all who read the chat can read it.
            reply_to: The message that it answers.

        Returns:
            The offset of its event, by which the message is named.
        """
        return await self.ask(SendMessage(text, signal, to, reply_to, written_at=self.now()))

    async def send_signal(self, signal: Signal, *, to: Addressee = Addressee.ALL, reply_to: int | None = None) -> int:
        """Gives a signal, alone; the same one goes out once in 20 seconds. As `send_message` in all else."""
        return await self.ask(SendMessage(None, signal, to, reply_to, written_at=self.now()))

    async def remove_message(self, message: int) -> int:
        """Takes back a message of one's own, or as host any: its content is gone for everybody."""
        return await self.ask(RemoveMessage(message))
