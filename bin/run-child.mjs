// @ts-check
import { spawn } from "node:child_process";
import net from "node:net";
import os from "node:os";
import process from "node:process";

const leashVariable = "SEAWORTHY_LEASH";

/**
 * Runs a program in our place: our terminal, our signals, its exit code. A child that ends by a signal gives 128 and
 * its number, as a shell does.
 *
 * With `leash` the child leads a process group of its own, so that a Ctrl-C reaches it once (through us) and not
 * twice, and it holds one end of a pipe: when we are gone, even by kill -9, `holdLeash()` in the child notices.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ leash?: boolean, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>}
 */
export function runChild(command, args, { leash = false, env = process.env } = {}) {
  const child = spawn(command, args, {
    stdio: leash ? ["inherit", "inherit", "inherit", "pipe"] : "inherit",
    env: leash ? { ...env, [leashVariable]: "3" } : env,
    detached: leash,
  });
  // without a leash the terminal's Ctrl-C reaches the child by itself: we only stay to give its exit code
  const signals = /** @type {NodeJS.Signals[]} */ ([
    "SIGINT",
    "SIGTERM",
    "SIGHUP",
    ...(leash ? ["SIGWINCH"] : []),
  ]);
  const forward = (/** @type {NodeJS.Signals} */ signal) => {
    if (leash || signal !== "SIGINT") child.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      for (const each of signals) process.off(each, forward);
      resolve(code ?? 128 + os.constants.signals[/** @type {NodeJS.Signals} */ (signal)]);
    });
  });
}

/** In the child: ends cleanly (SIGTERM to itself) when the parent that holds the other end is gone. */
export function holdLeash() {
  if (process.env[leashVariable] === undefined) return;
  const leash = new net.Socket({ fd: Number(process.env[leashVariable]) });
  delete process.env[leashVariable]; // not for the children of the child
  leash.on("error", () => undefined);
  leash.on("close", () => process.kill(process.pid, "SIGTERM"));
  leash.resume();
  leash.unref();
}
