import fc from "fast-check";
import { expect, test } from "vitest";
import { Familiar } from "./familiar.ts";
import { findIdentity, identityPrefix, identityText } from "./identity.ts";
import { type LazyFrame, LazyReader, rawHeader } from "./lazy-frame.ts";

const NONCE = "abc123";
const prefix = identityPrefix(NONCE);
const ROOM = "/topic/room.a";

interface Said {
  readonly slot: number;
  readonly publisher?: number;
  readonly intendedMs?: number;
  readonly subscription?: string;
  readonly destination?: string;
  readonly seq?: string;
}

function message({ slot, publisher = 7, intendedMs = 1_250.5, ...more }: Said): string {
  const { subscription = "sub-0", destination = ROOM, seq = `seq:${slot + 1}\n` } = more;
  const body = JSON.stringify({ content: identityText(NONCE, { publisher, slot, intendedMs }, 60) });
  return `MESSAGE\nsubscription:${subscription}\ndestination:${destination}\nmessage-id:m${slot}\n${seq}content-length:${body.length}\n\n${body}\0`;
}

function framesOf(text: string): LazyFrame[] {
  const frames: LazyFrame[] = [];
  const reader = new LazyReader();
  reader.read(text, (frame) => frames.push(frame));
  return reader.isBetweenFrames ? frames : [];
}

function taught(): Familiar {
  const familiar = new Familiar(prefix, "chatter");
  familiar.learn(framesOf(message({ slot: 0 }))[0]!, 0, 5, ROOM);
  return familiar;
}

test("a message like the one before is read by the places that differ", () => {
  const familiar = taught();
  expect(familiar.accepts(message({ slot: 203, publisher: 17, intendedMs: 45_678 }))).toBe(true);
  expect(familiar).toMatchObject({
    subscription: 5,
    destination: ROOM,
    publisher: 17,
    slot: 203,
    intendedMs: 45_678,
    sequence: 204,
  });
  expect(familiar.accepts(message({ slot: 5, seq: "" }))).toBe(true);
  expect(familiar.sequence).toBeUndefined();
});

test("nothing is familiar before the first, nor of a server that begins with what differs", () => {
  expect(new Familiar(prefix, "chatter").accepts(message({ slot: 0 }))).toBe(false);
  const idFirst = (slot: number) => message({ slot }).replace("MESSAGE\n", `MESSAGE\nid:${slot}\n`);
  const familiar = new Familiar(prefix, "chatter");
  familiar.learn(framesOf(idFirst(1))[0]!, 0, 5, ROOM);
  expect(familiar.accepts(idFirst(2))).toBe(false);
});

test.each([
  ["another subscription", message({ slot: 1, subscription: "sub-1" })],
  ["another destination", message({ slot: 1, destination: "/topic/room.b" })],
  ["no identity of this run", message({ slot: 1 }).replace("sw1/", "sw2/")],
  ["a number that is none", message({ slot: 1 }).replace("/7/", "/x/")],
  ["a number that is missing", message({ slot: 1 }).replace("/7/", "//")],
  ["two frames in one text", message({ slot: 1 }) + message({ slot: 2 })],
  ["half a frame", message({ slot: 1 }).slice(0, -20)],
  ["a heart-beat behind it", `${message({ slot: 1 })}\n`],
  ["another command", "RECEIPT\nreceipt-id:m1\n\n\0"],
])("left to the reader that takes nothing for granted: %s", (_, text) => {
  expect(taught().accepts(text)).toBe(false);
});

test("whatever it accepts, the full reader reads the same", () => {
  const edit = fc.record({
    at: fc.nat(260),
    remove: fc.nat(6),
    insert: fc.constantFrom(
      "",
      "\n",
      "\0",
      "\n\n",
      "/",
      "0",
      "9",
      "x",
      "seq:5\n",
      "\nseq:9\n",
      prefix,
      "sub-1",
      "-",
      ":",
    ),
  });
  let accepted = 0;
  fc.assert(
    fc.property(fc.nat(5_000), fc.array(edit, { maxLength: 3 }), (slot, edits) => {
      let text = message({ slot });
      for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove);
      const familiar = taught();
      if (!familiar.accepts(text)) return;
      accepted += 1;
      const frames = framesOf(text);
      expect(frames).toHaveLength(1);
      const frame = frames[0]!;
      expect(frame.command).toBe("MESSAGE");
      expect(rawHeader(frame, "subscription")).toBe("sub-0");
      expect(rawHeader(frame, "destination")).toBe(ROOM);
      const mark = frame.text.indexOf(prefix, frame.bodyAt);
      const { publisher, intendedMs, sequence } = familiar;
      expect(findIdentity(frame.text, prefix, mark)).toEqual({ publisher, slot: familiar.slot, intendedMs });
      const seq = rawHeader(frame, "seq");
      expect(sequence).toBe(seq === undefined ? undefined : Number(seq));
    }),
    { numRuns: 5_000 },
  );
  expect(accepted).toBeGreaterThan(500);
});
