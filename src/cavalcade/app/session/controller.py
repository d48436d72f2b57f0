"""What the app does, without drawing anything: where one is, what was asked for, and what came of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cavalcade.app.device.location import LocationSource
from cavalcade.app.device.store import Store, StoreError
from cavalcade.app.session import advice
from cavalcade.app.session.advice import Advice
from cavalcade.app.session.emergency import number_for
from cavalcade.app.session.formatting import Format, units_of
from cavalcade.app.session.kept import LEAVING, PREFERENCES, SESSION, KeptSession, Preferences
from cavalcade.app.session.participation import Happening, Participation, Visibility
from cavalcade.app.session.people import Person, people
from cavalcade.client import (
    ClientError,
    ErrorCode,
    Preview,
    Rejected,
    ServerIdentity,
    create_session,
    identify_server,
    join_session,
    preview_session,
)
from cavalcade.domain.errors import FieldError
from cavalcade.domain.names import clean_name
from cavalcade.strings import choose, words
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.links import Invitation, read_invitation, server_address


class ScreenName(StrEnum):
    """What is to be seen."""

    OPENING = "opening"
    START = "start"
    JOIN = "join"
    SESSION = "session"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class AppDefaults:
    """What the app came with.

    Attributes:
        server: The base address of its server.
        languages: The device's, the dearest first.
        has_local_clock: Whether this program runs where the reader is.
    """

    server: str
    languages: Sequence[str] = ()
    has_local_clock: bool = True


class Controller:
    """One running app. Its methods may fail in any way; the screens call them through `guard.Guard`.

    Attributes:
        screen: What is to be seen.
        is_busy: Something that was asked for is under way.
        problem: What is the matter, until it is dismissed.
        invitation: The link that was opened.
        preview: What it leads to, once the server has said so.
        ending: Why the last session is over.
        identity: What the server says that it is; None until it has.
        preferences: What belongs to the person.
        form: How they are told numbers, in their language.
        participation: The session; None outside one.
    """

    def __init__(
        self,
        store: Store,
        make_source: Callable[[Preferences], LocationSource],
        origin: AppDefaults,
        on_happening: Callable[[Happening], None],
    ) -> None:
        """Prepares what `open` begins.

        Args:
            store: Where to keep things.
            make_source: Where positions come from, as preferred.
            origin: What the app came with.
            on_happening: Called when something to be drawn has changed.
        """
        self.screen = ScreenName.OPENING
        self.is_busy = False
        self.problem: Advice | None = None
        self.invitation: Invitation | None = None
        self.preview: Preview | None = None
        self.ending: Advice | None = None
        self.identity: ServerIdentity | None = None
        self.preferences = Preferences()
        self.participation: Participation | None = None
        self.origin = origin
        self._store = store
        self._make_source = make_source
        self._on_happening = on_happening
        self._leaving: list[Participation] = []
        self._visibility = Visibility.SHOWN
        self.form = self._make_form()

    @property
    def server(self) -> str:
        """The base address that new sessions are made at, and codes without an address belong to."""
        return self.preferences.server or self.origin.server

    @property
    def people(self) -> Sequence[Person]:
        """Everybody in the session, as they are to be drawn."""
        known = None if self.participation is None else self.participation.known
        return () if known is None else people(known, self.form)

    @property
    def emergency_number(self) -> str:
        """The number to call for help."""
        return number_for(self.preferences.emergency_number, self._tags())

    async def open(self, route: str) -> None:
        """Begins where the last run left off, or with the link that the app was opened by."""
        forgetful: StoreError | None = None
        try:
            self.preferences = Preferences.from_text(await self._store.read(PREFERENCES) or "")
            self.form = self._make_form()
            kept, left = await self._kept(SESSION), await self._kept(LEAVING)
        except StoreError as error:
            kept = left = None
            forgetful = error
        invitation = read_invitation(route)
        if left is not None:
            await self._leave_in_the_background(left)
        if invitation is not None and (kept is None or not invitation.code.startswith(kept.membership.session_id)):
            await self.show_invitation(invitation)
        elif kept is not None:
            await self._take_part(kept)
        else:
            self._show(ScreenName.START)
            if forgetful is not None:
                self.fail(forgetful)
            await self.identify()

    async def identify(self) -> None:
        """Asks the server which backend it runs; says nothing where it does not answer."""
        server = self.server
        self.identity = None
        try:
            identity = await identify_server(server)
        except (ClientError, Rejected):
            return
        if server == self.server:
            self.identity = identity
            self._on_happening(Happening.SESSION)

    async def start_session(self, *, share: bool = True) -> None:
        """Makes a session and takes part in it."""
        async with self._busy():
            name = self.preferences.name
            try:
                membership = await create_session(self.server, host_name=name or None)
            except Rejected as refusal:
                if not name or not refusal.is_about("/host/name"):
                    raise
                # A server with another rule: there is no field here to change the name, and it must lock nobody out.
                await self._remember(replace(self.preferences, name=""))
                membership = await create_session(self.server)
            await self._take_part(KeptSession(membership), share=share)

    async def open_invitation(self, text: str) -> None:
        """Opens a link that was pasted or handed over."""
        invitation = read_invitation(text)
        if invitation is None:
            raise ValueError("this is not a Cavalcade link")
        await self.show_invitation(invitation)

    async def show_invitation(self, invitation: Invitation) -> None:
        """Shows what an invitation leads to."""
        self.invitation, self.preview = invitation, None
        self._show(ScreenName.JOIN)
        async with self._busy():
            self.preview = await preview_session(self._place(invitation))

    async def join(self, name: str, *, share: bool = True) -> None:
        """Joins the session that was looked at.

        Args:
            name: One's name; empty for a friendly default.
            share: Whether one's position is shared from the beginning.
        """
        if self.invitation is None:
            return
        async with self._busy():
            name = _checked(name)
            membership = await join_session(self._place(self.invitation), name=name or None)
            await self._remember(replace(self.preferences, name=name))
            watches = self.invitation.is_for_watching
            await self._end_participation()
            await self._take_part(KeptSession(membership), share=share or watches)

    async def leave(self) -> None:
        """Leaves the session; where the server cannot be told now, it is told later."""
        taking_part, self.participation = self.participation, None
        if taking_part is None:
            return
        self._leaving.append(taking_part)
        self.ending = advice.of_end("left", self.form)
        self._show(ScreenName.ENDING)
        await taking_part.leave()

    async def rename(self, name: str) -> None:
        """Changes one's name, here and for next time."""
        name = _checked(name)
        await self._remember(replace(self.preferences, name=name))
        if self.participation is not None:
            await self.participation.operate(self.participation.live.set_profile(name=name))
        self._on_happening(Happening.SESSION)

    async def change_server(self, typed: str) -> None:
        """Points the app at another server, once that is seen to be Cavalcade.

        Raises:
            ValueError: It is no address.
            ClientError: It does not answer as Cavalcade does.
        """
        server = server_address(typed) if typed.strip() else self.origin.server
        if server is None:
            raise ValueError("this is not the address of a server")
        async with self._busy():
            identity = await identify_server(server)
            await self._remember(replace(self.preferences, server=None if server == self.origin.server else server))
            self.identity = identity

    async def change_preferences(self, preferences: Preferences) -> None:
        """Remembers other preferences, and follows them at once."""
        rides = preferences.rides is not self.preferences.rides
        await self._remember(preferences)
        self.form = self._make_form()
        if rides and self.participation is not None:
            await self._change_source()
        self._on_happening(Happening.SESSION)

    async def become(self, visibility: Visibility) -> None:
        """More or less of the app can be seen now."""
        self._visibility = visibility
        if self.participation is not None:
            await self.participation.become(visibility)

    def speak(self, languages: Sequence[str]) -> None:
        """The device's languages are known now, or have changed."""
        self.origin = replace(self.origin, languages=languages)
        self.form = self._make_form()
        self._on_happening(Happening.SESSION)

    async def go_home(self) -> None:
        """Back to the session that goes on, or else to the beginning."""
        self.invitation = self.preview = self.ending = self.problem = None
        if self.participation is not None:
            self._show(ScreenName.SESSION)
            return
        try:
            kept = await self._kept(SESSION)
        except StoreError:
            kept = None
        if kept is not None:
            await self._take_part(kept)
            return
        self._show(ScreenName.START)
        await self.identify()

    def dismiss(self) -> None:
        """The problem was read."""
        self.problem = None
        self._on_happening(Happening.SESSION)

    def fail(self, error: Exception) -> None:
        """Shows what went wrong."""
        self.problem = advice.of_error(error, self.form)
        self._on_happening(Happening.SESSION)

    async def close(self) -> None:
        """Ends this run; the session stays."""
        await self._end_participation()
        for left in self._leaving:
            await left.close()

    async def _take_part(self, kept: KeptSession, *, share: bool = True) -> None:
        self.invitation = self.preview = self.ending = self.problem = None
        self.participation = Participation(
            kept, self._store, self._make_source(self.preferences), self._happened, self.fail
        )
        await self.participation.become(self._visibility)
        self._show(ScreenName.SESSION)
        await self.participation.start(share=share)
        if self.identity is None:
            await self.identify()

    async def _leave_in_the_background(self, kept: KeptSession) -> None:
        left = Participation(kept, self._store, self._make_source(self.preferences), lambda _: None, lambda _: None)
        self._leaving.append(left)
        await left.start()

    async def _end_participation(self) -> None:
        taking_part, self.participation = self.participation, None
        if taking_part is not None:
            await taking_part.close()

    async def _change_source(self) -> None:
        """The session goes on with the other source, as after a restart."""
        taking_part = self.participation
        await self._end_participation()
        if taking_part is not None:
            await self._take_part(taking_part.kept())

    def _happened(self, happening: Happening) -> None:
        if happening is Happening.OVER and self.participation is not None:
            closed = self.participation.live.closed
            self.ending = advice.of_end(closed.reason if closed else "", self.form)
            self.participation = None
            self._show(ScreenName.ENDING)
        else:
            self._on_happening(happening)

    async def _kept(self, document: str) -> KeptSession | None:
        text = await self._store.read(document)
        if text is None:
            return None
        try:
            return KeptSession.from_text(text)
        except DecodeError:
            await self._store.remove(document)
            return None

    async def _remember(self, preferences: Preferences) -> None:
        self.preferences = preferences
        try:
            await self._store.write(PREFERENCES, preferences.to_text())
        except StoreError as error:
            self.fail(error)

    def _place(self, invitation: Invitation) -> tuple[str, str]:
        return invitation.server or self.server, invitation.code

    def _make_form(self) -> Format:
        tags = self._tags()
        return Format(words(choose(tags)), units_of(tags), has_local_clock=self.origin.has_local_clock)

    def _tags(self) -> Sequence[str]:
        return [*([self.preferences.language] if self.preferences.language else []), *self.origin.languages]

    def _show(self, screen: ScreenName) -> None:
        self.screen = screen
        self._on_happening(Happening.SESSION)

    def _busy(self) -> "_Busy":
        return _Busy(self)

    def set_busy(self, *, is_busy: bool) -> None:
        """Says whether something that was asked for is under way."""
        self.is_busy = is_busy
        if is_busy:
            self.problem = None
        self._on_happening(Happening.SESSION)


class _Busy:
    """Shows that something is under way, and that it is not any more however it ends."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    async def __aenter__(self) -> None:
        self._controller.set_busy(is_busy=True)

    async def __aexit__(self, *_: object) -> None:
        self._controller.set_busy(is_busy=False)


def _checked(name: str) -> str:
    """A name as the server will take it, so that no other is kept.

    Raises:
        Rejected: No server takes it.
    """
    try:
        return clean_name(name)
    except ValueError as error:
        wrong = FieldError("/name", str(error))
        raise Rejected(ErrorCode.INVALID_REQUEST, "The name is wrong.", errors=(wrong,)) from error
