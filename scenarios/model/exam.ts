import type { Life } from "./connection.ts";
import type { Engine, Examining } from "./engine.ts";
import {
  type Answer,
  type ConnectHow,
  type DialHow,
  type Dialled,
  type Examiner,
  type HttpAnswer,
  type HttpAsked,
  NotConnected,
  type TokenClaims,
} from "./examiner.ts";
import { ExamPeer, HANDSHAKE_WITHIN_MS } from "./peer.ts";
import type { ExamRole, Question } from "./scenario.ts";
import type { Client } from "./session.ts";

const HTTP_WITHIN_MS = 10_000;
/** As other clients have it (A53, profile bracit), before the time scale. */
const BEAT_MS = 10_000;

/**
 * The exam of one client, from its due time on. Its sockets end with it. Resolves when it is over; never rejects: an
 * examiner that fails has not answered, and the error is recorded.
 */
export async function examine(life: Life, role: ExamRole, engine: Engine): Promise<void> {
  const { client } = life;
  const exam = new Exam(client, role.asks, engine);
  await exam.until(life.dueMs);
  if (engine.ended) return;
  try {
    await role.exam(exam, engine.config.params);
  } catch (error) {
    engine.report(`exam of ${client.user} (${client.role})`, error);
  } finally {
    exam.over();
  }
}

class Exam implements Examiner {
  readonly client: Client;
  readonly #questions: ReadonlyMap<string, Question>;
  readonly #engine: Engine;
  readonly #ports: Examining;
  readonly #peers = new Set<ExamPeer>();

  constructor(client: Client, questions: readonly Question[], engine: Engine) {
    this.client = client;
    this.#questions = new Map(questions.map((question) => [question.about, question]));
    this.#engine = engine;
    if (!engine.examining) throw new Error("only the native engine plays an exam");
    this.#ports = engine.examining;
  }

  get endpoints(): number {
    return this.#engine.config.endpoints.length;
  }

  get timeScale(): number {
    return this.#engine.config.timeScale;
  }

  get internalAuthorization(): string | undefined {
    const { access } = this.#engine.config;
    return access.kind === "jwt" && access.internalToken ? `Bearer ${access.internalToken}` : undefined;
  }

  nowMs(): number {
    return this.#engine.nowMs();
  }

  until(atMs: number): Promise<void> {
    return new Promise((resolve) => {
      const due = this.#engine.at(atMs, () => {
        end.cancel();
        resolve();
      });
      const end = this.#engine.atEnd(() => {
        due.cancel();
        resolve();
      });
    });
  }

  sleep(ms: number): Promise<void> {
    return this.until(this.nowMs() + ms);
  }

  async dial(how: DialHow = {}): Promise<Dialled> {
    const { access } = this.#engine.config;
    const at = how.at ?? this.client.number % this.endpoints;
    const origin = how.origin === null ? undefined : (how.origin ?? access.origin);
    const peer = new ExamPeer(`server-${at + 1}`, this.#engine);
    const url = this.#address(at, how.path);
    const opened = peer.opens(HANDSHAKE_WITHIN_MS);
    peer.begin(this.#ports.dial(url, { origin, headers: how.headers ?? {} }, peer.events));
    const closed = await opened;
    if (!closed) {
      this.#peers.add(peer);
      return { how: "open", peer };
    }
    const status = /status (\d{3})/.exec(closed.reason)?.[1];
    return { how: "refused", status: status ? Number(status) : undefined, reason: closed.reason };
  }

  async connect(how: ConnectHow = {}): Promise<ExamPeer> {
    const dialled = await this.dial(how);
    if (dialled.how === "refused") throw new NotConnected(dialled.reason);
    const peer = dialled.peer as ExamPeer;
    const beatMs = Math.max(1, Math.round(BEAT_MS * this.timeScale));
    const beat = how.beat ?? [beatMs, beatMs];
    await peer.connect(beat, { ...this.#credentials(how), ...how.connectHeaders });
    return peer;
  }

  async http(asked: HttpAsked): Promise<HttpAnswer> {
    const url = this.#address(asked.at ?? 0, asked.path).replace(/^ws/, "http");
    return this.#ports.http(url, { withinMs: HTTP_WITHIN_MS, ...asked });
  }

  token({ sub, expiresInMs = 3_600_000, more = {} }: TokenClaims): string {
    const { access } = this.#engine.config;
    if (access.kind !== "jwt") throw new Error("this target's tokens are not ours to make");
    return this.#ports.token({ sub, ...more }, access.secret, expiresInMs);
  }

  observe(about: string, { holds, seen, server }: Answer): void {
    // Whatever was being waited for was cut short.
    if (this.#engine.ended) return;
    const question = this.#questions.get(about);
    if (!question) throw new Error(`${this.client.role} was not asked about ${about}`);
    this.#engine.journal.observed({
      ...question,
      seen,
      holds,
      atMs: this.nowMs(),
      client: this.client.number,
      ...(server === undefined ? {} : { server }),
    });
  }

  over(): void {
    for (const peer of this.#peers) peer.drop();
  }

  #address(at: number, path: string | undefined): string {
    const url = this.#engine.config.endpoints[at];
    if (url === undefined) throw new Error(`there is no endpoint ${at}`);
    return path === undefined ? url : `${url.replace(/^(\w+:\/\/[^/]+).*/, "$1")}${path}`;
  }

  #credentials({ user = this.client.user, token }: ConnectHow): Readonly<Record<string, string>> {
    if (token === null) return {};
    return token === undefined ? this.#engine.connectHeaders(user) : { Authorization: `Bearer ${token}` };
  }
}
