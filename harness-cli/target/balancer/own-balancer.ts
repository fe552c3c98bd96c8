import { setTimeout as wait } from "node:timers/promises";
import type { BalancerChange, Balancer as BalancerPort } from "../../../chaos/topology.ts";
import type { Balancer } from "../../../reports/record/balancer.ts";
import { type OwnProcess, ownProcess, type ProcessNews } from "../process-port.ts";
import { type InForce, MIRROR_PATH, SERVED_BY, VERSION_PATH, VISIT_PATH } from "./description.ts";
import { TELL } from "./mirror.ts";
import { BALANCER, type Seat, type Worker } from "./seat.ts";
import { get, handshakeHeaders, openTunnel } from "./visit.ts";

export interface BalancerOptions {
  readonly description: Balancer;
  /** Multiplies the idle time-out (I85). */
  readonly timeScale: number;
  readonly seat: Seat;
  readonly onEvent: (event: ProcessNews) => void;
}

export interface OwnBalancer {
  readonly process: OwnProcess;
  /** `balancer`, and one for each server. */
  readonly ports: readonly BalancerPort[];
  /** Writes the configuration, has it checked, starts it and waits until it leads to a server. */
  start(): Promise<void>;
}

const RELOAD_DEADLINE_MS = 8_000;
const ASK_DEADLINE_MS = 1_000;
const ASK_EVERY_MS = 25;
/** New connections may reach an old worker until it has closed its door: so many answers in a row must be the new one's. */
const SAME_ANSWERS = 5;

/** The balancer of a run, wherever it sits, with everything that faults may change about it. */
export function ownBalancer({ description, timeScale, seat, onEvent }: BalancerOptions): OwnBalancer {
  const { program, servers, nowhere, listen, mirror } = seat;
  const url = `http://127.0.0.1:${seat.port}`;
  const names = Object.keys(servers);
  const forgotten = Array.from({ length: description.deadServers }, (_, i) => ({
    name: `forgotten-${i + 1}`,
    address: nowhere,
    drained: false,
  }));
  const changes: BalancerChange[] = [];
  let version = 0;
  let turn: Promise<unknown> = Promise.resolve();

  const process = ownProcess({
    ...seat.process,
    onEvent,
    reloadSignal: program.reloadSignal,
    answers: async (timeoutMs) => (await get(url + VERSION_PATH, timeoutMs))?.status === 200,
    // That a server lives is enough: which of them are ready is for the balancer to find out.
    ready: async (timeoutMs) => (await get(url + VISIT_PATH, timeoutMs))?.status === 200,
  });

  /** The description with every change in force. */
  function settings(): InForce {
    const { idleTimeoutMs, ...changed } = Object.assign({}, ...changes) as BalancerChange;
    return {
      ...description,
      ...changed,
      idleTimeoutMs: idleTimeoutMs ?? Math.max(1, Math.round(description.idleTimeoutMs * timeScale)),
      version,
      listen,
      mirror,
      servers: [
        ...names.map((name) => ({
          name,
          address: changes.some(({ dead }) => dead === name) ? nowhere : (servers[name] as string),
          drained: changes.some(({ drained }) => drained === name),
        })),
        ...forgotten,
      ],
    };
  }

  async function write(): Promise<void> {
    version += 1;
    await seat.write(program.config(settings()));
  }

  /** One after the other: a reload must be through before the next. */
  function inTurn<T>(act: () => Promise<T>): Promise<T> {
    const acting = turn.then(act, act);
    turn = acting.catch(() => {});
    return acting;
  }

  /** Resolves when new connections meet the new configuration. One that is down reads it when it starts. */
  async function reload(): Promise<void> {
    await write();
    await seat.check();
    if (process.pid() === undefined) return;
    let former: readonly number[] = await shared.workers();
    await process.signal(program.reloadSignal);
    const untilMs = performance.now() + RELOAD_DEADLINE_MS;
    for (let same = 0; same < SAME_ANSWERS; ) {
      if (process.pid() === undefined) return;
      const answer = await get(url + VERSION_PATH, ASK_DEADLINE_MS);
      const isNew = answer?.body.trim() === String(version);
      // Who is on its way out stays so: once is enough to ask.
      if (isNew && former.length > 0) former = await staying(former);
      same = isNew && former.length === 0 ? same + 1 : 0;
      if (same > 0) continue;
      if (performance.now() > untilMs)
        throw new Error(`the balancer did not take its new configuration within ${RELOAD_DEADLINE_MS} ms`);
      await wait(ASK_EVERY_MS);
    }
  }

  /** Those that may still take somebody in, as far as one can see that. */
  async function staying(pids: readonly number[]): Promise<readonly number[]> {
    const { isLeaving } = program;
    if (!isLeaving) return [];
    const workers = await ownWorkers();
    return workers
      .filter(({ pid, title }) => pids.includes(pid) && title !== undefined && !isLeaving(title))
      .map(({ pid }) => pid);
  }

  async function ownWorkers(): Promise<readonly Worker[]> {
    const pid = process.pid();
    return pid === undefined ? [] : seat.workers(pid);
  }

  /** Who is drained can be said to HAProxy while it runs; its file has it as well, for the next start. */
  async function putInForce(change: BalancerChange): Promise<void> {
    const { drained, ...more } = change;
    if (drained === undefined || Object.keys(more).length > 0 || !program.drain) return reload();
    await write();
    version -= 1; // nobody was told of this file
    const isDrained = changes.some((each) => each.drained === drained);
    if (process.pid() !== undefined) await program.drain(drained, isDrained);
  }

  const shared = {
    kind: "balancer" as const,
    program: description.program,
    servers: names,
    alter: (change: BalancerChange) =>
      inTurn(async () => {
        changes.push(change);
        let isOver = false;
        const takeBack = async () => {
          if (isOver) return;
          if (changes.includes(change)) changes.splice(changes.indexOf(change), 1);
          await putInForce(change);
          isOver = true;
        };
        try {
          await putInForce(change);
        } catch (error) {
          await takeBack().catch(() => {}); // why it could not be put in force is what matters
          throw error;
        }
        return { [Symbol.asyncDispose]: () => inTurn(takeBack) };
      }),
    reload: () => inTurn(reload),
    workers: async () => (await ownWorkers()).map(({ pid }) => pid),
    async endWorkers(pids: readonly number[]) {
      const own = await shared.workers();
      const present = pids.filter((pid) => own.includes(pid));
      if (present.length > 0) await seat.end(present);
    },
    async visit(timeoutMs: number) {
      const answer = await get(url + VISIT_PATH, timeoutMs);
      if (!answer) return undefined;
      const server = answer.headers[SERVED_BY];
      return { status: answer.status, ...(typeof server === "string" && server !== "" ? { server } : {}) };
    },
    async handshakeBehind(timeoutMs: number) {
      const answer = await get(`${url}${MIRROR_PATH}?${TELL}`, timeoutMs, handshakeHeaders());
      if (!answer) return undefined;
      const { http, headers } = seenIn(answer.body);
      const { upgrade } = headers;
      return {
        status: answer.status,
        ...(http ? { http } : {}),
        ...(upgrade ? { upgrade: String(upgrade) } : {}),
      };
    },
    tunnel: (timeoutMs: number) => openTunnel(url + MIRROR_PATH, timeoutMs),
  };

  return {
    process,
    ports: [
      { ...shared, name: BALANCER },
      ...names.map((server) => ({ ...shared, name: `${server}/${BALANCER}`, server })),
    ],
    async start() {
      await write();
      await seat.check();
      await process.start();
      await process.becomeReady();
    },
  };
}

function seenIn(body: string): { http?: string; headers: Readonly<Record<string, unknown>> } {
  try {
    return JSON.parse(body);
  } catch {
    return { headers: {} }; // the balancer's own page
  }
}
