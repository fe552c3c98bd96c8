import { Decoder } from "../../target-server/stomp/decode.ts";
import { encode } from "../../target-server/stomp/encode.ts";
import { frame, type Headers } from "../../target-server/stomp/frame.ts";
import { agreeBeat, EOL, parseHeartBeat } from "../../target-server/stomp/heart-beat.ts";
import type { Engine, Pending, RawWire, Wire, WireEvents } from "./engine.ts";
import { type Closed, type Heard, isReceipt, NotConnected, type Peer } from "./examiner.ts";

export const HANDSHAKE_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 10_000;
/** What an examiner reads may be longer than what it may send. */
const LIMITS = { frameBytesMax: 16 * 1024 * 1024, headerLineBytesMax: 65_536, headersMax: 256 };

/** One connection of an examiner: it keeps everything that came and counts nothing. */
export class ExamPeer implements Peer {
  readonly frames: Heard[] = [];
  readonly beats: number[] = [];
  connected: Headers = {};
  server: string;
  /** What the wire calls. */
  readonly events: WireEvents;
  readonly #engine: Engine;
  readonly #decoder = new Decoder(LIMITS);
  readonly #taken = new Set<Heard>();
  /** Looks again whenever something came. */
  readonly #watchers = new Set<() => void>();
  #wire: Wire | undefined;
  #isOpen = false;
  #closed: Closed | undefined;
  #nextBeat: Pending | undefined;
  #numbers = 0;

  constructor(server: string, engine: Engine) {
    this.server = server;
    this.#engine = engine;
    this.events = {
      opened: () => {
        this.#isOpen = true;
        this.#changed();
      },
      text: (data, atMs) => this.#text(data, atMs),
      closed: (code, reason) => {
        this.#closed ??= { code, reason, atMs: engine.nowMs() };
        this.#nextBeat?.cancel();
        this.#changed();
      },
    };
  }

  get closed(): Closed | undefined {
    return this.#closed;
  }

  get raw(): RawWire {
    const raw = this.#wire?.raw;
    if (!raw) throw new Error("there is no connection");
    return raw;
  }

  begin(wire: Wire): void {
    this.#wire = wire;
  }

  /** Undefined once it is open; else how it ended instead. */
  async opens(withinMs: number): Promise<Closed | undefined> {
    await this.#until(() => this.#isOpen || this.#closed !== undefined, withinMs);
    if (this.#isOpen) return undefined;
    this.drop();
    return this.#closed ?? { code: null, reason: "no answer to the handshake", atMs: this.#engine.nowMs() };
  }

  async connect(beat: readonly [number, number], headers: Headers): Promise<void> {
    this.send("CONNECT", {
      "accept-version": "1.2",
      host: "localhost",
      "heart-beat": beat.join(","),
      ...headers,
    });
    const answer = await this.next(isAnswerToConnect, ANSWER_WITHIN_MS);
    if (answer?.command !== "CONNECTED") {
      const instead = answer ? `ERROR ${answer.headers.message}` : (this.#closed?.reason ?? "no CONNECTED");
      this.drop();
      throw new NotConnected(instead);
    }
    this.connected = answer.headers;
    this.server = answer.headers["server-id"] ?? this.server;
    const theirs = parseHeartBeat(answer.headers["heart-beat"] ?? "0,0");
    const { sendEveryMs } = agreeBeat(
      { sendsMs: beat[0], wantsMs: beat[1] },
      theirs ?? { sendsMs: 0, wantsMs: 0 },
    );
    if (sendEveryMs > 0) this.#beat(sendEveryMs);
  }

  send(command: string, headers: Headers = {}, body = ""): void {
    this.#wire?.send(encode(frame(command, headers, body)));
  }

  async ask(
    command: string,
    headers: Headers = {},
    body = "",
    withinMs = ANSWER_WITHIN_MS,
  ): Promise<Heard | Closed | undefined> {
    const receipt = headers.receipt ?? `exam-${this.#numbers++}`;
    this.send(command, { ...headers, receipt }, body);
    const answers = ({ command: came, headers: its }: Heard) =>
      (came === "RECEIPT" && its["receipt-id"] === receipt) || came === "ERROR";
    return (await this.next(answers, withinMs)) ?? this.#closed;
  }

  async subscribe(destination: string, headers: Headers = {}): Promise<string> {
    const id = headers.id ?? `sub-${this.#numbers++}`;
    const answer = await this.ask("SUBSCRIBE", { ...headers, id, destination });
    if (isReceipt(answer)) return id;
    const why = answer
      ? "command" in answer
        ? `ERROR ${answer.headers.message}`
        : answer.reason
      : "silence";
    throw new NotConnected(`SUBSCRIBE ${destination}: ${why}`);
  }

  async next(fits: (heard: Heard) => boolean, withinMs: number): Promise<Heard | undefined> {
    let found: Heard | undefined;
    const look = () => {
      found ??= this.frames.find((heard) => !this.#taken.has(heard) && fits(heard));
      return found !== undefined || this.#closed !== undefined;
    };
    await this.#until(look, withinMs);
    if (found) this.#taken.add(found);
    return found;
  }

  async ended(withinMs: number): Promise<Closed | undefined> {
    await this.#until(() => this.#closed !== undefined, withinMs);
    return this.#closed;
  }

  async leave(): Promise<void> {
    await this.ask("DISCONNECT");
    this.close(1000);
    await this.ended(ANSWER_WITHIN_MS);
  }

  close(code: number): void {
    this.#wire?.close(code, "");
  }

  /** Gives the socket up without waiting for anybody. */
  drop(): void {
    this.fallSilent();
    if (this.#closed === undefined) this.#wire?.close(1000, "");
  }

  fallSilent(): void {
    this.#nextBeat?.cancel();
  }

  #text(data: string, atMs: number): void {
    for (const decoded of this.#decoder.push(data)) {
      if (decoded.kind === "frame") this.frames.push({ ...decoded.frame, atMs });
      else if (decoded.kind === "heartbeat") this.beats.push(atMs);
      else throw new Error(`the server sent a malformed frame: ${decoded.reason}`);
    }
    this.#changed();
  }

  #beat(everyMs: number): void {
    this.#nextBeat = this.#engine.at(this.#engine.nowMs() + everyMs, () => {
      this.#wire?.send(EOL);
      this.#beat(everyMs);
    });
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }

  /** Until it is so, the time is over, or the run. */
  #until(isSo: () => boolean, withinMs: number): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = () => {
        if (isSo()) over();
      };
      const over = () => {
        this.#watchers.delete(look);
        late.cancel();
        end.cancel();
        resolve();
      };
      const late = this.#engine.at(this.#engine.nowMs() + withinMs, over);
      const end = this.#engine.atEnd(over);
      this.#watchers.add(look);
    });
  }
}

function isAnswerToConnect({ command }: Heard): boolean {
  return command === "CONNECTED" || command === "ERROR";
}
