/**
 * The two lanes of operations: an SOS waits behind nothing else; pure. The same rules as in the Python client's `lanes.py`;
 * `tests/vectors/channel.json` holds both to them.
 */
import { askedMs, Backoff, type Refusal } from "../net/waits";
import { isReplacedBy, isUrgent, type Operation, PendingOperations } from "./pending_operations";

const RAISE = "sos:raise";
const SHARING = "sharing:set";

/** What waits after a refusal, and until when. */
interface Pause {
  readonly until: number;
  readonly refused: Operation;
  /** The fields in which an operation of the same name is like it, and waits too; without it all wait. */
  readonly same: readonly string[] | undefined;
}

function holds({ refused, same }: Pause, operation: Operation): boolean {
  const isAlike = (name: string) => Reflect.get(operation.payload, name) === Reflect.get(refused.payload, name);
  return same === undefined || (operation.event === refused.event && same.every(isAlike));
}

/** Operations that wait for each other, and for no others. */
export class Lane {
  readonly pending: PendingOperations;
  private readonly retries: Backoff;
  private pauses: readonly Pause[] = [];
  private answerBy: number | null = null;

  constructor(waiting: readonly Operation[], random: () => number) {
    this.pending = new PendingOperations(waiting);
    this.retries = new Backoff(random);
  }

  /** When `tick` is due; infinity where nothing is timed. */
  get deadline(): number {
    return Math.min(this.answerBy ?? Number.POSITIVE_INFINITY, ...this.pauses.map(({ until }) => until));
  }

  /** Ends the pauses that are over, and gives up on an answer that does not come. */
  tick(now: number): void {
    this.pauses = this.pauses.filter(({ until }) => until > now);
    if (this.answerBy !== null && this.answerBy <= now) this.interrupted();
  }

  /** The next operation that need not wait, unless one is on its way. */
  toSend(): Operation | null {
    return this.pending.toSend((one) => !this.pauses.some((pause) => holds(pause, one)));
  }

  sent(operation: Operation, ref: string, answerBy: number): void {
    this.pending.sent(operation, ref);
    this.answerBy = answerBy;
  }

  /** Which operation a reply belongs to; it stays until `settle`. Null for a reply that nobody waits for. */
  answered(ref: string): Operation | null {
    const operation = this.pending.answered(ref);
    if (operation) this.answerBy = null;
    return operation;
  }

  /** It is to be sent again later: until then it waits, and with it what is bound alike. */
  refusedForAWhile(refused: Operation, refusal: Refusal, now: number): void {
    const until = now + askedMs(refusal) + this.retries.next();
    const same = Array.isArray(refusal.same) ? refusal.same : undefined;
    this.pauses = [...this.pauses, { until, refused, same }];
  }

  /** Its answer is final. */
  settle(operation: Operation): void {
    this.retries.reset();
    this.pending.settle(operation);
  }

  /** The answer to what is on its way will not come. */
  interrupted(): void {
    this.pending.interrupted();
    this.answerBy = null;
  }

  drain(): Operation[] {
    this.pauses = [];
    this.answerBy = null;
    return this.pending.drain();
  }
}

/** Both, and what operations that wait mean for each other. */
export class Lanes {
  /** The urgent one first. */
  readonly both: readonly [urgent: Lane, ordinary: Lane];

  /** Begins with what an earlier page could not send. */
  constructor(waiting: readonly Operation[], random: () => number) {
    const ordinary = waiting.filter((one) => !isUrgent(one));
    this.both = [new Lane(waiting.filter(isUrgent), random), new Lane(ordinary, random)];
  }

  /** The operations without a final answer, in the order of each lane, an SOS first. */
  get waiting(): readonly Operation[] {
    return this.both.flatMap(({ pending }) => pending.waiting);
  }

  /** What the newest operation that waits says about sharing; null where none does. */
  get sharing(): boolean | null {
    return this.ordinary.pending.sharing();
  }

  /** When `tick` is due; infinity where nothing is timed. */
  get deadline(): number {
    return Math.min(...this.both.map(({ deadline }) => deadline));
  }

  /** Ends what is over; what is due now can be sent afterwards. Returns the kept fixes that are not to go out. */
  tick(now: number): Operation[] {
    for (const lane of this.both) lane.tick(now);
    return this.withoutFixes();
  }

  /** Whether there is no room for one more. */
  isFullFor(operation: Operation): boolean {
    return this.of(operation).pending.isFull;
  }

  /** Takes those out that mean nothing any more once this one is asked for. */
  replacedBy(operation: Operation): Operation[] {
    return this.of(operation).pending.withdraw((one) => isReplacedBy(operation, one));
  }

  /**
   * Keeps an operation. Returns the kept fixes that are not to go out.
   *
   * @param me - One's own participant id, where it is known.
   */
  add(operation: Operation, me: number | undefined): Operation[] {
    const { event, payload } = operation;
    this.of(operation).pending.add(operation);
    const isOwnSos = event === RAISE && (payload.participant === undefined || payload.participant === me);
    // It starts sharing at the server: a pause that waits here must not come after it.
    if (isOwnSos && this.sharing === false)
      this.ordinary.pending.add({ event: SHARING, payload: { op_id: sharingWith(payload.op_id), on: true } });
    return this.withoutFixes();
  }

  /** Takes back what is not on its way, and with one's own SOS that it starts sharing. */
  withdraw(opId: string): Operation[] {
    return [opId, sharingWith(opId)].flatMap((id) => this.both.flatMap(({ pending }) => pending.take(id) ?? []));
  }

  /** Takes those back that are meant and not on their way. */
  withdrawWhere(isMeant: (operation: Operation) => boolean): Operation[] {
    return this.both.flatMap(({ pending }) => pending.withdraw(isMeant));
  }

  /** The answers to what is on its way will not come. Returns the kept fixes that are not to go out. */
  interrupted(): Operation[] {
    for (const lane of this.both) lane.interrupted();
    return this.withoutFixes();
  }

  drain(): Operation[] {
    return this.both.flatMap((lane) => lane.drain());
  }

  /** Fixes that were kept do not go out once a pause was asked for. */
  private withoutFixes(): Operation[] {
    return this.sharing === false ? this.ordinary.pending.withdraw(({ event }) => event === "fixes:send") : [];
  }

  private get ordinary(): Lane {
    return this.both[1];
  }

  private of(operation: Operation): Lane {
    return this.both[isUrgent(operation) ? 0 : 1];
  }
}

/** The id of the operation that resumes sharing with one's own SOS. */
function sharingWith(opId: string): string {
  return `${opId}.sharing`;
}
