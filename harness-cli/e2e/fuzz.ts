/**
 * Fuzzes the STOMP codec and a live server, by hand and with a budget of time:
 *
 *     node harness-cli/e2e/fuzz.ts --seconds 600 [--seed 1]
 *
 * Prints what it did, and exits with 1 at the first broken rule, with the seed and the round that broke it. The rules:
 * the decoder never throws, gives the same however its input is cut, and reads back what the encoder wrote; the server
 * never restarts, stays alive and within its memory, and another client's messages are neither lost nor joined by any.
 */
import { parseArgs } from "node:util";
import WebSocket from "ws";
import { type Decoded, Decoder } from "../../target-server/stomp/decode.ts";
import { encode } from "../../target-server/stomp/encode.ts";
import { type Frame, frame, versions } from "../../target-server/stomp/frame.ts";
import { RawStompClient } from "./raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const seed = Number(values.seed);
const untilMs = Date.now() + Number(values.seconds) * 1_000;
/** Between two rounds of attacks: the instance lets an address shake hands only so often (A8). */
const HANDSHAKE_PAUSE_MS = 500;
const AT_ONCE = 5;
const CODEC_ROUNDS_PER_ATTACK = 200;
const WITNESS_EVERY = 10;
const SETTLED_AFTER = 200;
const ATTACK_MS_MAX = 2_000;
/** More than the heap breathes between two collections; a leak of one message per attack would pass it. */
const GROWTH_BYTES_MAX = 128 * 1_048_576;

/** mulberry32: small, fast, and the same everywhere. */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
const random = randomFrom(seed);
const below = (n: number) => Math.floor(random() * n);
const pick = <T>(of: readonly T[]): T => of[below(of.length)]!;

const commands =
  "CONNECT STOMP SEND SUBSCRIBE UNSUBSCRIBE ACK NACK BEGIN COMMIT ABORT DISCONNECT MESSAGE FOO".split(" ");
const names = [
  ..."destination id receipt ack transaction subscription message-id content-length content-type".split(" "),
  ..."accept-version heart-beat host Authorization last-seen-sequence client-message-id __proto__ constructor".split(
    " ",
  ),
];
const texts = [
  "/topic/room.fuzz",
  "/app/chat.send/fuzz",
  "/app/chat.send/",
  "/topic/room.*",
  "/user/queue/reply",
  "/queue/reply-user1",
  "client",
  "client-individual",
  "1.2,1.1,1.0",
  "9,9",
  "0",
  "-1",
  "99999999999999999999",
  "",
  ":::",
  "\\",
  "\n",
  "\r",
  "\0",
  "é𝄞\ufffd",
  '{"content":"fuzz"}',
  '{"content":1}',
  "[".repeat(2_000),
  "x".repeat(9_000),
];

function someFrame(): Frame {
  const headers: Record<string, string> = Object.create(null);
  for (let n = below(8); n > 0; n--) headers[pick(names)] = pick(texts);
  return frame(pick(commands), headers, random() < 0.5 ? "" : pick(texts));
}

/** Mostly frames, bent in a few places. */
function someBytes(): Buffer {
  let bytes = Buffer.concat(
    Array.from({ length: 1 + below(4) }, () => Buffer.from(encode(someFrame(), pick(versions)))),
  );
  for (let bends = below(5); bends > 0 && bytes.length > 0; bends--) {
    const at = below(bytes.length);
    const kind = below(5);
    if (kind === 0) bytes[at] = below(256);
    else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + below(20))]);
    else if (kind === 2) bytes = Buffer.concat([bytes, bytes.subarray(at)]);
    else if (kind === 3) bytes = bytes.subarray(0, at);
    else {
      const noise = Buffer.from(Array.from({ length: 1 + below(30) }, () => below(256)));
      bytes = Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
    }
  }
  return bytes;
}

function* pieces(bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + below(random() < 0.2 ? 5 : bytes.length));
    yield bytes.subarray(at, end);
    at = end;
  }
}

class Broken extends Error {}

function fuzzCodec(): void {
  const version = pick(versions);
  const decoders = [new Decoder(), new Decoder()] as const;
  for (const decoder of decoders) decoder.version = version;
  const bytes = someBytes();
  const whole = decoders[0].push(Buffer.from(bytes));
  const cut: Decoded[] = [];
  for (const piece of pieces(bytes)) cut.push(...decoders[1].push(Buffer.from(piece)));
  const inputOf = () => bytes.toString("base64").slice(0, 4_000);
  if (JSON.stringify(whole) !== JSON.stringify(cut)) {
    throw new Broken(`cut input decodes differently (version ${version}): ${inputOf()}`);
  }
  for (const decoded of whole) {
    if (decoded.kind !== "frame") continue;
    const again = new Decoder({ frameBytesMax: 1_000_000, headerLineBytesMax: 100_000, headersMax: 64 });
    again.version = version;
    const [copy] = again.push(encode(decoded.frame, version));
    if (copy?.kind !== "frame" || copy.frame.body !== decoded.frame.body) {
      throw new Broken(`does not read back what it wrote (version ${version}): ${inputOf()}`);
    }
  }
}

let refusedHandshakes = 0;

/** What one hostile client will do: decided before any of them starts, so that a seed says it all. */
interface Attack {
  readonly login: { readonly version: string; readonly user: string } | undefined;
  readonly messages: readonly { readonly bytes: Buffer; readonly binary: boolean }[];
  readonly cuts: boolean;
}

function someAttack(): Attack {
  const messages: Attack["messages"][number][] = [];
  for (let n = 1 + below(6); n > 0; n--) {
    const bytes = someBytes();
    // As text in pieces it must be UTF-8, as a whole it need not: it is then refused as such.
    if (random() < 0.9) {
      const text = Buffer.from(bytes.toString("utf8"));
      for (const piece of pieces(text)) messages.push({ bytes: Buffer.from(String(piece)), binary: false });
    } else {
      messages.push({ bytes, binary: random() < 0.5 });
    }
  }
  const login = random() < 0.8 ? { version: pick(versions), user: `fuzz-${below(50)}` } : undefined;
  return { login, messages, cuts: random() < 0.3 };
}

async function carryOut(attack: Attack, system: ReferenceSystem): Promise<void> {
  const ws = new WebSocket(system.endpoint(1), { headers: { origin: system.origin } });
  const closed = new Promise<false>((resolve) => {
    ws.on("close", () => resolve(false));
  });
  ws.on("error", () => {});
  ws.on("unexpected-response", () => {
    refusedHandshakes += 1;
    ws.terminate();
  });
  const opened = new Promise<true>((resolve) => {
    ws.on("open", () => resolve(true));
  });
  if (!(await Promise.race([opened, closed]))) return;
  if (attack.login !== undefined) {
    const Authorization = `Bearer ${await system.token(attack.login.user)}`;
    ws.send(encode(frame("CONNECT", { "accept-version": attack.login.version, Authorization })));
  }
  for (const { bytes, binary } of attack.messages) {
    if (ws.readyState === WebSocket.OPEN) ws.send(bytes, { binary });
  }
  if (attack.cuts) ws.terminate();
  else ws.close();
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, ATTACK_MS_MAX))]);
  ws.terminate();
}

const residentBytes = (system: ReferenceSystem) => system.series(1, "process_resident_memory_bytes");

async function main(): Promise<void> {
  console.log(`seed ${seed}, ${values.seconds} s`);
  await using system = await bringUpReference(1, 1);
  const pid = system.pid(1);
  const witness = await RawStompClient.connect(system, 1, "witness");
  await witness.subscribe("/topic/room.witness");
  let codecRounds = 0;
  let attacks = 0;
  let settledBytes = 0;
  let highestBytes = 0;
  try {
    while (Date.now() < untilMs) {
      for (let n = 0; n < CODEC_ROUNDS_PER_ATTACK; n++, codecRounds++) fuzzCodec();
      const together = Array.from({ length: AT_ONCE }, someAttack);
      await Promise.all(together.map((attack) => carryOut(attack, system)));
      attacks += AT_ONCE;
      if (attacks % WITNESS_EVERY === 0) {
        witness.say("witness", `${attacks}`);
        await witness.heard("witness", `${attacks}`);
        const foreign = witness.frames.filter(
          ({ command, headers }) => command === "MESSAGE" && headers.destination !== "/topic/room.witness",
        );
        if (foreign.length > 0) throw new Broken(`the witness got ${JSON.stringify(foreign[0])}`);
        if (system.pid(1) !== pid) throw new Broken("the server was restarted");
        const alive = await fetch(system.page(1, "/health/live"));
        if (alive.status !== 200) throw new Broken(`/health/live is ${alive.status}`);
        const bytes = await residentBytes(system);
        highestBytes = Math.max(highestBytes, bytes);
        if (attacks === SETTLED_AFTER) settledBytes = bytes;
        if (settledBytes > 0 && bytes > settledBytes + GROWTH_BYTES_MAX) {
          throw new Broken(`memory grew from ${settledBytes} to ${bytes} bytes`);
        }
      }
      await new Promise((resolve) => setTimeout(resolve, HANDSHAKE_PAUSE_MS));
    }
    const mb = (bytes: number) => Math.round(bytes / 1_048_576);
    const finalBytes = await residentBytes(system);
    console.log(
      `unbroken: ${codecRounds} inputs to the codec; ${attacks} hostile sessions (${refusedHandshakes} refused at ` +
        `the handshake); memory ${mb(settledBytes)} MB settled, ${mb(highestBytes)} MB highest, ${mb(finalBytes)} MB last`,
    );
  } catch (error) {
    const what = error instanceof Error ? (error instanceof Broken ? error.message : error.stack) : error;
    console.error(`BROKEN with seed ${seed}, codec round ${codecRounds}, attack ${attacks}: ${what}`);
    process.exitCode = 1;
  } finally {
    witness.ws.terminate();
  }
}

await main();
