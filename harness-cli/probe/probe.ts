import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type WebSocket, WebSocketServer } from "ws";
import type { ProbeSample } from "../../reports/record/samples.ts";
import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import { goneWithin } from "../load/engine-process.ts";
import { thisMachine } from "../provision/machine.ts";
import { compileCache } from "../target/compile-cache.ts";
import type { Supervisor } from "../target/supervisor.ts";
import type { ProbeOrder, ProbeReport, ProbeTask } from "./messages.ts";

/** A second witness beside k6. It is evidence, not load: what happens to it never ends the run. */
export interface RunningProbe extends AsyncDisposable {
  readonly pids: { readonly probe: number };
  begin(task: ProbeTask): void;
  /** Where the load listens, the probe may. */
  telemetry(line: Telemetry): void;
  /** Resolves when its last report is in. */
  stop(): Promise<void>;
}

/** Only topics: a listener more takes nothing away from anybody there, as it would from a queue or from a user. */
const OPEN_TO_ALL = /^\/topic\//;
/** For its last report and its close frames. */
const STOP_GRACE_MS = 3_000;
/** It runs from source here and as JavaScript in the published package. */
const program = fileURLToPath(
  new URL(`./main${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);

export async function startProbe(options: {
  readonly node: string;
  readonly runDir: string;
  readonly supervisor: Pick<Supervisor, "spawn">;
  onSample(sample: ProbeSample): void;
  /** It ended before its time. */
  onLost(detail: string): void;
}): Promise<RunningProbe> {
  const { node, runDir, supervisor, onSample, onLost } = options;
  // Secret, so that nothing else on this machine can write into the record.
  const address = `/${randomBytes(16).toString("hex")}`;
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: address, perMessageDeflate: false });
  await once(server, "listening");
  const orders: string[] = [];
  const known = new Set<string>();
  server.on("connection", (socket: WebSocket) => {
    for (const order of orders) socket.send(order);
    socket.on("error", () => {});
    socket.on("message", (data) => onSample({ kind: "probe", ...(JSON.parse(String(data)) as ProbeReport) }));
  });

  function tell(order: ProbeOrder): void {
    const text = JSON.stringify(order);
    orders.push(text);
    for (const socket of server.clients) socket.send(text);
  }

  const child = await supervisor.spawn({
    name: "probe",
    command: node,
    args: [program],
    env: {
      SEAWORTHY_PROBE: `ws://127.0.0.1:${(server.address() as AddressInfo).port}${address}`,
      ...compileCache(thisMachine()),
    },
    cwd: runDir,
    logFile: path.join(runDir, "logs", "probe.log"),
  });

  let stopped: Promise<void> | undefined;
  void child.exit.then(({ code, signal }) => {
    if (!stopped) onLost(`probe: exit ${code ?? signal}, see logs/probe.log`);
  });
  async function stop(): Promise<void> {
    tell({ type: "stop" });
    if (!(await goneWithin(child, STOP_GRACE_MS))) await child.stop();
    for (const socket of server.clients) socket.terminate();
    server.close();
  }
  const stopOnce = () => {
    stopped ??= stop();
    return stopped;
  };

  return {
    pids: { probe: child.pid },
    begin: (task) => tell({ type: "task", task }),
    telemetry(line) {
      if (line.type !== "flush") return;
      for (const event of line.connections) {
        if (event.what !== "subscribed" || known.has(event.destination)) continue;
        known.add(event.destination);
        if (OPEN_TO_ALL.test(event.destination))
          tell({ type: "destination", destination: event.destination });
      }
    },
    stop: stopOnce,
    [Symbol.asyncDispose]: stopOnce,
  };
}
