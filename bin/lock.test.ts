import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withLock } from "./lock.mjs";

const lockModule = fileURLToPath(new URL("lock.mjs", import.meta.url));
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "seaworthy-lock-"));
  file = path.join(folder, "locks", "a.lock");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Another process that says "in" when it holds the lock. It fails when somebody else is inside at the same time. */
function contender(holdMs: number): ChildProcess {
  const script = `
    import { mkdirSync, rmdirSync } from "node:fs";
    import { setTimeout } from "node:timers/promises";
    const { withLock } = await import(${JSON.stringify(lockModule)});
    await withLock(${JSON.stringify(file)}, async () => {
      mkdirSync(${JSON.stringify(path.join(folder, "inside"))}); // throws when it is there
      console.log("in");
      await setTimeout(${holdMs});
      rmdirSync(${JSON.stringify(path.join(folder, "inside"))});
    });`;
  return spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function ended(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, "exit");
  return code;
}

/** A process that was killed with the lock in its hands. */
async function killedOwner(): Promise<void> {
  const owner = contender(60_000);
  await once(owner.stdout!, "data");
  owner.kill("SIGKILL");
  await ended(owner);
  await rm(path.join(folder, "inside"), { recursive: true });
}

describe("a lock between processes", () => {
  test("four real processes at once are inside one after the other", async () => {
    const codes = await Promise.all([0, 1, 2, 3].map(() => ended(contender(100))));
    expect(codes).toEqual([0, 0, 0, 0]);
  });

  test("the second waits and is told for whom", async () => {
    const owner = contender(400);
    await once(owner.stdout!, "data");
    const waitedFor: number[] = [];
    await withLock(
      file,
      async () => expect(existsSync(path.join(folder, "inside"))).toBe(false),
      (pid) => waitedFor.push(pid),
    );
    expect(waitedFor).toEqual([owner.pid]);
  });

  test("a lock whose owner was killed -9 is broken, by one of many only", async () => {
    await killedOwner();
    const codes = await Promise.all([0, 1, 2, 3, 4].map(() => ended(contender(50))));
    expect(codes).toEqual([0, 0, 0, 0, 0]);
  });

  test("a pid that was used again is not the owner", async () => {
    await withLock(file, async () => {
      const owner = JSON.parse(await readFile(file, "utf8"));
      await writeFile(file, JSON.stringify({ ...owner, startedAt: "long ago", token: "another" }));
    });
    let waited = false;
    await withLock(
      file,
      async () => undefined,
      () => {
        waited = true;
      },
    );
    expect(waited).toBe(false);
  });

  test("an owner on another machine lives while its beat is fresh, and is dead a minute after", async () => {
    await withLock(file, async () => undefined); // makes the folder
    await writeFile(file, JSON.stringify({ place: "elsewhere", pid: 1, startedAt: "1", token: "theirs" }));
    let waited = false;
    const mine = withLock(
      file,
      async () => "mine",
      async () => {
        waited = true;
        await utimes(file, new Date(), new Date(Date.now() - 61_000));
      },
    );
    expect(await mine).toBe("mine");
    expect(waited).toBe(true);
  });

  test("an action that throws leaves no lock behind", async () => {
    const failing = withLock(file, () => Promise.reject(new Error("the action")));
    await expect(failing).rejects.toThrow("the action");
    expect(await withLock(file, async () => "free")).toBe("free");
  });
});
