import { createHash } from "node:crypto";
import type { CorruptPart } from "./rule.ts";
import type { Unit } from "./units.ts";
import { encodeFrame } from "./web-socket-frames.ts";

/** RSV1 to RSV3: without an extension that defines them a peer must fail the connection (RFC 6455, 5.2). */
const RESERVED_BITS = 0x70;
/** Never part of UTF-8. */
const NOT_UTF8 = 0xff;
const LOWER_CASE = 0x20;

/** The wire bytes of a frame that ends before its time; at least one byte is missing. */
export function truncated(unit: Unit, level: "stomp" | "websocket", keepPercent: number): Buffer {
  const keep = (bytes: number) => Math.min(bytes - 1, Math.floor((bytes * keepPercent) / 100));
  if (level === "websocket") return unit.wire.subarray(0, Math.max(1, keep(unit.wire.length)));
  const bytes = Math.max(0, keep(unit.payload.length));
  return encodeFrame(unit.opcode, unit.payload.subarray(0, bytes), unit.mask);
}

/**
 * The wire bytes with one part spoilt, always the same for the same `draw`. A frame that has no such part (a body, a
 * command) is spoilt in its head.
 */
export function corrupted(unit: Unit, part: CorruptPart, draw: string): Buffer {
  const payload = Buffer.from(unit.payload);
  if (part === "text" && payload.length > 0) {
    payload[pick(payload.length, draw)] = NOT_UTF8;
    return encodeFrame(unit.opcode, payload, unit.mask);
  }
  const commandAt = payload.findIndex((byte) => byte >= 0x41 && byte <= 0x5a);
  if (part === "command" && unit.body !== undefined && commandAt >= 0) {
    payload[commandAt]! |= LOWER_CASE;
    return encodeFrame(unit.opcode, payload, unit.mask);
  }
  const letters = unit.body === undefined ? [] : lettersIn(payload, unit.body.from, unit.body.to);
  if (part === "body" && letters.length > 0) {
    const at = letters[pick(letters.length, draw)]!;
    payload[at] = payload[at] === 0x78 ? 0x79 : 0x78;
    return encodeFrame(unit.opcode, payload, unit.mask);
  }
  const wire = Buffer.from(unit.wire);
  wire[0]! |= RESERVED_BITS;
  return wire;
}

/** A letter or digit that becomes another one leaves the text well-formed: only what it says is wrong. */
function lettersIn(payload: Buffer, from: number, to: number): readonly number[] {
  const found: number[] = [];
  for (let at = from; at < to; at++)
    if (/[0-9A-Za-z]/.test(String.fromCharCode(payload[at]!))) found.push(at);
  return found;
}

function pick(choices: number, draw: string): number {
  return createHash("sha256").update(draw).digest().readUInt32BE(0) % choices;
}
