import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EXPIRES_MS, SILENCE_MS, SpeechQueue, type Urgency } from "../../src/panels/speech_queue";

const S = 1_000;

function queue(...said: readonly [words: string, urgency: Urgency, at: number][]): SpeechQueue {
  const made = new SpeechQueue();
  for (const [words, urgency, at] of said) made.add({ words, urgency, at });
  return made;
}

describe("speech queue", () => {
  test("a call for help cuts off what is being said, and does not wait for silence", () => {
    const speech = queue(["Ben is 1 km behind", "news", 0]);
    expect(speech.take(0)?.words).toBe("Ben is 1 km behind");
    speech.add({ words: "SOS from Ada", urgency: "sos", at: 1 * S });
    expect(speech.take(1 * S)).toEqual({ words: "SOS from Ada", doesInterrupt: true });
  });

  test("a second call for help does not cut off the first", () => {
    const speech = queue(["SOS from Ada", "sos", 0], ["SOS from Ben", "sos", 0]);
    expect(speech.take(0)).toEqual({ words: "SOS from Ada", doesInterrupt: true });
    expect(speech.take(0)).toEqual({ words: "SOS from Ben", doesInterrupt: false });
  });

  test("what concerns the rider comes before news that came earlier", () => {
    const speech = queue(["Ben is here", "news", 0], ["Wait for me", "forYou", 1 * S]);
    expect(speech.take(1 * S)?.words).toBe("Wait for me");
    expect(speech.take(20 * S)).toBeNull();
    expect(speech.nextAt).toBe(21 * S);
    expect(speech.take(21 * S)?.words).toBe("Ben is here");
  });

  test("an answer to a tap is said at once", () => {
    const speech = queue(["Ben is here", "news", 0]);
    speech.take(0);
    speech.add({ words: "Spoken news is on", urgency: "answer", at: 1 });
    expect(speech.take(1)).toEqual({ words: "Spoken news is on", doesInterrupt: false });
  });

  test("nothing of half a minute ago is said", () => {
    const speech = queue(["Ben is here", "news", 0], ["Cleo is here", "news", 0], ["Dan is here", "news", 0]);
    expect(speech.take(0)?.words).toBe("Ben is here");
    expect(speech.take(20 * S)?.words).toBe("Cleo is here");
    expect(speech.take(40 * S)).toBeNull();
    expect(speech.nextAt).toBeNull();
  });

  test("however much comes: calls for help at once, all else apart and never old", () => {
    const urgencies = fc.constantFrom<Urgency>("sos", "forYou", "news");
    const arrivals = fc.array(fc.tuple(fc.integer({ min: 0, max: 600 }), urgencies), { maxLength: 200 });
    fc.assert(
      fc.property(arrivals, (coming) => {
        const speech = new SpeechQueue();
        const said: { urgency: Urgency; at: number; from: number }[] = [];
        for (let second = 0; second <= 700; second++) {
          for (const [at, urgency] of coming.filter(([when]) => when === second)) {
            speech.add({ words: `${urgency} ${at}`, urgency, at: second * S });
          }
          for (let next = speech.take(second * S); next; next = speech.take(second * S)) {
            const [urgency = "", from = ""] = next.words.split(" ");
            said.push({ urgency: urgency as Urgency, at: second * S, from: Number(from) * S });
          }
        }
        const calls = coming.filter(([, urgency]) => urgency === "sos");
        expect(said.filter(({ urgency }) => urgency === "sos")).toHaveLength(calls.length);
        for (const [place, one] of said.entries()) {
          expect(one.at - one.from).toBeLessThan(one.urgency === "sos" ? 2 * S : EXPIRES_MS);
          const before = said[place - 1];
          if (one.urgency !== "sos" && before) expect(one.at - before.at).toBeGreaterThanOrEqual(SILENCE_MS);
        }
      }),
    );
  });
});
