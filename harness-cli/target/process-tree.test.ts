import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, test, vi } from "vitest";
import { descendantsOf, isStopped } from "./process-tree.ts";

test("a process's own, and those of its own that lead groups of their own, until they are gone", async () => {
  const shell = spawn("sh", ["-c", "sleep 300 & setsid sleep 300 & echo started; wait"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = shell.pid as number;
  await createInterface({ input: shell.stdout })[Symbol.asyncIterator]().next();
  await vi.waitFor(() => expect(descendantsOf(pid)).toHaveLength(2), { timeout: 20_000 });
  const children = descendantsOf(pid);
  expect(descendantsOf(process.pid)).toEqual(expect.arrayContaining([pid, ...children]));

  const child = children[0] as number;
  expect(isStopped(child)).toBe(false);
  process.kill(child, "SIGSTOP");
  await vi.waitFor(() => expect(isStopped(child)).toBe(true), { timeout: 20_000 });

  for (const each of children) process.kill(each, "SIGKILL");
  await once(shell, "exit");
  expect(descendantsOf(pid)).toEqual([]);
  expect(isStopped(child)).toBe(false);
});
