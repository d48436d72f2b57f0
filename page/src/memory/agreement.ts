/**
 * What all tabs of this browser agree on: the first text that one of them proposes under a name stands until withdrawn.
 *
 * `localStorage` cannot do this. Each tab reads a copy of its own, which hears of what other tabs write a little later, even
 * if a lock keeps the tabs apart. IndexedDB does the tabs' transactions one after the other. Where there is none,
 * `localStorage` is the next best.
 */

import { read, write } from "./storage";

const DATABASE = "cavalcade";
const AGREED = "agreed";

/** Some browsers never say whether a database opens; nobody waits longer for it. */
export const LONGEST_OPENING_MS = 3_000;

/** Proposes a text, and says which one stands. */
export async function agree(name: string, proposal: string): Promise<string> {
  try {
    let standing = proposal;
    await change((agreed) => {
      const known: IDBRequest<string | undefined> = agreed.get(name);
      known.onsuccess = () => {
        if (known.result === undefined) agreed.put(proposal, name);
        else standing = known.result;
      };
    });
    return standing;
  } catch {
    const known = read("device", name);
    if (known === null) write("device", name, proposal);
    return known ?? proposal;
  }
}

/** What comes after it, also before this is done, finds nothing under these names. */
export async function withdraw(...names: string[]): Promise<void> {
  for (const name of names) write("device", name, null);
  try {
    await change((agreed) => {
      for (const name of names) agreed.delete(name);
    });
  } catch {
    // Then nothing lies there either.
  }
}

/** Changes what is agreed, in one piece; done once it is stored. */
async function change(work: (agreed: IDBObjectStore) => void): Promise<void> {
  const database = await opened();
  try {
    await new Promise<void>((resolve, reject) => {
      const transaction = database.transaction(AGREED, "readwrite");
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      work(transaction.objectStore(AGREED));
    });
  } finally {
    database.close();
  }
}

/** Opened each time: phones close what is open while the page sleeps. */
function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(AGREED);
    const patience = setTimeout(() => reject(new Error("the database does not open")), LONGEST_OPENING_MS);
    request.onsuccess = () => {
      clearTimeout(patience);
      resolve(request.result);
    };
    request.onerror = () => {
      clearTimeout(patience);
      reject(request.error);
    };
  });
}
