/**
 * The frame proxy as a process of its own, so that it takes no time from whoever measures and can be spoken to by more
 * than one: `node main.ts config.json`. Control listens last: when it answers, every link does.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { argv } from "node:process";
import { controlServer } from "./control.ts";
import { LinkProxy, type LinkProxyOptions } from "./link-proxy.ts";

export interface FrameProxyConfig {
  /** Of the run: it ranks the users, see `victims.ts`. */
  readonly seed: number;
  readonly controlPort: number;
  /** Default 127.0.0.1; in a container it listens for others. */
  readonly controlHost?: string;
  readonly links: readonly Omit<LinkProxyOptions, "seed">[];
}

if (import.meta.main) {
  const config: FrameProxyConfig = JSON.parse(readFileSync(argv[2] as string, "utf8"));
  const { seed, controlPort, controlHost = "127.0.0.1", links } = config;
  const proxies = links.map((link) => new LinkProxy({ ...link, seed }));
  for (const proxy of proxies) await proxy.listen();
  const control = controlServer(proxies).listen(controlPort, controlHost);
  await once(control, "listening");
}
