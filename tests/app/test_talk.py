"""Messages are read as the group has them, whichever way they came, and signals go out once, or are said not to."""

from dataclasses import replace
from pathlib import Path

import pytest

from cavalcade.app.device.store import DiskStore
from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.screens.live_session import SessionScreen
from cavalcade.app.screens.messages_sheet import messages_sheet
from cavalcade.app.screens.signals_sheet import signals_sheet
from cavalcade.app.session.chat import Chat, add_page, hear, unread
from cavalcade.app.session.digest import Digest, look_at, note_arrival
from cavalcade.app.session.kept import SESSION, KeptSession
from cavalcade.app.session.participation import Participation, Visibility
from cavalcade.app.session.talk import GIVEN, SIGNALS_LAST_MS
from cavalcade.app.ui.parts import RIDING
from cavalcade.client import Addressee, Signal, StateReplaced
from cavalcade.domain.events import ContentLeftOut, Event
from cavalcade.domain.features.chat import ChatChanged, MessageRemoved, MessageSent, Newcomers, Writers
from tests.app.drawn import Speaking, offline, part_of, parts_of, press, tap, taps, texts
from tests.app.test_people import NOW
from tests.app.test_sos import told

pytestmark = pytest.mark.usefixtures("closed_afterwards")


def wrote(text: str, by: int = 1, reply_to: int | None = None) -> MessageSent:
    return MessageSent(by, text, None, Addressee.ALL, reply_to)


def sent(offset: int, text: str, by: int = 1) -> Event:
    return Event(offset, NOW, by, None, wrote(text, by))


def left_out(offset: int, by: int = 1, at: int = NOW) -> Event:
    return Event(offset, at, by, None, ContentLeftOut("message_sent"))


def removed(offset: int, message: int) -> Event:
    return Event(offset, NOW, 1, None, MessageRemoved(message))


def said(chat: Chat) -> list[tuple[int, str | None]]:
    return [(one.id, None if one.said is None else one.said.text) for one in chat.messages]


def waiting(taking_part: Participation) -> list[object]:
    return [one.payload.get("signal") for one in taking_part.live.resumption().operations]


def test_what_was_removed_is_removed_whichever_way_it_came() -> None:
    chat = Chat(since=6)
    for event in (sent(6, "a"), sent(7, "b"), removed(8, 6), sent(7, "again"), removed(9, 3)):
        chat = hear(chat, event)
    assert said(chat) == [(6, None), (7, "b")]
    # A page that was asked for before the removal still has the text.
    page = [sent(4, "d"), sent(3, "c"), left_out(2)]
    assert said(add_page(chat, 6, 3, page)) == [(2, None), (3, None), (4, "d"), (6, None), (7, "b")]
    assert add_page(chat, 5, 3, page) is chat


def test_older_pages_are_asked_for_until_there_are_none() -> None:
    chat = hear(Chat(since=6), sent(6, "f"))
    more = add_page(chat, 6, 2, [sent(5, "e"), sent(3, "c")])
    assert (more.since, more.has_older) == (3, True)
    last = add_page(more, 3, 2, [sent(2, "b")])
    assert (last.since, last.has_older, [one for one, _ in said(last)]) == (1, False, [2, 3, 5, 6])
    # Who joined later is shown nothing of what is kept from newcomers.
    newcomer = add_page(chat, 6, 2, [left_out(5, at=NOW - 1), left_out(4, at=NOW - 1)], NOW)
    assert (newcomer.since, said(newcomer)) == (1, [(6, "f")])


def test_unread_is_what_others_wrote_since() -> None:
    chat = Chat(since=1)
    for event in (sent(1, "a"), sent(2, "b"), sent(3, "mine", by=2), left_out(4), sent(5, "c")):
        chat = hear(chat, event)
    assert [unread(chat, read, 2) for read in (0, 1, 2, 5)] == [3, 2, 1, 0]


def test_what_came_while_one_rode_is_told_once_at_the_stop() -> None:
    digest, due = look_at(Digest(), 0, is_riding=True)
    digest = note_arrival(note_arrival(digest, 7, is_riding=True), 9, is_riding=True)
    for now in (10_000, 14_999):
        digest, due = look_at(digest, now, is_riding=False)
        assert due == ()
    # Riding on before that, nothing is told yet.
    digest, due = look_at(look_at(digest, 15_000, is_riding=True)[0], 20_000, is_riding=False)
    assert due == ()
    digest, due = look_at(digest, 25_000, is_riding=False)
    assert due == (7, 9)
    assert look_at(note_arrival(digest, 11, is_riding=False), 40_000, is_riding=False)[1] == ()


async def test_messages_that_came_while_riding_are_counted_at_the_stop(around: ScreenContext) -> None:
    taking_part = part_of(around)
    talk = taking_part.talk
    rides = True
    talk._is_riding = lambda: rides
    talk.look()
    told(taking_part, wrote("Where?", by=2), by=2)
    mine = talk.chat.messages[-1].id
    for text, answered in (("Next right", mine), ("Coffee at four", None)):
        told(taking_part, wrote(text, reply_to=answered), by=1)
    rides = False
    talk.look()
    talk._digest = replace(talk._digest, ended_at=0)
    talk.look()
    assert talk.missed is not None
    assert (talk.missed.count, talk.missed.for_me) == (2, 1)
    screen = SessionScreen(around)
    screen.refresh()
    said = around.say("talk.digestForMe", counted=around.say("talk.digest", count=2), mine=1)
    assert said in texts(screen._notices.slot.control)
    talk.mark_read()
    screen.refresh()
    assert said not in texts(screen._notices.slot.control)


async def test_one_tap_answers_a_message(around: ScreenContext) -> None:
    taking_part = part_of(around)
    told(taking_part, wrote("Next right"), by=1)
    sheet = messages_sheet(around)
    assert sheet is not None
    message = taking_part.talk.chat.messages[-1].id
    [row] = [one for one in taps(sheet.content) if one.expanded is not None]
    await press(row)
    await tap(sheet.content, around.say("signal.thanks"))
    assert [(one.signal, one.reply_to) for one in taking_part.talk.unsent] == [(Signal.THANKS, message)]
    assert not [one for one in taps(sheet.content) if one.label == around.say("signal.thanks")]


async def test_the_sheet_shows_messages_and_they_are_read(around: ScreenContext, tmp_path: Path) -> None:
    taking_part = part_of(around)
    told(taking_part, wrote("Next right"), by=1)
    told(taking_part, MessageSent(3, None, Signal.FUEL, Addressee.SWEEP, 6), by=3)
    told(taking_part, wrote("Gone"), by=1)
    told(taking_part, MessageRemoved(8), by=1)
    screen = SessionScreen(around)
    unread_label = f"{around.say('talk.messages')}, {around.say('talk.unread', count=2)}"
    assert unread_label in [one.label for one in taps(screen.control)]
    sheet = messages_sheet(around)
    assert sheet is not None
    shown = texts(sheet.content)
    order = [shown.index(one) for one in (around.say("talk.removed"), around.say("signal.fuel"), "Next right")]
    assert order == sorted(order)
    assert around.say("talk.to.sweep") in shown
    assert "↳ Rider 1: Next right" in shown
    assert taking_part.talk.unread == 0
    screen.refresh()
    assert around.say("talk.messages") in [one.label for one in taps(screen.control)]
    await taking_part.keep()
    kept = KeptSession.from_text(await DiskStore(tmp_path).read(SESSION) or "")
    assert (kept.read_up_to, part_of(offline(tmp_path, kept)).talk.unread) == (9, 0)


async def test_what_arrives_meanwhile_moves_nothing_until_it_is_wanted(around: ScreenContext) -> None:
    taking_part = part_of(around)
    told(taking_part, wrote("One"), by=1)
    sheet = messages_sheet(around)
    assert sheet is not None
    told(taking_part, wrote("Two"), by=1)
    told(taking_part, MessageRemoved(6), by=1)
    sheet.refresh()
    assert "Two" not in texts(sheet.content)
    assert "One" not in texts(sheet.content)
    assert taking_part.talk.unread == 1
    await tap(sheet.content, around.say("talk.new", count=1))
    assert "Two" in texts(sheet.content)
    assert taking_part.talk.unread == 0


async def test_a_viewer_reads_nothing_unless_the_host_allows_it(tmp_path: Path) -> None:
    around = offline(tmp_path)
    taking_part = part_of(around)
    membership = replace(taking_part.live.membership, participant=4)
    viewer = offline(tmp_path, replace(taking_part.kept(), membership=membership, read_up_to=50))
    told(part_of(viewer), ContentLeftOut("message_sent"), by=1)
    sheet = messages_sheet(viewer)
    assert sheet is not None
    assert around.say("talk.viewer") in texts(sheet.content)
    told(part_of(viewer), ChatChanged(viewers_read=True, newcomers_see=Newcomers.RECENT, writers=Writers.ALL), by=1)
    told(part_of(viewer), wrote("Hello"), by=1)
    sheet.refresh()
    assert "Hello" in texts(sheet.content)


async def test_six_signals_one_tap_and_each_goes_once(around: ScreenContext, device: Speaking) -> None:
    taking_part, sheet = part_of(around), signals_sheet(around)
    assert sheet is not None
    buttons = taps(sheet.content)
    assert [one.label for one in buttons] == [around.say(f"signal.{signal}") for signal in GIVEN]
    assert len([one for one in parts_of(sheet.content) if (getattr(one, "height", None) or 0) >= RIDING]) == 6
    for _ in range(2):
        await tap(sheet.content, around.say("signal.fuel"))
    assert waiting(taking_part) == ["fuel"]
    # It was not sent, and nothing else is said.
    assert len(device.said) == 2
    assert all(around.say("talk.waiting", time="")[:20] in one for one in device.said)
    told(taking_part, wrote("Coming"), by=1)
    messages = messages_sheet(around)
    assert messages is not None
    assert any(one.startswith(f"{around.say('signal.fuel')}. ") for one in texts(messages.content))


async def test_an_old_signal_is_dropped_and_that_is_said(around: ScreenContext, tmp_path: Path) -> None:
    taking_part = part_of(around)
    await taking_part.give_signal(Signal.FUEL)
    await taking_part.give_signal(Signal.BREAK)
    fuel, other = taking_part.talk.unsent
    kept = KeptSession.from_text(await DiskStore(tmp_path).read(SESSION) or "")
    assert kept.written == {fuel.op_id: fuel.written_at, other.op_id: other.written_at}
    # The app was away for so long, and starts again.
    written = {fuel.op_id: fuel.written_at - SIGNALS_LAST_MS - 1, other.op_id: other.written_at}
    around = offline(tmp_path, replace(kept, written=written))
    taking_part = part_of(around)
    taking_part.talk.look()
    assert waiting(taking_part) == ["break"]
    screen = SessionScreen(around)
    assert around.say("talk.notSent", why=around.say("talk.tooOld")) in texts(screen.control)
    await tap(screen.control, around.say("session.close"))
    screen.refresh()
    assert around.say("signal.fuel") not in texts(screen.control)


async def test_a_signal_is_read_in_the_readers_language(tmp_path: Path) -> None:
    german = offline(tmp_path, languages=["de-DE"])
    told(part_of(german), MessageSent(1, None, Signal.WAIT_FOR_ME, Addressee.ALL, None), by=1)
    sheet = messages_sheet(german)
    assert sheet is not None
    assert german.words.language == "de"
    assert german.say("signal.wait_for_me") in texts(sheet.content)


async def test_what_arrived_is_reported_while_somebody_can_look(around: ScreenContext) -> None:
    taking_part = part_of(around)
    channel = taking_part.live._channel
    await taking_part.become(Visibility.HIDDEN)
    told(taking_part, wrote("One"), by=1)
    assert channel._reached == 0
    await taking_part.become(Visibility.SHOWN)
    assert channel._reached == 6
    told(taking_part, MessageRemoved(6), by=1)
    assert channel._reached == 6
    state = replace(taking_part.live.state, offset=20)
    channel.replica.replace_state(state)
    taking_part._take_in(StateReplaced(state))
    assert channel._reached == 20
