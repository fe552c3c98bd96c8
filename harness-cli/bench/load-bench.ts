import type { Tools } from "../provision/tools.ts";
import type { Supervisor } from "../target/supervisor.ts";
import { delay, density, memory, receive, telemetry } from "./engines.ts";
import { figureOf, judged, shown, table } from "./figures.ts";
import { benchLedger, type LedgerFigures, QUICK, TEN_MILLION } from "./ledger.ts";

/** One named part of `npm run bench -- load`. Others add theirs to `loadParts`. */
export interface LoadPart {
  readonly name: string;
  readonly summary: string;
  run(options: LoadBenchOptions): Promise<void>;
}

export interface LoadBenchOptions {
  readonly runs: number;
  /** Fewer and shorter: to see that it works, not to be quoted. */
  readonly quick: boolean;
  readonly tools: Pick<Tools, "node" | "k6">;
  readonly supervisor: Supervisor;
  /** For files of the bench's own, which it takes away again. */
  readonly folder: string;
  say(text: string): void;
}

const JUDGE_SECONDS = 30;
const JUDGE_GIB = 1;

const ledger: LoadPart = {
  name: "ledger",
  summary: "reads and judges a record of ten million deliveries",
  async run({ runs, quick, tools, folder, say }) {
    const shape = quick ? QUICK : TEN_MILLION;
    const all: LedgerFigures[] = [];
    for (let run = 0; run < runs; run++) all.push(await benchLedger(shape, tools.node.path, folder));
    const [first] = all;
    if (!first) return;
    const row = (what: string, of: (figures: LedgerFigures) => number, digits = 1) => [
      what,
      shown(figureOf(all.map(of)), digits),
    ];
    const totalMs = ({ readMs, judgeMs }: LedgerFigures) => readMs + judgeMs;
    say(
      `ledger: ${first.deliveries.toLocaleString("en-GB")} deliveries, ${shape.clients} users in rooms of ${shape.roomSize}`,
    );
    say(
      table(
        ["", "median (lowest–highest)"],
        [
          row("bare pass over the bytes, ms", ({ bareMs }) => bareMs, 0),
          row("JSON.parse of every line, ms", ({ parseMs }) => parseMs, 0),
          row("reading the record, ms", ({ readMs }) => readMs, 0),
          row("judging it by every check, ms", ({ judgeMs }) => judgeMs, 0),
          row("CPU of both, ms", ({ cpuMs }) => cpuMs, 0),
          row("all, of JSON.parse alone", (one) => totalMs(one) / one.parseMs, 2),
          row("peak memory, MiB", ({ peakRssBytes }) => peakRssBytes / 2 ** 20, 0),
          row("telemetry, KB for each second of load", ({ bytesPerSecond }) => bytesPerSecond / 1_000, 0),
          row("journal, µs CPU for each delivery", ({ journalUs }) => journalUs, 2),
        ],
      ),
    );
    // One thread does it all: on a machine of its own these are the seconds.
    say(
      judged({
        what: "CPU s to read and judge",
        figure: figureOf(all.map(({ cpuMs }) => cpuMs / 1_000)),
        atMost: JUDGE_SECONDS,
      }),
    );
    say(
      judged({
        what: "GiB to judge",
        figure: figureOf(all.map(({ peakRssBytes }) => peakRssBytes / 2 ** 30)),
        atMost: JUDGE_GIB,
      }),
    );
    for (const verdict of first.verdicts) say(`    ${verdict}`);
  },
};

export const loadParts: readonly LoadPart[] = [receive, memory, delay, telemetry, density, ledger];
