import type { Socket } from "node:net";
import { Lane } from "./lane.ts";
import type { FrameRule } from "./rule.ts";
import { applyTo, type Sabotage, sabotageBy, sendAside } from "./saboteur.ts";
import { FrameTap } from "./tap.ts";

/** This much may wait in the proxy for one direction of one connection; then it stops reading, and TCP tells the sender. */
export const WAITING_BYTES_MAX = 64 * 1024;

type Pause = "peer" | "queue" | "hold";
type Ending = "end" | "reset";

/** One direction of a connection: what is read on one socket, to be written on the other. */
export class Flow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #lane: Lane;
  readonly #tap: FrameTap;
  readonly #pauses = new Set<Pause>();
  /** Rules on single frames, in the order in which they were made. */
  #sabotages: Sabotage[] = [];
  readonly #holds = new Set<FrameRule>();
  readonly #blackholes = new Set<FrameRule>();
  #withheld: Buffer[] = [];
  #withheldBytes = 0;
  #ending: Ending | undefined;
  #inFrames = false;

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
    this.#lane = new Lane(
      (bytes) => this.write(bytes),
      (waiting) => this.#pauseIf(waiting > WAITING_BYTES_MAX, "queue"),
    );
    this.#tap = new FrameTap((bytes) => this.#lane.send(bytes));
    to.on("drain", () => this.#resume("peer"));
  }

  /** WebSocket frames that went by. */
  get frames(): number {
    return this.#tap.frames;
  }

  /** From here on the bytes are WebSocket frames. */
  beginFrames(): void {
    this.#inFrames = true;
  }

  take(chunk: Buffer): void {
    if (this.#holds.size > 0) {
      this.#withheld.push(chunk);
      this.#withheldBytes += chunk.length;
      this.#pauseIf(this.#withheldBytes > WAITING_BYTES_MAX, "hold");
    } else if (this.#inFrames) {
      this.#tap.push(chunk);
    } else {
      this.write(chunk);
    }
  }

  /** Past everything but the peer's own pace. */
  write(bytes: Buffer): void {
    if (this.#to.writable && !this.#to.write(bytes)) this.#pause("peer");
  }

  /** The sender has ended its side, or the connection is broken: passed on like everything else, in its order. */
  end(ending: Ending): void {
    this.#ending = this.#ending === "reset" ? "reset" : ending;
    this.#passEnd();
  }

  apply(rule: FrameRule): Sabotage {
    const sabotage = sabotageBy(rule);
    if (rule.act.kind === "hold") {
      this.#holds.add(rule);
    } else {
      if (rule.act.kind === "blackhole") this.#blackholes.add(rule);
      this.#sabotages.push(sabotage);
      this.#tap.open((unit) => applyTo(unit, this.#sabotages, this.#lane));
    }
    return sabotage;
  }

  /** Everything that the rule kept back goes on, in its order. */
  lift(sabotage: Sabotage): void {
    const { rule } = sabotage;
    this.#sabotages = this.#sabotages.filter((other) => other !== sabotage);
    sendAside(sabotage, this.#lane);
    if (rule.act.kind === "delay") this.#lane.release();
    if (this.#sabotages.length === 0) this.#tap.close();
    this.#blackholes.delete(rule);
    if (this.#holds.delete(rule) && this.#holds.size === 0) this.#letGo();
    this.#passEnd();
  }

  /** What a rule keeps back here, as far as the proxy has read it. */
  withheldBytes({ rule, aside }: Sabotage): number {
    if (rule.act.kind === "hold") return this.#withheldBytes;
    if (rule.act.kind === "delay") return this.#lane.waitingBytes;
    return aside.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Nobody is there to write to any more. */
  abandon(): void {
    this.#lane.discard();
    this.#withheld = [];
    this.#withheldBytes = 0;
    this.#resume("hold");
  }

  #letGo(): void {
    const withheld = this.#withheld;
    this.#withheld = [];
    this.#withheldBytes = 0;
    for (const chunk of withheld) this.take(chunk);
    this.#resume("hold");
  }

  #passEnd(): void {
    if (this.#ending === undefined || this.#holds.size > 0 || this.#blackholes.size > 0) return;
    this.#tap.close();
    for (const sabotage of this.#sabotages) sendAside(sabotage, this.#lane);
    this.#lane.release();
    if (this.#to.destroyed) return;
    if (this.#ending === "reset") this.#to.resetAndDestroy();
    else this.#to.end();
  }

  #pauseIf(condition: boolean, why: Pause): void {
    if (condition) this.#pause(why);
    else this.#resume(why);
  }

  #pause(why: Pause): void {
    this.#pauses.add(why);
    this.#from.pause();
  }

  #resume(why: Pause): void {
    if (this.#pauses.delete(why) && this.#pauses.size === 0) this.#from.resume();
  }
}
