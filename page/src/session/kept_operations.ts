/** Operations that outlive a reload until they are acknowledged. Tabs share them: the server carries out each id once. */
import { type KeptList, keptOperations } from "../memory/kept";
import { isUrgent, MOST_OPERATIONS, type Operation } from "./pending_operations";

export class KeptOperations {
  private readonly list: KeptList<Operation>;

  constructor(sessionId: string) {
    this.list = keptOperations(sessionId);
  }

  read(): readonly Operation[] {
    const isWhole = (one: Partial<Operation> | null) =>
      typeof one?.event === "string" && typeof one.payload?.op_id === "string";
    return this.list.read().filter(isWhole).slice(0, MOST_OPERATIONS);
  }

  add(operation: Operation): void {
    const all = [...this.read(), operation];
    // An SOS goes first, so that it is not among those for which there is no room.
    this.list.write([...all.filter(isUrgent), ...all.filter((one) => !isUrgent(one))]);
  }

  /** Returns the one that was removed. */
  remove(opId: string): Operation | undefined {
    const before = this.read();
    const left = before.filter(({ payload }) => payload.op_id !== opId);
    if (left.length < before.length) this.list.write(left);
    return before.find(({ payload }) => payload.op_id === opId);
  }
}
