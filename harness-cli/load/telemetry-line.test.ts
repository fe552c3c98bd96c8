import { expect, test } from "vitest";
import { Journal } from "../../scenarios/model/journal.ts";
import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import { parseTelemetry } from "./telemetry-line.ts";

/** All steps at once. */
function all<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function fullFlush(): Telemetry {
  const journal = new Journal(1);
  journal.connection({ what: "due", atMs: 0, client: 0, attempt: 0, endpoint: 0 });
  journal.sent([0, 1, "/app/x", 10, 10.5]);
  journal.outcome(0, 1, 12, "c");
  const arrival = {
    publisher: 0,
    slot: 1,
    intendedMs: 10,
    subscription: 0,
    sequence: 1,
    receivedMs: 12,
    role: "r",
  };
  journal.arrived(arrival);
  journal.arrived(arrival);
  return all(journal.take(1_000, { connected: 1, subscribed: 1, due: 1 }))[0]!;
}

const good: Telemetry[] = [
  { type: "hello", engine: "k6", vu: 1, clients: 3 },
  fullFlush(),
  { type: "error", vu: 1, atMs: 1, where: "agenda", message: "x" },
  { type: "bye", vu: 1, atMs: 1, abandoned: 0 },
];

test.each(good.map((line) => [line.type, line] as const))("%s is taken as it came", (_, line) => {
  expect(parseTelemetry(JSON.stringify(line))).toEqual(line);
});

test("what is no telemetry is refused with what is wrong", () => {
  const wrong = (text: string) => (parseTelemetry(text) as { wrong: string }).wrong;
  expect(wrong("{")).toBe("not JSON");
  expect(wrong("[]")).toBe("not an object");
  expect(wrong('{"type":"constructor"}')).toBe('unknown type "constructor"');
});

test("every field of every line is looked at: without it, or with another kind of value, the line is refused", () => {
  for (const line of good) {
    for (const field of Object.keys(line)) {
      if (field === "type") continue;
      const { [field]: _, ...without } = line as unknown as Record<string, unknown>;
      // Records of older versions have no sequences.
      if (field !== "sequences")
        expect(parseTelemetry(JSON.stringify(without)), `${line.type} without ${field}`).toHaveProperty(
          "wrong",
        );
      const other = JSON.stringify({ ...line, [field]: { planted: "x" } });
      expect(parseTelemetry(other), `${line.type} with another ${field}`).toHaveProperty("wrong");
    }
  }
});

test("a tuple of the wrong length or kind is refused", () => {
  const flush = fullFlush();
  const bad = [
    { received: [[1, 2, 3]] },
    { received: [[1, 2, 3, 4.5]] },
    { received: [[1, 2, 4, 3]] },
    { sequences: [[1, 2]] },
    { sequences: [[1, 3, 2]] },
    { sends: [[1, 2, 3, 4, 5]] },
    { outcomes: [[1, 2, 3, "x"]] },
    { slowest: [[null, 1, 1, 1, 1]] },
    { histograms: [{ metric: "delivery", role: "r", second: 1 }] },
    {
      histograms: [{ metric: "delivery", role: "r", second: 1, data: { buckets: [1], minUs: 1, maxUs: 1 } }],
    },
    { connections: [{ what: "due" }] },
    { connections: [{ what: "subscribed", atMs: 1, client: 1, attempt: 0, subscription: 1, askedMs: 0 }] },
    { oddities: [{ what: "inversion", atMs: 1, subscription: 1, publisher: 1, slot: 1, sequence: 1 }] },
    { oddities: [{ what: "constructor", atMs: 1, subscription: 1 }] },
    { counts: { sent: "1" } },
  ];
  for (const part of bad)
    expect(parseTelemetry(JSON.stringify({ ...flush, ...part }))).toEqual({
      wrong: `flush with a bad ${Object.keys(part)[0]}`,
    });
});
