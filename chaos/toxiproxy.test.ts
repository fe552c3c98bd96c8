import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { toxiproxyLink } from "./toxiproxy.ts";

test("E62: a toxic hits every connection of its link: toxicity is always 1", async () => {
  const asked: string[] = [];
  const api = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    asked.push(`${request.method} ${request.url} ${body}`);
    response.end(body);
  }).listen(0, "127.0.0.1");
  await once(api, "listening");
  const link = toxiproxyLink({
    apiUrl: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    name: "server-1/clients",
    listen: "127.0.0.1:1",
    upstream: "127.0.0.1:2",
    probe: "http",
  });
  await link.addToxic({ name: "slow", type: "latency", stream: "upstream", attributes: { latency: 5 } });
  api.close();
  expect(asked).toHaveLength(1);
  expect(JSON.parse(asked[0]?.split("/toxics ")[1] as string)).toMatchObject({ name: "slow", toxicity: 1 });
});
