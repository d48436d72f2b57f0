/** What the session's page has to tell: its one notice, what the reader put away, and what can still be taken back. */
import type { Happened, Notice } from "../panels/notice_slot";
import { NoticeSlot } from "../panels/notice_slot";
import { noteShut, type SlotView, standingNotices } from "../panels/notices";
import type { SessionView } from "../panels/ui";
import { say } from "../words/strings";

const FAILURE_SHOWN_MS = 4_000;
const UNDO_MS = 5_000;
const UNDO = "undo";

export class NoticeBoard {
  private readonly slot = new NoticeSlot();
  /** The notice that shows all its words. */
  private opened: string | null = null;
  private readonly putAway = new Set<string>();
  private waiting: { readonly act: () => void; readonly timer: ReturnType<typeof setTimeout> } | null = null;

  /** @param refocus - Called when what had the focus is gone. */
  constructor(
    private readonly view: SessionView,
    private readonly refocus: () => void,
  ) {}

  tell(notice: Happened): void {
    this.slot.tell(notice, performance.now());
  }

  untell(name: string): void {
    this.slot.untell(name);
  }

  fail(title: string): void {
    this.tell({ name: "failure", level: "answer", title, shutLabel: null, lastsMs: FAILURE_SHOWN_MS });
  }

  isShut(name: string): boolean {
    return this.putAway.has(name);
  }

  shut(name: string): void {
    this.putAway.add(name);
  }

  /** Shows a notice again that was put away, with all its words. */
  openAgain(name: string): void {
    this.putAway.delete(name);
    this.opened = name;
  }

  undoable(title: string, undo: () => void): void {
    const press = () => {
      this.untell(UNDO);
      undo();
      this.refocus();
    };
    const action = { label: say("notice.undo"), press };
    this.tell({ name: UNDO, level: "answer", title, icon: "check", action, shutLabel: null, lastsMs: UNDO_MS });
  }

  /** Acts when the time to take it back is over, at the latest when the page goes. */
  soon(title: string, act: () => void): void {
    this.actNow();
    this.waiting = { act, timer: setTimeout(() => this.actNow(), UNDO_MS) };
    this.undoable(title, () => {
      if (this.waiting) clearTimeout(this.waiting.timer);
      this.waiting = null;
    });
  }

  actNow(): void {
    const { waiting } = this;
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.waiting = null;
    this.untell(UNDO);
    waiting.act();
  }

  look(): SlotView {
    const { shown, more } = this.slot.look(standingNotices(this.view), performance.now());
    return {
      shown,
      more,
      isOpen: shown !== null && shown.name === this.opened,
      open: (isOpen) => {
        this.opened = isOpen ? (shown?.name ?? null) : null;
        this.view.redraw();
      },
      next: () => {
        this.slot.turn(standingNotices(this.view), performance.now());
        this.view.redraw();
        this.refocus();
      },
      shut: (notice) => this.shutByHand(notice),
    };
  }

  private shutByHand({ name }: Notice): void {
    noteShut(name);
    this.untell(name);
    this.shut(name);
    this.view.redraw();
    this.refocus();
  }
}
