import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import frameDuplicate from "../../chaos/faults/frame-duplicate.ts";
import latency from "../../chaos/faults/latency.ts";
import type { FaultWindow } from "../../chaos/timeline.ts";
import type { External } from "../../reports/record/plan.ts";
import { findTools } from "../provision/tools.ts";
import { meetExternal } from "./external.ts";
import { smallPlan } from "./fixtures/small-plan.ts";
import type { ProcessNews } from "./process-port.ts";
import { createSupervisor, type Supervisor } from "./supervisor.ts";

let runDir: string;
let supervisor: Supervisor;
let news: ProcessNews[];
let server: http.Server;
let sockets: WebSocketServer;
let address: string;
beforeEach(async () => {
  runDir = await mkdtemp(path.join(os.tmpdir(), "seaworthy-run-"));
  supervisor = await createSupervisor({ runDir });
  news = [];
  server = http.createServer((_, response) => response.writeHead(404).end());
  sockets = new WebSocketServer({ server, path: "/stomp" });
  sockets.on("connection", (socket, request) => socket.send(`hello ${request.headers.origin}`));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await supervisor[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
  await rm(runDir, { recursive: true, force: true });
});

const meet = async (
  external: Partial<External>,
  timeline: readonly FaultWindow[] = [],
  allowHosts: string[] = [],
) =>
  meetExternal({
    plan: smallPlan(
      { kind: "external", urls: [`ws://${address}/stomp`], connectHeaders: {}, metricsUrls: [], ...external },
      timeline,
    ),
    tools: await findTools(),
    runDir,
    supervisor,
    allowHosts,
    signal: new AbortController().signal,
    onEvent: (event) => void news.push(event),
  });

const slow = (target: string): FaultWindow => {
  const { params, closes, drops } = latency;
  return { index: 0, fault: "latency", target, params, fromMs: 0, toMs: 1, closes, drops };
};

test("without a fault on its links a user's system is met directly, and nothing is started", async () => {
  await using target = await meet({ connectHeaders: { login: "{user}" }, origin: "https://shop.example" });
  expect(target.endpoints).toEqual([`ws://${address}/stomp`]);
  expect(target.topology).toEqual({ links: [], processes: [], stores: [] });
  expect(target.access).toEqual({
    kind: "headers",
    headers: { login: "{user}" },
    origin: "https://shop.example",
  });
  expect(news).toEqual([]);
});

test("E1: a fault on a link puts a proxy in front of that address only, path and all", async () => {
  await using target = await meet({ urls: [`ws://${address}/stomp`, `ws://${address}/stomp?b=2`] }, [
    slow("server-2/clients"),
  ]);
  expect(target.endpoints[0]).toBe(`ws://${address}/stomp`);
  const [link] = target.topology.links;
  expect(link?.name).toBe("server-2/clients");
  expect(target.endpoints[1]).toBe(`ws://${link?.listen}/stomp?b=2`);
  const undo = await latency.inject(link as never, latency.params);
  expect(await link?.roundTripMs(20_000)).toBeGreaterThanOrEqual(200);
  await undo[Symbol.asyncDispose]();
  const socket = new WebSocket(target.endpoints[1] as string, { origin: "https://shop.example" });
  const [hello] = await once(socket, "message");
  expect(String(hello)).toBe("hello https://shop.example");
  socket.terminate();
});

test("E55: a fault on single frames puts the frame proxy behind Toxiproxy on that address only", async () => {
  const urls = [`ws://${address}/stomp`, `ws://${address}/stomp?b=2`];
  const { params, closes, drops } = frameDuplicate;
  const window = {
    index: 0,
    fault: "frame-duplicate",
    target: "server-2/clients",
    params,
    fromMs: 0,
    toMs: 1,
  };
  await using target = await meet({ urls }, [{ ...window, closes, drops, frames: true }]);
  expect(target.endpoints[0]).toBe(urls[0]);
  const [link] = target.topology.links;
  expect(link?.name).toBe("server-2/clients");
  expect(link?.upstream).not.toBe(address);
  expect(Object.keys(target.pids()).sort()).toEqual(["frame-proxy", "toxiproxy"]);

  const got: string[] = [];
  const socket = new WebSocket(target.endpoints[1] as string, { origin: "https://shop.example" });
  socket.on("message", (data) => void got.push(String(data)));
  await once(socket, "message");
  const [served] = [...sockets.clients];
  const given = { ...frameDuplicate.params, frame: "data", copies: 2 };
  const undo = await frameDuplicate.inject(link as never, given);
  served?.send("thrice");
  await expect
    .poll(() => got, { timeout: 20_000 })
    .toEqual(["hello https://shop.example", "thrice", "thrice", "thrice"]);
  expect(await frameDuplicate.observed(link as never, given)).toBe(true);
  await undo[Symbol.asyncDispose]();
  expect(await frameDuplicate.healed(link as never, given)).toBe(true);
  served?.send("once");
  await expect.poll(() => got.at(-1), { timeout: 20_000 }).toBe("once");
  expect(got).toHaveLength(5);
  socket.terminate();
});

test("an address off this machine needs to be allowed, and nothing is sent before", async () => {
  for (const urls of [
    ["ws://shop.example/ws"],
    ["ws://192.0.2.7/ws"],
    ["ws://[2001:db8::1]/ws"],
    ["ws://10.0.0.1/"],
  ]) {
    await expect(meet({ urls })).rejects.toMatchObject({ code: "SW_NOT_ALLOWED" });
  }
  await expect(meet({ metricsUrls: ["http://198.51.100.1/metrics"] })).rejects.toMatchObject({
    code: "SW_NOT_ALLOWED",
  });
});

test("an allowed host is met, by its name alone or with its port", async () => {
  // .invalid never resolves (RFC 6761): what fails now is the connection, no longer the permission
  const urls = ["ws://shop.invalid:81/ws"];
  for (const allowed of ["shop.invalid", "shop.invalid:81"]) {
    await expect(meet({ urls }, [], [allowed])).rejects.toMatchObject({ code: "SW_START_FAILED" });
  }
  await expect(meet({ urls }, [], ["shop.invalid:82"])).rejects.toMatchObject({ code: "SW_NOT_ALLOWED" });
});

test("loopback needs no permission: 127.0.0.0/8 and localhost", async () => {
  const { port } = server.address() as AddressInfo;
  await using byName = await meet({ urls: [`ws://localhost:${port}/stomp`] });
  expect(byName.endpoints).toHaveLength(1);
});

test("what does not upgrade is SW_START_FAILED with what it answered instead", async () => {
  await expect(meet({ urls: [`ws://${address}/chat`] })).rejects.toMatchObject({
    code: "SW_START_FAILED",
    message: expect.stringContaining("400 Bad Request"),
  });
  server.closeAllConnections();
  server.close();
  await expect(meet({})).rejects.toMatchObject({
    code: "SW_START_FAILED",
    message: expect.stringContaining("ECONNREFUSED"),
  });
});

test("a fault on a wss:// address is refused: the proxy has no certificate for it", async () => {
  // the upgrade check would come first, so the check of the timeline must be before it
  await expect(meet({ urls: [`wss://${address}/stomp`] }, [slow("server-1/clients")])).rejects.toMatchObject({
    code: "SW_BAD_FAULT_WINDOW",
  });
});
