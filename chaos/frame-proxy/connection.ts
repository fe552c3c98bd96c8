import type { Socket } from "node:net";
import type { Stream } from "../topology.ts";
import { Flow } from "./flow.ts";
import { asksForWebSocket, HeadReader, switchesProtocols, withoutExtensions } from "./http-head.ts";
import { Introduction } from "./introduction.ts";
import type { FrameRule, Victim } from "./rule.ts";
import type { Sabotage } from "./saboteur.ts";

/** `request` and `response` of the upgrade, then `frames`; `bytes` for everything that is no WebSocket. */
type Phase = "request" | "response" | "frames" | "bytes";

/**
 * A client's connection and the one that was dialled for it. The upgrade passes as it is, but for an offer of
 * extensions; a connection that is never upgraded passes as bytes.
 */
export class ProxiedConnection {
  readonly ordinal: number;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #flows: Readonly<Record<Stream, Flow>>;
  readonly #request = new HeadReader();
  readonly #response = new HeadReader();
  #introduction: Introduction | undefined = new Introduction();
  #name: string | undefined;
  #phase: Phase = "request";
  #open = true;
  readonly #sabotages = new Map<FrameRule, Partial<Record<Stream, Sabotage>>>();

  constructor(ordinal: number, client: Socket, server: Socket, closed: () => void) {
    this.ordinal = ordinal;
    this.#client = client;
    this.#server = server;
    this.#flows = { upstream: new Flow(client, server), downstream: new Flow(server, client) };
    const sides = [
      { from: client, flow: this.#flows.upstream, back: this.#flows.downstream, stream: "upstream" },
      { from: server, flow: this.#flows.downstream, back: this.#flows.upstream, stream: "downstream" },
    ] as const;
    let sidesOpen = 2;
    for (const { from, flow, back, stream } of sides) {
      let ended = false;
      from.on("data", (chunk: Buffer) => this.#take(stream, chunk));
      from.on("end", () => {
        ended = true;
        this.#giveUpHead(stream);
        flow.end("end");
      });
      from.on("error", () => {}); // its close says the same
      from.on("close", (broken) => {
        back.abandon();
        if (broken || !ended) flow.end("reset");
        this.#open = false;
        sidesOpen -= 1;
        if (sidesOpen === 0) closed();
      });
    }
  }

  /** Upgraded, and neither side has gone. */
  get carriesFrames(): boolean {
    return this.#open && this.#phase === "frames";
  }

  get name(): string {
    return this.#introduction?.name ?? this.#name ?? `connection ${this.ordinal}`;
  }

  /** WebSocket frames that went by in each direction. */
  frames(stream: Stream): number {
    return this.#flows[stream].frames;
  }

  apply(rule: FrameRule): void {
    const made: Partial<Record<Stream, Sabotage>> = {};
    for (const stream of rule.streams) made[stream] = this.#flows[stream].apply(rule);
    this.#sabotages.set(rule, made);
  }

  lift(rule: FrameRule): void {
    const made = this.#sabotages.get(rule) ?? {};
    for (const stream of rule.streams) if (made[stream]) this.#flows[stream].lift(made[stream]);
  }

  asVictim(rule: FrameRule): Victim {
    let [matched, acted, withheldBytes] = [0, 0, 0];
    for (const [stream, sabotage] of Object.entries(this.#sabotages.get(rule) ?? {})) {
      matched += sabotage.matched;
      acted += sabotage.acted;
      withheldBytes += this.#flows[stream as Stream].withheldBytes(sabotage);
    }
    return { connection: this.ordinal, name: this.name, open: this.#open, matched, acted, withheldBytes };
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #take(stream: Stream, chunk: Buffer): void {
    if (stream === "upstream" && this.#phase === "request") this.#takeRequest(chunk);
    else if (stream === "downstream" && this.#phase === "response") this.#takeResponse(chunk);
    else this.#takeOn(stream, chunk);
  }

  /** After the heads. */
  #takeOn(stream: Stream, chunk: Buffer): void {
    if (this.#introduction !== undefined && this.#phase !== "bytes") this.#introduce(stream, chunk);
    this.#flows[stream].take(chunk);
  }

  #takeRequest(chunk: Buffer): void {
    const read = this.#request.read(chunk);
    if (read === undefined) return;
    const { head, rest } = read;
    const isUpgrade = head !== undefined && asksForWebSocket(head);
    this.#phase = isUpgrade ? "response" : "bytes";
    if (head !== undefined)
      this.#flows.upstream.write(Buffer.from(isUpgrade ? withoutExtensions(head) : head, "latin1"));
    if (isUpgrade) this.#flows.upstream.beginFrames();
    if (rest.length > 0) this.#take("upstream", rest);
  }

  #takeResponse(chunk: Buffer): void {
    const read = this.#response.read(chunk);
    if (read === undefined) return;
    const { head, rest } = read;
    const isUpgraded = head !== undefined && switchesProtocols(head);
    this.#phase = isUpgraded ? "frames" : "bytes";
    if (head !== undefined) this.#flows.downstream.write(Buffer.from(head, "latin1"));
    if (isUpgraded) this.#flows.downstream.beginFrames();
    if (rest.length > 0) this.#take("downstream", rest);
  }

  /** Half a head is all there will be: it passes too. */
  #giveUpHead(stream: Stream): void {
    const waits =
      stream === "upstream" && this.#phase === "request"
        ? this.#request
        : stream === "downstream" && this.#phase === "response"
          ? this.#response
          : undefined;
    if (waits === undefined) return;
    this.#phase = "bytes";
    if (waits.unfinished.length > 0) this.#flows[stream].write(waits.unfinished);
  }

  #introduce(stream: Stream, chunk: Buffer): void {
    const introduction = this.#introduction as Introduction;
    introduction.take(stream, chunk);
    if (!introduction.over) return;
    this.#name = introduction.name;
    this.#introduction = undefined;
  }
}
