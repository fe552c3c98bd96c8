import type { Sample, ServerSample } from "./samples.ts";

/**
 * `samples.jsonl` on the disk. An instance exports some 350 series each second, 18 KB of text, most of it names and
 * values that were there before. So only what changed is written, each series by its number: its place in the last
 * full line, and after those in the order in which they were added since. The order of a sample's series is not kept.
 */
export type StoredSample = Sample | ThinSample;

export interface ThinSample {
  readonly kind: "server";
  readonly atMs: number;
  readonly server: string;
  readonly up: boolean;
  /** `atMs` of the line of this server that it goes on from. Without that line it says nothing. */
  readonly after: number;
  /** [number, value, number, value, …]; null is what JSON makes of NaN, as in a full line. */
  readonly changed: readonly (number | null)[];
  /** New series, which get the next numbers. */
  readonly added?: Readonly<Record<string, number>>;
  /** Numbers of those that are not exported any more; they keep their number. */
  readonly gone?: readonly number[];
}

/** A full line at least so often: what is torn out of the middle of a file costs a minute at most. */
export const FULL_EVERY_MS = 60_000;

interface Told {
  readonly fullMs: number;
  readonly names: string[];
  readonly numbers: Map<string, number>;
  sample: ServerSample;
}

function toldInFull(sample: ServerSample): Told {
  const names = Object.keys(sample.series);
  const numbers = new Map(names.map((name, number) => [name, number]));
  return { fullMs: sample.atMs, names, numbers, sample };
}

/** Turns samples, in the order of writing, into lines. One for each file that is opened. */
export function thinner(): (sample: Sample) => StoredSample {
  const toldOf = new Map<string, Told>();
  const latestMs = new Map<string, number>();
  return (sample) => {
    if (sample.kind !== "server") return sample;
    const { atMs, server, up, series } = sample;
    const told = toldOf.get(server);
    const before = told?.sample;
    // Lines are known by their time: where that did not go on there is nothing to refer to.
    const wentOn = atMs > (latestMs.get(server) ?? Number.NEGATIVE_INFINITY);
    latestMs.set(server, Math.max(atMs, latestMs.get(server) ?? atMs));
    if (!told || !before || !wentOn || atMs - told.fullMs >= FULL_EVERY_MS || up !== before.up) {
      if (wentOn) toldOf.set(server, toldInFull(sample));
      else toldOf.delete(server);
      return sample;
    }
    const changed: number[] = [];
    const added: Record<string, number> = {};
    for (const [name, value] of Object.entries(series)) {
      const number = told.numbers.get(name);
      if (number === undefined) {
        told.numbers.set(name, told.names.push(name) - 1);
        added[name] = value;
      } else if (!Object.is(value, before.series[name])) {
        changed.push(number, value);
      }
    }
    const gone = Object.keys(before.series)
      .filter((name) => !Object.hasOwn(series, name))
      .map((name) => told.numbers.get(name) as number);
    told.sample = sample;
    return {
      kind: "server",
      atMs,
      server,
      up,
      after: before.atMs,
      changed,
      ...(Object.keys(added).length > 0 ? { added } : {}),
      ...(gone.length > 0 ? { gone } : {}),
    };
  };
}

/** Turns lines, in the order of the file, into samples again; undefined where the line that it goes on from is gone. */
export function restorer(): (stored: StoredSample) => Sample | undefined {
  const toldOf = new Map<string, Told>();
  return (stored) => {
    if (stored.kind !== "server") return stored;
    if (!("changed" in stored)) {
      toldOf.set(stored.server, toldInFull(stored));
      return stored;
    }
    const { atMs, server, up, after, changed, added = {}, gone = [] } = stored;
    const told = toldOf.get(server);
    if (told?.sample.atMs !== after) return undefined;
    const series = { ...told.sample.series };
    for (let i = 0; i + 1 < changed.length; i += 2) {
      const name = told.names[changed[i] as number];
      if (name === undefined) return undefined;
      series[name] = changed[i + 1] as number;
    }
    for (const number of gone) delete series[told.names[number] ?? ""];
    for (const [name, value] of Object.entries(added)) {
      told.numbers.set(name, told.names.push(name) - 1);
      series[name] = value;
    }
    told.sample = { kind: "server", atMs, server, up, series };
    return told.sample;
  };
}
