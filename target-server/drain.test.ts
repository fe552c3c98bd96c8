import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Connection } from "./connection.ts";
import { stopSteps } from "./drain.ts";
import { createMetrics } from "./metrics.ts";
import { healthy } from "./policies.ts";

const DRAIN_MS = 30_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A client, and what was done to it at which second. It never answers a close frame. */
function client(answered: Promise<void>): { readonly connection: Connection; readonly did: string[] } {
  const did: string[] = [];
  const startMs = Date.now();
  const note = (what: string) => did.push(`${what} by ${Math.ceil((Date.now() - startMs) / 1_000)} s`);
  const wire = Object.assign(new EventEmitter(), {
    ping() {},
    close: (code: number) => note(`closed with ${code}`),
    terminate: () => {
      note("cut");
      wire.emit("close", 1006);
    },
  });
  const outlet = Object.assign(new EventEmitter(), {
    ...{ writable: true, writableLength: 0, bytesWritten: 0, write: () => true, cork() {}, uncork() {} },
  });
  const connection = new Connection(
    wire as never,
    outlet as never,
    {
      ...{ frameBytesMax: 65_536, firstMessageMs: 30_000, pingMs: Number.POSITIVE_INFINITY },
      eviction: { depth: 256, bytes: 524_288, ageMs: 20_000 },
    },
    {
      ...{ policies: healthy, metrics: createMetrics() },
      log: { debug() {}, info() {}, warn() {}, error() {} },
      identity: { leave() {}, sendLimits: { policies: healthy } },
    } as never,
  );
  vi.spyOn(connection.session, "answered").mockReturnValue(answered);
  return { connection, did };
}

test("A121, A124: a client whose answer never comes is told to go too, and does not hold up the stop", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  const quick = client(Promise.resolve());
  const slow = client(new Promise(() => {}));
  const stopped = stopSteps({
    ...{ drainMs: DRAIN_MS, connections: new Set([quick.connection, slow.connection]) },
  } as never).closeInWaves();
  await vi.advanceTimersByTimeAsync(DRAIN_MS);
  await stopped;
  expect(quick.did).toEqual(["closed with 1012 by 0 s", "cut by 9 s"]);
  expect(slow.did).toEqual(["closed with 1012 by 5 s", "cut by 9 s"]);
});
