import { createServer } from "node:http";
import { route } from "./app/application.ts";
import { chatSend } from "./app/chat-send.ts";
import { createAuthenticator } from "./auth.ts";
import { Broker } from "./broker.ts";
import type { Config } from "./config.ts";
import { Connection, type ConnectionLimits } from "./connection.ts";
import { roomTopic, SERVER_EVENTS } from "./destinations.ts";
import { stopSteps } from "./drain.ts";
import { guardUpgrades } from "./gate.ts";
import { createPages, type Readiness } from "./http.ts";
import { createLog, reasonOf } from "./log.ts";
import { type ChatMessage, messageId, toDto } from "./message.ts";
import { createMetrics } from "./metrics.ts";
import { Outbox } from "./outbox.ts";
import { pause } from "./pause.ts";
import { PersistQueue } from "./persist-queue.ts";
import type { Policies } from "./policies.ts";
import { PublishedMarks } from "./published-marks.ts";
import { startPulse } from "./pulse.ts";
import { Relay } from "./relay.ts";
import type { SessionServices } from "./session.ts";
import { Store } from "./store.ts";

/** For a request's head (A11). */
const REQUEST_DEADLINE_MS = 20_000;
const CREATE_TABLES_RETRY_MS = 250;
const CLOSE_STORE_DEADLINE_MS = 2_000;

export interface Server {
  /** Resolves with the port once it listens. Clients are let in when the stores answer. */
  listen(): Promise<number>;
  /** The planned stop, by policy. Resolves when everything is let go. */
  stop(): Promise<void>;
}

/** Puts the parts together. Nothing here decides: `policies` does. */
export function createTargetServer(config: Config, policies: Policies): Server {
  const { serverId } = config;
  const log = createLog(serverId, config.logLevel);
  const metrics = createMetrics();
  const broker = new Broker();
  const connections = new Set<Connection>();
  let state: "starting" | "serving" | "draining" = "starting";

  // A message's way in: persist queue, store, outbox, relay …
  const store = new Store(config.postgres, (reason) =>
    log.warn("an idle Postgres connection broke", { reason }),
  );
  const persistQueue = new PersistQueue({
    ...config.work,
    insert: (batch) => store.insert(batch),
    observe: (stage, seconds) => metrics.processingSeconds.observe({ stage }, seconds),
  });
  const relay = new Relay({
    redis: config.redis,
    log,
    metrics,
    highestSequence: (roomId) => store.highestSequence(roomId),
    deliver: ({ destination, msgId, originServerId, seq, payload }) =>
      fanOut(destination, { "message-id": msgId, "server-id": originServerId, seq: String(seq) }, payload),
  });
  const outbox: Outbox = new Outbox({
    capacity: config.outboxCapacity,
    publish: policies.broadcast({ relay: relay.publish, local: deliverLocally }),
    relayReady: () => relay.ready(),
    published: (message, seq, seconds) => {
      metrics.processingSeconds.observe({ stage: "publish" }, seconds);
      marks.add(message, seq);
    },
    failed: () => metrics.relayPublishErrors.inc(),
  });
  const marks = new PublishedMarks(store, outbox, log, () => relay.live);

  // … and out: broker, connections.
  function fanOut(destination: string, headers: Readonly<Record<string, string>>, body: string): void {
    const startMs = performance.now();
    const all = { destination, ...headers, "content-type": "application/json" };
    metrics.sent.inc(broker.deliver(destination, { headers: all, body }));
    metrics.processingSeconds.observe({ stage: "write" }, (performance.now() - startMs) / 1_000);
  }

  function deliverLocally(message: ChatMessage, seq: number): void {
    const headers = { "message-id": message.id, "server-id": message.serverId, seq: String(seq) };
    fanOut(roomTopic(message.roomId), headers, JSON.stringify(toDto(message, seq)));
  }

  const applications = [
    chatSend({
      serverId,
      policies,
      persist: async (message) => {
        const persisted = await persistQueue.add(message);
        if (persisted.how === "rejected") metrics.queueRejected.inc({ queue: "persist" });
        return persisted;
      },
      broadcast: (message) => outbox.add(message),
      overloaded: () => {
        if (!outbox.full) return undefined;
        metrics.queueRejected.inc({ queue: "outbox" });
        return "too many messages are waiting to be published";
      },
    }),
  ];

  const http = createServer({ headersTimeout: REQUEST_DEADLINE_MS, requestTimeout: REQUEST_DEADLINE_MS });
  const pages = createPages({ serverId, defects: config.defects, metrics, readiness });
  http.on("request", (request, response) => {
    pages(request, response).catch((error: unknown) => {
      log.error("a page failed", { reason: reasonOf(error) });
      response.destroy();
    });
  });

  const services: SessionServices = {
    serverId,
    policies,
    broker,
    metrics,
    log,
    authenticate: createAuthenticator(config.jwtSecret),
    beat: { sendsMs: config.beatMs, wantsMs: config.beatMs },
    subscriptionsMax: config.subscriptionsMax,
    apply: route(applications),
  };
  const limits: ConnectionLimits = {
    messageBytesMax: config.messageBytesMax,
    firstMessageMs: config.firstMessageMs,
    pingMs: config.beatMs,
    eviction: config.eviction,
  };
  const admission = { policies, config, state: () => state, connections: () => connections.size };
  guardUpgrades(http, admission, config.messageBytesMax, metrics, (ws, socket) => {
    const connection = new Connection(ws, socket, limits, services);
    connections.add(connection);
    void connection.gone.then(() => connections.delete(connection));
  });

  const pulse = startPulse(connections, config.beatMs, metrics);
  metrics.connectionsMax.set(config.connectionsMax);
  metrics.dbPoolMax.set(config.postgres.poolMax);
  metrics.watch({
    pool: () => store.occupancy(),
    persist: () => persistQueue.depth,
    outbox: () => outbox.depth,
  });

  async function readiness(): Promise<Readiness> {
    const [redis, postgres] = await Promise.all([relay.notReady(), store.notReady()]);
    const reasons = {
      ...(redis === undefined ? {} : { redis }),
      ...(postgres === undefined ? {} : { postgres }),
      ...(state === "serving" ? {} : { server: state }),
    };
    return { ready: Object.keys(reasons).length === 0, reasons };
  }

  async function createTables(): Promise<void> {
    for (;;) {
      try {
        return await store.createTables();
      } catch (error) {
        if (state === "draining") return;
        log.warn("could not create the tables yet", { reason: reasonOf(error) });
        await pause(CREATE_TABLES_RETRY_MS);
      }
    }
  }

  async function letClientsIn(): Promise<void> {
    await Promise.all([createTables(), relay.subscribed]);
    if (state === "draining") return;
    state = "serving";
    log.info("ready", { sinceStartMs: Math.round(performance.now()) });
  }

  function notice(): void {
    const reconnectAfterMs = { min: Math.round(config.drainMs / 6), max: config.drainMs };
    const body = JSON.stringify({ type: "shutdown", serverId, reconnectAfterMs });
    fanOut(SERVER_EVENTS, { "message-id": messageId(), "server-id": serverId }, body);
  }

  return {
    listen: async () => {
      void letClientsIn();
      const port = await new Promise<number>((resolve, reject) => {
        http.once("error", reject);
        http.listen({ host: config.host, port: config.port, backlog: config.backlog }, () => {
          const address = http.address();
          resolve(typeof address === "object" && address !== null ? address.port : config.port);
        });
      });
      log.info("listening", { host: config.host, port, defects: config.defects });
      return port;
    },
    stop: async () => {
      state = "draining";
      const { drainMs } = config;
      log.info("draining", { connections: connections.size, drainMs });
      await policies.stop(stopSteps({ drainMs, connections, persistQueue, outbox, marks, log, notice }));
      marks.stop();
      pulse[Symbol.dispose]();
      http.close();
      http.closeAllConnections();
      relay.close();
      await Promise.race([store.close(), pause(CLOSE_STORE_DEADLINE_MS)]);
      log.info("stopped");
    },
  };
}
