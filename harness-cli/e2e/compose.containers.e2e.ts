import { type IMessage, Client as StompJs } from "@stomp/stompjs";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import WebSocket from "ws";
import { choosePorts } from "../target/ports.ts";
import { eventually } from "./cli-process.ts";
import { command, leftWith, npmRegistry } from "./docker-command.ts";

const PROJECT = `seaworthy-test-${process.pid}`;
const SECRET = "0123456789abcdef0123456789abcdef";
const ORIGIN = "http://localhost:8080";
const WAIT_MS = 20_000;

describe.skipIf(inject("noContainers") !== undefined)("docker-compose.yml", () => {
  let env: Readonly<Record<string, string>>;
  let port: Readonly<Record<"nginx" | "haproxy" | "toxiproxy", number>>;
  const compose = (...args: string[]) =>
    command("docker", ["compose", "--project-name", PROJECT, ...args], env);
  const says = async (...args: string[]) => {
    const { code, out, err } = await compose(...args);
    expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
    return out;
  };

  beforeAll(async () => {
    port = await choosePorts(["nginx", "haproxy", "toxiproxy"]);
    env = {
      NPM_REGISTRY: await npmRegistry(),
      JWT_SECRET: SECRET,
      SEAWORTHY_PORT: String(port.nginx),
      SEAWORTHY_HAPROXY_PORT: String(port.haproxy),
      SEAWORTHY_TOXIPROXY_PORT: String(port.toxiproxy),
    };
  });
  afterAll(async () => {
    if (env) await compose("--profile", "*", "down", "--volumes", "--timeout", "2");
  });

  test("E67, F14: publishes on 127.0.0.1 only, limits everything, restarts nothing by itself", async () => {
    const { services } = JSON.parse(await says("--profile", "*", "config", "--format", "json")) as {
      services: Record<
        string,
        { restart: string; mem_limit: string; cpus: number; ports?: { host_ip: string }[]; image: string }
      >;
    };
    expect(Object.keys(services)).toHaveLength(11);
    for (const [name, service] of Object.entries(services)) {
      expect([name, service.restart]).toEqual([name, "no"]);
      expect(Number(service.mem_limit), name).toBeGreaterThan(0);
      expect(service.cpus, name).toBeGreaterThan(0);
      for (const { host_ip } of service.ports ?? []) expect([name, host_ip]).toEqual([name, "127.0.0.1"]);
    }
    expect(Object.values(services).filter(({ ports }) => ports).length).toBe(5);
  });

  test("A96: comes up healthy, and people chat across instances through both balancers", async () => {
    await says("--profile", "haproxy", "up", "--wait", "--wait-timeout", "120");
    for (const balancer of [port.nginx, port.haproxy]) {
      await using people = await roomOf(
        balancer,
        ["ada", "bob", "cyd", "dee", "eve", "fay"],
        `room-${balancer}`,
      );
      for (const { client, name } of people.all) {
        client.publish({
          destination: `/app/chat.send/${people.room}`,
          body: JSON.stringify({ content: `from ${name}` }),
        });
      }
      const bodies = () => people.all.map(({ heard }) => heard.map(contentOf).sort());
      const everything = people.all.map(({ name }) => `from ${name}`).sort();
      const seen = await eventually(
        async () => bodies(),
        (all) => all.every((heard) => heard.length >= everything.length),
        WAIT_MS,
      );
      expect(seen).toEqual(people.all.map(() => everything));
      // Each instance puts its name on what it accepts (A143).
      const instances = new Set(people.all[0]?.heard.map(instanceOf));
      expect(instances.size, `through ${balancer}`).toBe(3);
    }
  });

  test("B178: the balancers pass nothing on that is the servers' own", async () => {
    for (const balancer of [port.nginx, port.haproxy]) {
      const status = async (path: string) => (await fetch(`http://127.0.0.1:${balancer}${path}`)).status;
      expect(await status("/health/live")).toBe(200);
      expect(await status("/metrics")).toBe(404);
      expect(await status("/internal/switches")).toBe(404);
    }
  });

  test("the k6 image plays the checked-in entry through the balancer", { tags: "timed" }, async () => {
    const { code, err } = await compose("--profile", "k6", "run", "--rm", "--no-TTY", "k6");
    expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
    // 60 people in rooms of 10, a message a second each for half a minute.
    const [, delivered] = /delivered (\d+), 0 odd, 0 ERROR frames/.exec(err) ?? [];
    expect(Number(delivered)).toBeGreaterThan(10_000);
    expect(err).toContain("60 × 1000 self; abandoned: 0");
  });

  test("down -v leaves nothing", async () => {
    const label = `com.docker.compose.project=${PROJECT}`;
    expect((await leftWith(label)).length).toBeGreaterThan(7);
    await says("--profile", "*", "down", "--volumes", "--timeout", "5");
    expect(await leftWith(label)).toEqual([]);
  });
});

interface Person {
  readonly name: string;
  readonly client: StompJs;
  readonly heard: IMessage[];
}

async function roomOf(balancer: number, names: readonly string[], room: string) {
  const all = await Promise.all(names.map((name) => enter(balancer, name, room)));
  return {
    all,
    room,
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map(({ client }) => client.deactivate()));
    },
  };
}

/** Connected, and its subscription confirmed by a receipt. */
async function enter(balancer: number, name: string, room: string): Promise<Person> {
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(name)
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(SECRET));
  const heard: IMessage[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const client = new StompJs({
    webSocketFactory: () =>
      new WebSocket(`ws://127.0.0.1:${balancer}/ws`, ["v12.stomp"], { origin: ORIGIN }) as never,
    connectHeaders: { Authorization: `Bearer ${token}` },
    reconnectDelay: 0,
    onConnect() {
      client.watchForReceipt(`in-${name}`, () => resolve());
      client.subscribe(`/topic/room.${room}`, (message) => heard.push(message), { receipt: `in-${name}` });
    },
    onStompError: ({ headers }) => reject(new Error(`${name}: ${headers.message}`)),
    onWebSocketClose: ({ code }) => reject(new Error(`${name} was closed with ${code}`)),
  });
  client.activate();
  await promise;
  return { name, client, heard };
}

function contentOf(message: IMessage): string {
  return (JSON.parse(message.body) as { content: string }).content;
}

function instanceOf(message: IMessage): string | undefined {
  return message.headers["server-id"];
}
