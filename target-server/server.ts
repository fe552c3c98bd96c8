import { createServer } from "node:http";
import { exportActivity } from "./activity-metrics.ts";
import { type Admission, pathOf } from "./admission.ts";
import { route } from "./app/application.ts";
import { chatSend } from "./app/chat-send.ts";
import { tokenRefresh } from "./app/token-refresh.ts";
import type { Identity } from "./auth.ts";
import { Broker } from "./broker.ts";
import type { Config } from "./config.ts";
import { Connection, type ConnectionLimits } from "./connection.ts";
import { createDelivery, createRoomLog, type Delivery, remember } from "./delivery/delivery.ts";
import { roomOfTopic, roomTopic, SERVER_EVENTS } from "./destinations.ts";
import { announced, stopSteps } from "./drain.ts";
import { openFilesMax } from "./file-limit.ts";
import { guardUpgrades } from "./gate.ts";
import { createPages, type Readiness } from "./http.ts";
import { createIdentity } from "./identity.ts";
import { identityRoutes } from "./identity-routes.ts";
import { createLog, reasonOf } from "./log.ts";
import { type ChatMessage, messageId, toDto } from "./message.ts";
import { createMetrics } from "./metrics.ts";
import { createOrdering } from "./ordering/create-ordering.ts";
import { Outbox } from "./outbox.ts";
import { pause } from "./pause.ts";
import { PersistQueue } from "./persist-queue.ts";
import type { Policies } from "./policies.ts";
import { PublishedMarks } from "./published-marks.ts";
import { startPulse } from "./pulse.ts";
import { openRedisQuestion } from "./redis-question.ts";
import { Relay } from "./relay.ts";
import { fullestRooms, RoomActivity, sumOf } from "./room-activity.ts";
import type { Route } from "./route.ts";
import type { SessionServices } from "./session.ts";
import { isSockJsWebSocket } from "./sockjs/address.ts";
import { createSockJs } from "./sockjs/endpoint.ts";
import { SockJsWebSocket } from "./sockjs/web-socket-wire.ts";
import { Store } from "./store.ts";
import { type Switches, switchRoutes } from "./switches.ts";
import type { Wire, WireOutlet } from "./wire.ts";

/** How often half-sent requests are looked for; Node's own 30 s would let them live that much longer (B175). */
const HEAD_CHECK_MS = 1_000;
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
  const switches: Switches = { ready: true, logLevel: config.logLevel, clockOffsetMs: 0 };
  const log = createLog(serverId, () => switches.logLevel);
  const metrics = createMetrics();
  const broker = new Broker();
  const roomActivity = new RoomActivity();
  const connections = new Set<Connection>();
  let state: "starting" | "serving" | "draining" = "starting";

  // A message's way in: persist queue, store, outbox, relay …
  const store = new Store(
    config.postgres,
    (reason) => log.warn("an idle Postgres connection broke", { reason }),
    (seconds) => metrics.dbAcquireSeconds.observe(seconds),
  );
  const work = { ...config.work, capacity: policies.persistCapacity(config.work.capacity) };
  const persistQueue = new PersistQueue({
    ...work,
    lane: (message) => ordering.lane(message),
    insert: (batch) =>
      policies.write({
        messages: batch,
        commit: () => store.insert(batch),
        inTransaction: (written) => store.insert(batch, written),
        broadcast: (message) => outbox.add(message),
      }),
    observe: (stage, seconds) => metrics.processingSeconds.observe({ stage }, seconds),
  });
  const roomLog = createRoomLog();
  const relay = new Relay({
    redis: config.redis,
    log,
    metrics,
    highestSequence: (roomId) => store.highestSequence(roomId),
    serverId,
    mode: config.relay,
    readStream: policies.readStream,
    roomCounter: policies.roomCounter,
    listen: policies.listen,
    remember: (envelope) => remember(roomLog, envelope),
    missed: () => roomLog.clear(),
    deliver: (envelope) => {
      if (delivery.takes(envelope)) return;
      const { destination, msgId, originServerId, seq, payload } = envelope;
      const headers = { "message-id": msgId, "server-id": originServerId };
      fanOut(destination, seq > 0 ? { ...headers, seq: String(seq) } : headers, payload);
    },
  });
  const publishing = {
    publish: policies.broadcast({ relay: relay.publish, local: deliverLocally }),
    published: (message: ChatMessage, seq: number, seconds: number) => {
      metrics.processingSeconds.observe({ stage: "publish" }, seconds);
      marks.add(message, seq);
    },
    failed: () => metrics.relayPublishErrors.inc(),
  };
  const outbox: Outbox = new Outbox({
    ...publishing,
    capacity: config.outboxCapacity,
    relayReady: () => relay.ready(),
  });
  const marks = new PublishedMarks(store, outbox, log, () => relay.live && policies.takesOverUnpublished());

  const orderingMode = policies.orderingMode(config.ordering.mode);
  const ordering = createOrdering({
    ...publishing,
    mode: orderingMode,
    policies,
    redis: relay.redis,
    lockLifeMs: config.ordering.lockLifeMs,
    capacity: work.capacity,
    steps: {
      persist: async (message) => {
        const persisted = await persistQueue.add(message);
        if (persisted.how === "rejected") metrics.queueRejected.inc({ queue: "persist" });
        return persisted;
      },
      broadcast: (message) => outbox.add(message),
    },
    behind: () => outbox.depth > 0,
  });

  // … and out: broker, connections.
  function fanOut(destination: string, headers: Readonly<Record<string, string>>, body: string): void {
    const startMs = performance.now();
    const room = roomOfTopic(destination);
    if (room !== undefined) roomActivity.add(room);
    const all = { destination, ...headers, "content-type": "application/json" };
    policies.fanOut(() => {
      metrics.sent.inc(broker.deliver(destination, { headers: all, body }));
    }, everyoneTook);
    metrics.processingSeconds.observe({ stage: "write" }, (performance.now() - startMs) / 1_000);
  }

  /** Resolves once nothing that was sent until now waits for any client, or the client is gone. */
  async function everyoneTook(): Promise<void> {
    await Promise.all([...connections].map((connection) => connection.tookAll()));
  }

  function deliverLocally(message: ChatMessage, seq: number): void {
    const headers = { "message-id": message.id, "server-id": message.serverId, seq: String(seq) };
    fanOut(roomTopic(message.roomId), headers, JSON.stringify(toDto(message, seq)));
  }

  const identity = createIdentity({
    config,
    policies,
    log,
    metrics,
    isMember: (user, room) => store.isMember(user, room),
  });
  const delivery: Delivery = createDelivery({
    ...{ config, policies, metrics, log, broker, store, relay, roomLog, outbox, identity },
  });
  const applications = [
    ...delivery.applications,
    tokenRefresh({ serverId, policies, tokens: config.tokens }),
    chatSend({
      serverId,
      policies,
      membership: identity.membership,
      ordering,
      overloaded: () => {
        if (!outbox.full) return undefined;
        metrics.queueRejected.inc({ queue: "outbox" });
        return "too many messages are waiting to be published";
      },
    }),
  ];

  const { headMs, keepAliveMs } = policies.httpTimeouts(config.httpTimeouts);
  const http = createServer({
    headersTimeout: headMs,
    requestTimeout: headMs,
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: Math.min(HEAD_CHECK_MS, config.httpTimeouts.headMs),
  });
  const routes: Route[] = [
    ...switchRoutes(switches, (what) => log.warn("a drill turned switches", what)),
    ...delivery.routes,
    ...identityRoutes({
      identity,
      policies,
      metrics,
      log,
      setMember: (room, user, member) => store.setMember(room, user, member),
    }),
  ];
  const mayUseInternal = (authorization: string | undefined) =>
    policies.mayUseInternal(authorization, config.internalToken);
  const pages = createPages({
    serverId,
    defects: config.defects,
    metrics,
    webSocketPaths: config.webSocketPaths,
    exposeMetrics: policies.exposeMetrics,
    isAlive: () => policies.isAlive(() => relay.notReady()),
    readiness,
    routes,
    mayUseInternal,
  });
  http.on("request", (request, response) => {
    if (sockJs(request, response)) return;
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
    authenticate: identity.authenticate,
    identity: {
      tokenGraceMs: config.tokenGraceMs,
      sendLimits: identity.sendLimits,
      membership: identity.membership,
      tierAccess: config.tierAccess,
      isRevoked: (user, tokenId) => identity.revocations.isRevoked(user, tokenId),
      enter: (session) => identity.users.enter(session),
      leave: (session) => identity.users.leave(session),
    },
    ordering: orderingMode,
    beat: policies.offerBeat({ sendsMs: config.beatMs, wantsMs: config.beatMs }),
    subscriptionsMax: config.subscriptionsMax,
    unacknowledgedMax: {
      depth: config.unacknowledgedMax,
      bytes: config.eviction.bytes,
      ageMs: Number.POSITIVE_INFINITY,
    },
    enter: delivery.enter,
    apply: route(applications, (request) =>
      policies.sendToBroker(request, (destination, body) => fanOut(destination, {}, body)),
    ),
  };
  const sizes = policies.sizeLimits(config.messageBytesMax);
  const limits: ConnectionLimits = {
    frameBytesMax: sizes.stompFrame,
    firstMessageMs: config.firstMessageMs,
    pingMs: config.pings ? config.beatMs : Number.POSITIVE_INFINITY,
    eviction: config.eviction,
  };
  const admission: Admission = {
    policies,
    config,
    state: () => state,
    connections: () => connections.size,
    handshakeWaits: identity.handshakeWaits,
    handshake: identity.handshake,
  };
  function take(wire: Wire, outlet: WireOutlet, shown?: Identity): void {
    const connection = new Connection(wire, outlet, limits, services, shown);
    connections.add(connection);
    void connection.gone.then(() => connections.delete(connection));
  }
  guardUpgrades(http, admission, sizes.webSocketMessage, metrics, (ws, socket, request, shown) => {
    if (!isSockJsWebSocket(pathOf(request), config.webSocketPaths)) return take(ws, socket, shown);
    const wire = new SockJsWebSocket(ws, socket, config.sockJs.heartbeatMs);
    take(wire, wire.outlet, shown);
  });
  const sockJs = createSockJs({
    admission,
    times: config.sockJs,
    bytesMax: sizes.webSocketMessage,
    admit: (session, shown) => take(session, session.outlet, shown),
    handshake: (result) => metrics.handshakes.inc({ result }),
  });

  const pulse = startPulse(connections, config.beatMs, metrics);
  metrics.connectionsMax.set(config.connectionsMax);
  metrics.connectionsTarget.set(config.connectionsTarget);
  metrics.dbPoolMax.set(config.postgres.poolMax);
  metrics.watch({
    pool: () => store.occupancy(),
    persist: () => persistQueue.depth,
    outbox: () => outbox.depth,
    roomQueues: ordering.roomQueues,
  });
  exportActivity(metrics.registry, {
    subscriptions: () => sumOf(broker.audiences()),
    busiestRooms: (limit) => roomActivity.busiest(limit),
    fullestRooms: (limit) => fullestRooms(broker.audiences(), limit),
  });

  async function readiness(): Promise<Readiness> {
    const asked = policies.askRedis({
      shared: () => relay.notReady(),
      open: () => openRedisQuestion(config.redis, log),
    });
    const [relayed, postgres] = await Promise.all([asked, store.notReady()]);
    const redis = relayed ?? identity.notReady();
    const reasons = {
      ...(redis === undefined ? {} : { redis }),
      ...(postgres === undefined ? {} : { postgres }),
      ...(state === "serving" ? {} : { server: state }),
      ...(switches.ready ? {} : { drill: "switched off" }),
    };
    const pool = { ...store.occupancy(), max: config.postgres.poolMax };
    return { ready: Object.keys(reasons).length === 0, reasons, pool };
  }

  async function createTables(): Promise<void> {
    for (;;) {
      try {
        return await store.createTables(delivery.schema);
      } catch (error) {
        if (state === "draining") return;
        log.warn("could not create the tables yet", { reason: reasonOf(error) });
        await pause(CREATE_TABLES_RETRY_MS);
      }
    }
  }

  async function letClientsIn(): Promise<void> {
    await Promise.all([createTables(), relay.subscribed, identity.revocations.loaded]);
    if (state === "draining") return;
    state = "serving";
    log.info("ready", { sinceStartMs: Math.round(performance.now()) });
  }

  function noticeBody(): string {
    return JSON.stringify({ type: "shutdown", serverId, reconnectAfterMs: announced(config.drainMs) });
  }

  function notice(): void {
    fanOut(SERVER_EVENTS, { "message-id": messageId(), "server-id": serverId }, noticeBody());
  }

  async function noticeToAll(): Promise<void> {
    await relay.tell({
      destination: SERVER_EVENTS,
      userId: null,
      originServerId: serverId,
      timestamp: Date.now(),
      msgId: messageId(),
      seq: 0,
      payload: noticeBody(),
    });
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
      log.info("listening", {
        host: config.host,
        port,
        defects: config.defects,
        openFilesMax: openFilesMax() ?? "unknown",
      });
      return port;
    },
    stop: async () => {
      state = "draining";
      const { drainMs } = config;
      log.info("draining", { connections: connections.size, drainMs });
      const parts = { drainMs, connections, persistQueue, outbox, marks, log, notice, noticeToAll };
      await policies.stop(stopSteps(parts));
      await delivery.flush();
      delivery.stop();
      marks.stop();
      pulse[Symbol.dispose]();
      http.close();
      http.closeAllConnections();
      relay.close();
      await identity[Symbol.asyncDispose]();
      await Promise.race([store.close(), pause(CLOSE_STORE_DEADLINE_MS)]);
      log.info("stopped");
    },
  };
}
