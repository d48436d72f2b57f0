/** Operations of one lane that were asked for and not acknowledged yet, in order; pure. The same as the Python client's `pending_operations.py`. */

/** More than this and new ones are refused: who is offline for long must not fill the memory. */
export const MOST_OPERATIONS = 256;

const STATUS = "status:set";
const URGENT: readonly string[] = ["sos:raise", "sos:answer", "sos:clear"];

/** Whether an operation means nothing any more once a newer one is asked for: of statuses only the newest counts. */
export function isReplacedBy(newer: Operation, older: Operation): boolean {
  const isStatus = newer.event === STATUS && older.event === STATUS;
  return isStatus && newer.payload.participant === older.payload.participant;
}

/** Whether an operation waits behind no others: an SOS has a lane of its own. */
export function isUrgent({ event }: { readonly event: string }): boolean {
  return URGENT.includes(event);
}

/** An operation on its way. */
export interface Operation {
  /** Such as `profile:set`. */
  readonly event: string;
  /** What it says; `op_id` is the same at every attempt, so that the server carries it out once, and `on` is what sharing is to be. */
  readonly payload: { readonly op_id: string; readonly on?: unknown; readonly participant?: unknown };
  /** When the person asked for it, in milliseconds on the server's clock. */
  readonly askedAt?: number;
  /** From when on it means nothing any more, and is not sent. */
  readonly until?: number;
}

/** Keeps operations until they are acknowledged and gives them out one at a time. */
export class PendingOperations {
  private readonly operations: Operation[];
  private onTheWay: { readonly ref: string; readonly operation: Operation } | null = null;

  /** Begins with what an earlier page could not send. */
  constructor(operations: readonly Operation[]) {
    this.operations = [...operations];
  }

  /** All that have no final answer yet, in order. */
  get waiting(): readonly Operation[] {
    return this.operations;
  }

  get isFull(): boolean {
    return this.operations.length >= MOST_OPERATIONS;
  }

  add(operation: Operation): void {
    this.operations.push(operation);
  }

  /** The first operation that may go, unless one is on its way. */
  toSend(mayGo: (operation: Operation) => boolean): Operation | null {
    return this.onTheWay === null ? (this.operations.find(mayGo) ?? null) : null;
  }

  /** Notes under which ref an operation was sent. */
  sent(operation: Operation, ref: string): void {
    this.onTheWay = { ref, operation };
  }

  /** Which operation a reply belongs to; it stays until `settle`. Null for a reply that nobody waits for. */
  answered(ref: string): Operation | null {
    if (this.onTheWay?.ref !== ref) return null;
    const { operation } = this.onTheWay;
    this.onTheWay = null;
    return operation;
  }

  /** Removes one: its answer is final. */
  settle(operation: Operation): void {
    this.operations.splice(this.operations.indexOf(operation), 1);
  }

  /** The answer will not come: what is on its way is sent again under the same id. */
  interrupted(): void {
    this.onTheWay = null;
  }

  /** Removes those that are meant and not on their way, and returns them. */
  withdraw(isMeant: (operation: Operation) => boolean): Operation[] {
    const sent = this.onTheWay?.operation;
    const gone = this.operations.filter((operation) => operation !== sent && isMeant(operation));
    for (const operation of gone) this.settle(operation);
    return gone;
  }

  /** Removes one that is not on its way; null where there is none. */
  take(opId: string): Operation | null {
    return this.withdraw(({ payload }) => payload.op_id === opId)[0] ?? null;
  }

  /** Removes all, because there will be no answers any more; returns them. */
  drain(): Operation[] {
    this.onTheWay = null;
    return this.operations.splice(0);
  }

  /** What the newest waiting operation says about sharing; null where none does. */
  sharing(): boolean | null {
    const newest = this.operations.findLast(({ event }) => event === "sharing:set");
    return newest ? newest.payload.on === true : null;
  }
}
