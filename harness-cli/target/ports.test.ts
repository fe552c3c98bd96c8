import { once } from "node:events";
import { readFileSync } from "node:fs";
import net from "node:net";
import { expect, test } from "vitest";
import { choosePorts } from "./ports.ts";

test("all ports differ, can be listened on, and lie below those of outgoing connections", async () => {
  const names = Array.from({ length: 40 }, (_, i) => `port-${i}`);
  const ports = Object.values(await choosePorts(names));
  expect(new Set(ports).size).toBe(40);
  const server = net.createServer().listen(ports[0] as number, "127.0.0.1");
  await once(server, "listening");
  server.close();
  if (process.platform !== "linux") return;
  const ephemeralFrom = Number(
    readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/)[0],
  );
  for (const port of ports) expect(port).toBeLessThan(ephemeralFrom);
});

test("an occupied port that was asked for is SW_PORT_TAKEN and names who wanted it", async () => {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  await expect(choosePorts(["redis", "server-1"], { "server-1": port })).rejects.toMatchObject({
    code: "SW_PORT_TAKEN",
    message: expect.stringContaining(`port ${port} for server-1`),
  });
  server.close();
});
