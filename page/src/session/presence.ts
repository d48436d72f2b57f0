/** Who is connected, from `presence_state` and `presence_diff`; pure. The same as in the Python client's `replica.py`. */

export type Entries = Readonly<Record<string, { readonly metas: readonly { readonly phx_ref: string }[] }>>;

export interface PresenceDiff {
  readonly joins?: Entries;
  readonly leaves?: Entries;
}

export class Presence {
  private refs: Map<number, Set<string>> | null = null;
  private early: PresenceDiff[] = [];

  /** Expects a whole new presence: differences that come before it are kept until it is there. */
  forget(): void {
    this.refs = null;
    this.early = [];
  }

  replace(state: Entries): ReadonlySet<number> {
    const refs = new Map(read(state));
    this.refs = refs;
    for (const diff of this.early) apply(refs, diff);
    this.early = [];
    return new Set(refs.keys());
  }

  /** Null where it must wait for the whole presence. */
  change(diff: PresenceDiff): ReadonlySet<number> | null {
    if (this.refs === null) {
      this.early.push(diff);
      return null;
    }
    apply(this.refs, diff);
    return new Set(this.refs.keys());
  }
}

function apply(refs: Map<number, Set<string>>, { joins = {}, leaves = {} }: PresenceDiff): void {
  for (const [who, added] of read(joins)) refs.set(who, new Set([...(refs.get(who) ?? []), ...added]));
  for (const [who, removed] of read(leaves)) {
    const left = [...(refs.get(who) ?? [])].filter((ref) => !removed.has(ref));
    if (left.length > 0) refs.set(who, new Set(left));
    else refs.delete(who);
  }
}

function read(entries: Entries): [number, Set<string>][] {
  return Object.entries(entries).map(([who, { metas }]) => [Number(who), new Set(metas.map(({ phx_ref }) => phx_ref))]);
}
