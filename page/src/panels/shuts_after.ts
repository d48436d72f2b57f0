/** Has something shut by itself, so long after it was drawn: a rider has no hand for it. */
import { noChange } from "lit-html";
import { AsyncDirective, directive } from "lit-html/async-directive.js";
import type { Part } from "lit-html/directive.js";

export class ShutsAfter extends AsyncDirective {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private shut = () => {};

  render(_milliseconds: number, _shut: () => void): typeof noChange {
    return noChange;
  }

  override update(_: Part, [milliseconds, shut]: Parameters<ShutsAfter["render"]>): typeof noChange {
    this.shut = shut;
    this.timer ??= setTimeout(() => this.shut(), milliseconds);
    return noChange;
  }

  override disconnected(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }
}

export const shutsAfter = directive(ShutsAfter);
