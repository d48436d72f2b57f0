/** Shows a dialog over everything as soon as it is drawn, and gives the focus back when it goes. */
import { noChange } from "lit-html";
import { AsyncDirective, directive } from "lit-html/async-directive.js";
import { type ElementPart, type PartInfo, PartType } from "lit-html/directive.js";

class Modal extends AsyncDirective {
  private before: Element | null = null;
  private isShown = false;

  constructor(info: PartInfo) {
    super(info);
    if (info.type !== PartType.ELEMENT) throw new Error("modal belongs to a dialog");
  }

  render(): typeof noChange {
    return noChange;
  }

  override update({ element }: ElementPart): typeof noChange {
    if (this.isShown) return noChange;
    this.isShown = true;
    this.before = document.activeElement;
    queueMicrotask(() => {
      const dialog = element as HTMLDialogElement;
      if (dialog.isConnected && !dialog.open) dialog.showModal();
    });
    return noChange;
  }

  override disconnected(): void {
    const { before } = this;
    queueMicrotask(() => before instanceof HTMLElement && before.isConnected && before.focus({ preventScroll: true }));
  }
}

export const modal = directive(Modal);
