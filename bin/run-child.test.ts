import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";

const runChildModule = fileURLToPath(new URL("run-child.mjs", import.meta.url));
const started: ChildProcess[] = [];
afterEach(() => {
  for (const each of started.splice(0)) each.kill("SIGKILL");
});

/** A wrapper process, as bin/seaworthy.mjs under an old Node is one, around `childScript` in a process of its own. */
function wrapper(childScript: string): ChildProcess {
  const child = `const { holdLeash } = await import(${JSON.stringify(runChildModule)}); holdLeash(); ${childScript}`;
  const script = `
    const { runChild } = await import(${JSON.stringify(runChildModule)});
    const args = ["--input-type=module", "-e", ${JSON.stringify(child)}];
    process.exitCode = await runChild(process.execPath, args, { leash: true });`;
  const process_ = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(process_);
  return process_;
}

/** Everything the child writes; the pipe ends only when wrapper and child are both gone. */
async function outputOf(
  child: ChildProcess,
  onText: (text: string) => void = () => undefined,
): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout!) {
    text += chunk;
    onText(text);
  }
  return text;
}

const stayAlive = "setInterval(() => undefined, 1_000);";

describe("a child in our place", () => {
  test("its exit code is ours", async () => {
    const outer = wrapper("process.exit(7);");
    expect((await once(outer, "exit"))[0]).toBe(7);
  });

  test("a child that dies by a signal gives 128 and the signal's number", async () => {
    const outer = wrapper(`process.kill(process.pid, "SIGKILL"); ${stayAlive}`);
    expect((await once(outer, "exit"))[0]).toBe(137);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("one %s arrives once", async (signal) => {
    const outer = wrapper(`
      process.on("${signal}", () => { console.log("got"); setTimeout(() => process.exit(130), 300); });
      console.log("ready"); ${stayAlive}`);
    const exit = once(outer, "exit");
    let sent = false;
    const output = await outputOf(outer, (text) => {
      if (!text.includes("ready") || sent) return;
      sent = true;
      outer.kill(signal);
    });
    expect(output).toBe("ready\ngot\n");
    expect((await exit)[0]).toBe(130);
  });

  test("after a kill -9 of the wrapper the child gets SIGTERM and can end cleanly", async () => {
    const outer = wrapper(`
      process.on("SIGTERM", () => { console.log("cleaned up"); process.exit(0); });
      console.log("ready"); ${stayAlive}`);
    const output = await outputOf(outer, (text) => {
      if (text === "ready\n") outer.kill("SIGKILL");
    });
    expect(output).toBe("ready\ncleaned up\n");
  });

  test("the leash does not keep a child alive that has nothing to do, nor reach its own children", async () => {
    const outer = wrapper(`
      const { spawnSync } = await import("node:child_process");
      const ask = "process.stdout.write(String(process.env.SEAWORTHY_LEASH))";
      console.log(spawnSync(process.execPath, ["-e", ask], { encoding: "utf8" }).stdout);`);
    expect(await outputOf(outer)).toBe("undefined\n");
  });
});
