import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { machineSampler } from "./machine.ts";

const onLinux = process.platform === "linux";

function blockMs(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

test.runIf(onLinux)(
  "a process's CPU counts its children, and only what it used since the last sample",
  async () => {
    // a shell that waits while its child computes
    const shell = spawn("sh", ["-c", `"${process.execPath}" -e 'for(;;);' & echo $!; wait`]);
    const grandchild = Number((await once(shell.stdout, "data")).toString());
    try {
      using machine = machineSampler();
      const pids = { burner: shell.pid as number };
      // what it gets depends on who else is there; the shell alone would use nothing at all
      const busy = await vi.waitFor(
        () => {
          const sample = machine.sample(0, pids);
          expect(sample.processCpu.burner).toBeGreaterThan(0.02);
          return sample;
        },
        { timeout: 20_000, interval: 1_000 },
      );
      expect(busy.processCpu.burner).toBeLessThan(1.6);
      expect(busy.processRss.burner).toBeGreaterThan(10_000_000);
      expect(busy.cpu).toBeGreaterThan(0);
      expect(busy.cpu).toBeLessThanOrEqual(1);
      process.kill(grandchild, "SIGSTOP");
      machine.sample(0, pids);
      await wait(500);
      expect(machine.sample(0, pids).processCpu.burner).toBe(0);
    } finally {
      process.kill(grandchild, "SIGKILL");
      shell.kill("SIGKILL");
    }
  },
);

test.runIf(onLinux)("I87: two that want the same core wait for each other", async () => {
  const burners = [1, 2].map(() => spawn("taskset", ["-c", "0", process.execPath, "-e", "for(;;);"]));
  try {
    using machine = machineSampler();
    const pids = { one: burners[0]?.pid as number, other: burners[1]?.pid as number };
    await vi.waitFor(
      () => {
        const { processWaitMs, processTurns } = machine.sample(0, pids);
        expect(processWaitMs?.one).toBeGreaterThan(50);
        expect(processWaitMs?.other).toBeGreaterThan(50);
        expect(processTurns?.one).toBeGreaterThan(0);
      },
      { timeout: 20_000, interval: 1_000 },
    );
  } finally {
    for (const burner of burners) burner.kill("SIGKILL");
  }
});

test("a process that is gone has no numbers", () => {
  using machine = machineSampler();
  const sample = machine.sample(0, { gone: 2 ** 22 - 1 });
  expect(sample.processCpu).toEqual({});
  expect(sample.processRss).toEqual({});
});

test("a blocked event loop shows in its lag, and in one reading only", async () => {
  using machine = machineSampler();
  // straight after a reading, where Node's own meter is blind
  machine.sample(0, {});
  blockMs(120);
  await wait(20);
  const blocked = machine.sample(0, {});
  expect(blocked.loopLagMaxMs).toBeGreaterThan(80);
  // The block is in one reading only. Others may keep this process waiting, though not always for so long.
  await vi.waitFor(() => expect(machine.sample(0, {}).loopLagMaxMs).toBeLessThan(blocked.loopLagMaxMs), {
    timeout: 20_000,
    interval: 20,
  });
});

test("the clock's step is about zero while nobody sets the clock", async () => {
  using machine = machineSampler();
  await wait(50);
  expect(Math.abs(machine.sample(0, {}).clockStepMs)).toBeLessThan(50);
});

test.runIf(onLinux)(
  "descriptors and ports of an engine are shares of what it may use; the clock has a step",
  () => {
    using machine = machineSampler();
    const pids = { k6: process.pid, other: process.pid };
    const sample = machine.sample(0, pids, { names: ["k6"], addresses: 2 });
    expect(sample.descriptorsUsed).toBeGreaterThan(0);
    expect(sample.descriptorsUsed).toBeLessThan(1);
    // A dozen descriptors of tens of thousands of ports, for each of two addresses: less than a thousandth shows as 0.
    expect(sample.portsUsed).toBeLessThan(0.05);
    expect(sample.clockResolutionMs).toBeGreaterThan(0);
    expect(sample.clockResolutionMs).toBeLessThan(20);
    expect(machine.sample(0, pids)).not.toHaveProperty("portsUsed");
  },
);
