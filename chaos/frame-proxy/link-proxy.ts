import { randomUUID } from "node:crypto";
import net from "node:net";
import type { Stream } from "../topology.ts";
import { ProxiedConnection } from "./connection.ts";
import type { FrameRule, RuleState } from "./rule.ts";
import { chooseVictims } from "./victims.ts";

export interface LinkProxyOptions {
  /** `server-1/clients`. */
  readonly name: string;
  /** `host:port`. */
  readonly listen: string;
  readonly upstream: string;
  readonly seed: number;
}

interface InForce {
  readonly rule: FrameRule;
  readonly victims: readonly ProxiedConnection[];
  readonly of: number;
}

/** One address in front of one WebSocket server. */
export class LinkProxy {
  readonly name: string;
  readonly #options: LinkProxyOptions;
  readonly #server: net.Server;
  readonly #connections = new Set<ProxiedConnection>();
  readonly #rules = new Map<string, InForce>();
  #accepted = 0;
  /** Of connections that are gone. */
  readonly #framesBefore: Record<Stream, number> = { upstream: 0, downstream: 0 };

  constructor(options: LinkProxyOptions) {
    this.name = options.name;
    this.#options = options;
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  /** Rejects when the address is taken. */
  listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen({ ...addressOf(this.#options.listen), exclusive: true }, resolve);
    return promise;
  }

  /** Ends every connection and listens no more. */
  close(): void {
    this.#server.close();
    for (const connection of this.#connections) connection.destroy();
  }

  /** Open connections and the frames of all so far. */
  traffic(): { readonly connections: number; readonly upstream: number; readonly downstream: number } {
    let { upstream, downstream } = this.#framesBefore;
    for (const connection of this.#connections) {
      upstream += connection.frames("upstream");
      downstream += connection.frames("downstream");
    }
    return { connections: this.#connections.size, upstream, downstream };
  }

  /** Puts the rule in force on victims chosen among the connections that are open now. */
  disturb(rule: FrameRule): string {
    const candidates = [...this.#connections].filter((connection) => connection.carriesFrames);
    const victims = chooseVictims(candidates, (connection) => connection.name, {
      seed: this.#options.seed,
      label: rule.label,
      count: rule.victims,
    });
    const id = randomUUID();
    this.#rules.set(id, { rule, victims, of: candidates.length });
    for (const victim of victims) victim.apply(rule);
    return id;
  }

  state(id: string): RuleState | undefined {
    const inForce = this.#rules.get(id);
    if (inForce === undefined) return undefined;
    const { rule, victims, of } = inForce;
    return { victims: victims.map((victim) => victim.asVictim(rule)), of };
  }

  /** Its last state, undefined when it is not in force. */
  lift(id: string): RuleState | undefined {
    const last = this.state(id);
    const inForce = this.#rules.get(id);
    this.#rules.delete(id);
    for (const victim of inForce?.victims ?? []) victim.lift(inForce!.rule);
    return last;
  }

  #accept(client: net.Socket): void {
    const server = net.connect({ ...addressOf(this.#options.upstream), allowHalfOpen: true, noDelay: true });
    const connection = new ProxiedConnection(++this.#accepted, client, server, () => {
      this.#connections.delete(connection);
      for (const stream of ["upstream", "downstream"] as const)
        this.#framesBefore[stream] += connection.frames(stream);
    });
    this.#connections.add(connection);
  }
}

function addressOf(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(address.slice(colon + 1)) };
}
