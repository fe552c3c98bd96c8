import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Condition } from "./condition.ts";
import type { Fault } from "./fault.ts";
import { conduct, type FaultEvent, type FaultWindow, OBSERVE_DEADLINE_MS, type Stage } from "./timeline.ts";
import type { Port } from "./topology.ts";

/** A switch as the world: on while its fault is in force. Faults of the catalog are tested on real parts elsewhere. */
interface Switch {
  readonly kind: "link";
  readonly name: string;
  on: boolean;
}

function switchFault(part: Partial<Fault> = {}): Fault {
  return {
    name: "switch-on",
    summary: "",
    requirement: [],
    on: "link",
    params: {},
    explain: {},
    closes: [],
    drops: false,
    async inject(port) {
      const target = port as unknown as Switch;
      target.on = true;
      return {
        async [Symbol.asyncDispose]() {
          target.on = false;
        },
      };
    },
    observed: async (port) => (port as unknown as Switch).on,
    healed: async (port) => !(port as unknown as Switch).on,
    ...part,
  };
}

function windowOf(
  index: number,
  target: string,
  fromMs: number,
  toMs: number,
  fault = "switch-on",
): FaultWindow {
  return { index, fault, target, params: {}, fromMs, toMs, closes: [], drops: false };
}

function theatre(faults: Readonly<Record<string, Fault>> = { "switch-on": switchFault() }) {
  const startMs = performance.now();
  const switches = new Map<string, Switch>();
  const events: FaultEvent[] = [];
  const inLog = new Set<number>();
  const stage: Stage = {
    nowMs: () => performance.now() - startMs,
    async at(ms, signal) {
      const leftMs = ms - (performance.now() - startMs);
      if (leftMs > 0) await wait(leftMs, undefined, { signal }).catch(() => {});
    },
    port(name) {
      if (name === "nowhere") throw new Error("there is no nowhere");
      const target = switches.get(name) ?? { kind: "link" as const, name, on: false };
      switches.set(name, target);
      return target as unknown as Port;
    },
    fault: (name) => faults[name] as Fault,
    record: (event) => void events.push(event),
    undoLog: {
      add: async (window) => void inLog.add(window.index),
      remove: async (window) => void inLog.delete(window.index),
    },
  };
  const steps = (index: number) => events.filter((event) => event.index === index).map((event) => event.step);
  const atMs = (index: number, step: string) =>
    events.find((event) => event.index === index && event.step === step)?.atMs as number;
  return { stage, switches, events, inLog, steps, atMs };
}

const never = new AbortController().signal;
const short = { injectMs: 100, observeMs: 100, healMs: 150 };

test("a window is injected at its time, observed, healed at its end, and leaves nothing in the undo log", async () => {
  const { stage, steps, atMs, inLog, switches } = theatre();
  const result = await conduct([windowOf(0, "a", 100, 250)], stage, never);
  expect(steps(0)).toEqual(["injecting", "injected", "observed", "healing", "healed"]);
  expect(atMs(0, "injecting")).toBeGreaterThanOrEqual(90);
  expect(atMs(0, "healing")).toBeGreaterThanOrEqual(240);
  expect(switches.get("a")?.on).toBe(false);
  expect(inLog.size).toBe(0);
  expect(result.notHealed).toEqual([]);
  expect(result.windows[0]).toMatchObject({ injected: true, observed: true, healed: true });
});

test("the undo log holds the window before the act, until the effect is gone", async () => {
  const seen: boolean[] = [];
  const scene = theatre({
    "switch-on": switchFault({
      async inject(port, params) {
        seen.push(scene.inLog.has(0));
        return switchFault().inject(port as never, params);
      },
      async healed(port) {
        seen.push(scene.inLog.has(0));
        return !(port as unknown as Switch).on;
      },
    }),
  });
  await conduct([windowOf(0, "a", 0, 20)], scene.stage, never);
  expect(seen).toEqual([true, true]);
  expect(scene.inLog.size).toBe(0);
});

test("windows overlap freely", async () => {
  const { stage, atMs } = theatre();
  await conduct([windowOf(0, "a", 0, 200), windowOf(1, "b", 50, 120)], stage, never);
  expect(atMs(1, "injected")).toBeLessThan(atMs(0, "healing"));
  expect(atMs(1, "healed")).toBeLessThan(atMs(0, "healing"));
});

test("an inject that throws is recorded as failed, and the others go on", async () => {
  const broken = switchFault({ inject: () => Promise.reject(new Error("no such toxic")) });
  const { stage, steps, events, inLog } = theatre({ "switch-on": switchFault(), broken });
  const result = await conduct(
    [windowOf(0, "a", 0, 50, "broken"), windowOf(1, "b", 0, 50), windowOf(2, "nowhere", 0, 50)],
    stage,
    never,
  );
  expect(steps(0)).toEqual(["injecting", "failed"]);
  expect(events.find((event) => event.index === 0 && event.step === "failed")?.detail).toBe("no such toxic");
  expect(steps(1)).toEqual(["injecting", "injected", "observed", "healing", "healed"]);
  expect(steps(2)).toEqual(["injecting", "failed"]);
  expect(result.notHealed).toEqual([]);
  expect(inLog.size).toBe(0);
});

test("a fault without effect is not-observed at the latest when its window ends, and still healed", async () => {
  const idle = switchFault({ observed: async () => false });
  const { stage, steps, atMs } = theatre({ "switch-on": idle });
  const result = await conduct([windowOf(0, "a", 0, 120)], stage, never);
  expect(steps(0)).toEqual(["injecting", "injected", "not-observed", "healing", "healed"]);
  expect(atMs(0, "healing")).toBeLessThan(OBSERVE_DEADLINE_MS);
  expect(result.windows[0]).toMatchObject({ observed: false, healed: true });
});

test("an observation that hangs or throws does not keep the fault in force", async () => {
  const hanging = switchFault({ observed: () => new Promise<boolean>(() => {}) });
  const throwing = switchFault({ observed: () => Promise.reject(new Error("probe broke")) });
  const { stage, steps, switches, events } = theatre({ hanging, throwing });
  await conduct([windowOf(0, "a", 0, 100, "hanging"), windowOf(1, "b", 0, 100, "throwing")], stage, never);
  expect(steps(0)).toEqual(["injecting", "injected", "not-observed", "healing", "healed"]);
  expect(events.find((event) => event.index === 1 && event.step === "not-observed")?.detail).toBe(
    "probe broke",
  );
  expect([...switches.values()].some((target) => target.on)).toBe(false);
});

test("an interrupt undoes all that is in force at once, the latest first, and injects nothing more", async () => {
  const undone: string[] = [];
  const slow = switchFault({
    async inject(port) {
      const target = port as unknown as Switch;
      target.on = true;
      return {
        async [Symbol.asyncDispose]() {
          await wait(30);
          undone.push(target.name);
          target.on = false;
        },
      };
    },
  });
  const { stage, steps, switches } = theatre({ "switch-on": slow });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 150);
  const startMs = performance.now();
  const result = await conduct(
    [
      windowOf(0, "a", 0, 60_000),
      windowOf(1, "b", 40, 60_000),
      windowOf(2, "c", 80, 60_000),
      windowOf(3, "d", 30_000, 60_000),
    ],
    stage,
    controller.signal,
  );
  expect(performance.now() - startMs).toBeLessThan(30_000);
  expect(undone).toEqual(["c", "b", "a"]);
  expect(steps(3)).toEqual([]);
  expect(steps(0)).toEqual(["injecting", "injected", "observed", "healing", "healed"]);
  expect([...switches.values()].some((target) => target.on)).toBe(false);
  expect(result.windows[3]).toMatchObject({ injected: false, healed: true, why: "interrupted" });
});

test("an interrupt while a fault is being injected undoes it as soon as it is there", async () => {
  const slow = switchFault({
    async inject(port, params) {
      await wait(150);
      return switchFault().inject(port as never, params);
    },
  });
  const { stage, switches, steps } = theatre({ "switch-on": slow });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  await conduct([windowOf(0, "a", 0, 60_000)], stage, controller.signal);
  expect(switches.get("a")?.on).toBe(false);
  expect(steps(0).at(-1)).toBe("healed");
});

test("an undo that fails is tried again, and what went wrong is kept in the history", async () => {
  let tries = 0;
  const stubborn = switchFault({
    async inject(port) {
      const target = port as unknown as Switch;
      target.on = true;
      return {
        async [Symbol.asyncDispose]() {
          if (++tries < 3) throw new Error(`try ${tries} failed`);
          target.on = false;
        },
      };
    },
  });
  const { stage, events, inLog } = theatre({ "switch-on": stubborn });
  const result = await conduct([windowOf(0, "a", 0, 20)], stage, never);
  expect(tries).toBe(3);
  expect(events.at(-1)).toMatchObject({ step: "healed", detail: "the undo failed: try 2 failed" });
  expect(result.notHealed).toEqual([]);
  expect(inLog.size).toBe(0);
});

test("what stays is reported as not healed and stays in the undo log", async () => {
  const sticky = switchFault({ healed: async () => false });
  const { stage, steps, inLog } = theatre({ "switch-on": sticky });
  const window = windowOf(0, "a", 0, 20);
  const result = await conduct([window], stage, never, short);
  expect(steps(0).at(-1)).toBe("not-healed");
  expect(result.notHealed).toEqual([window]);
  expect(inLog.has(0)).toBe(true);
});

test("a healing that another fault hides is looked for until that one is over too", async () => {
  // `a` answers only while `b` is off: as a slow link behind a killed server does
  const scene = theatre({
    "switch-on": switchFault(),
    hidden: switchFault({ healed: async () => !scene.switches.get("a")?.on && !scene.switches.get("b")?.on }),
  });
  const result = await conduct(
    [windowOf(0, "a", 0, 50, "hidden"), windowOf(1, "b", 20, 500)],
    scene.stage,
    never,
    short,
  );
  expect(result.notHealed).toEqual([]);
  expect(scene.atMs(0, "healed")).toBeGreaterThan(scene.atMs(1, "healing"));
});

test("an injection that outlives its deadline is failed, and undone when it comes after all", async () => {
  const late = switchFault({
    async inject(port, params) {
      await wait(180);
      return switchFault().inject(port as never, params);
    },
  });
  const { stage, switches, steps, inLog } = theatre({ "switch-on": late });
  const result = await conduct([windowOf(0, "a", 0, 50)], stage, never, short);
  expect(steps(0)).toEqual(["injecting", "failed"]);
  expect(switches.get("a")?.on).toBe(false);
  expect(result.notHealed).toEqual([]);
  expect(inLog.size).toBe(0);
});

test("an injection that never ends may be in force: it is reported as not healed", async () => {
  const stuck = switchFault({ inject: () => new Promise<AsyncDisposable>(() => {}) });
  const { stage, inLog } = theatre({ "switch-on": stuck });
  const window = windowOf(0, "a", 0, 50);
  const result = await conduct([window], stage, never, short);
  expect(result.notHealed).toEqual([window]);
  expect(inLog.has(0)).toBe(true);
});

const sent: Condition = { kind: "number", quantity: "ledger.sent", is: ">", value: 9, untilMs: 60_000 };

test("a window that waits for a condition counts its times from the moment it came true", async () => {
  const scene = theatre();
  const stage: Stage = {
    ...scene.stage,
    async until() {
      await wait(200);
      return { yes: true, why: "it was 12" };
    },
  };
  await conduct([{ ...windowOf(0, "a", 50, 150), when: sent }], stage, never);
  expect(scene.steps(0)).toEqual(["due", "injecting", "injected", "observed", "healing", "healed"]);
  expect(scene.events[0]?.detail).toBe("when(ledger.sent>9): it was 12");
  const dueMs = scene.atMs(0, "due");
  // Counted from the plan they would be 200 ms earlier. Each timer may be up to a millisecond early by this clock.
  expect(dueMs).toBeGreaterThanOrEqual(190);
  expect(scene.atMs(0, "injecting")).toBeGreaterThanOrEqual(240);
  expect(scene.atMs(0, "healing")).toBeGreaterThanOrEqual(340);
});

test("a condition that never comes true is recorded with what was seen, and nothing is injected", async () => {
  const scene = theatre();
  const stage: Stage = { ...scene.stage, until: async () => ({ yes: false, why: "it was 3" }) };
  const result = await conduct([{ ...windowOf(0, "a", 0, 50), when: sent }], stage, never);
  expect(scene.steps(0)).toEqual(["never-due"]);
  expect(result.windows[0]).toMatchObject({ injected: false, healed: true });
  expect(result.windows[0]?.why).toBe("when(ledger.sent>9) never came true: it was 3");
});

test("an interrupt while a window waits for its condition: nothing happens, and nothing is said to be missing", async () => {
  const scene = theatre();
  const controller = new AbortController();
  const stage: Stage = {
    ...scene.stage,
    until: (_, signal) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve({ yes: false }))),
  };
  const conducting = conduct([{ ...windowOf(0, "a", 0, 50), when: sent }], stage, controller.signal);
  controller.abort();
  expect((await conducting).windows[0]).toMatchObject({ injected: false, healed: true, why: "interrupted" });
  expect(scene.events).toEqual([]);
});

test("the same fault on the same target twice at once: the second is refused, the first is undone as planned", async () => {
  const { stage, steps, events } = theatre();
  await conduct(
    [windowOf(0, "a", 0, 300), windowOf(1, "a", 50, 200), windowOf(2, "b", 50, 100)],
    stage,
    never,
  );
  expect(steps(1)).toEqual(["injecting", "failed"]);
  expect(events.find((event) => event.index === 1 && event.step === "failed")?.detail).toBe(
    "another switch-on is still in force on a",
  );
  expect(steps(0).at(-1)).toBe("healed");
  expect(steps(2).at(-1)).toBe("healed");
});

test("an undo that cannot work before that of an earlier fault has its turn again: the server after its database", async () => {
  const scene = theatre({
    "switch-on": switchFault(),
    needy: switchFault({
      async inject(port) {
        const target = port as unknown as Switch;
        target.on = true;
        return {
          async [Symbol.asyncDispose]() {
            if (scene.switches.get("database")?.on) throw new Error("the database is down");
            target.on = false;
          },
        };
      },
    }),
  });
  const controller = new AbortController();
  const conducting = conduct(
    [windowOf(0, "database", 0, 60_000), windowOf(1, "server", 50, 60_000, "needy")],
    scene.stage,
    controller.signal,
  );
  while (scene.events.filter((event) => event.step === "observed").length < 2) await wait(10);
  controller.abort();
  expect((await conducting).notHealed).toEqual([]);
  expect(scene.events.filter(({ step }) => step === "healing").map(({ index }) => index)).toEqual([1, 0]);
  expect(scene.events.findLast(({ index }) => index === 1)?.detail).toContain("the database is down");
});

test("two undos that never work do not keep each other alive", async () => {
  const broken = switchFault({
    inject: async () => ({ [Symbol.asyncDispose]: () => Promise.reject(new Error("no")) }),
    observed: async () => true,
    healed: async () => false,
  });
  const { stage } = theatre({ broken });
  const windows = [windowOf(0, "a", 0, 20, "broken"), windowOf(1, "b", 0, 20, "broken")];
  expect((await conduct(windows, stage, never, short)).notHealed).toEqual(windows);
});
