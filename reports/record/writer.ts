import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import type { HistoryEvent, RunEvent } from "./history.ts";
import type { Plan } from "./plan.ts";
import { runFiles } from "./run-dir.ts";
import type { AuditLine, Sample } from "./samples.ts";
import { thinner } from "./thin-samples.ts";

/** The disk (or the quota) is full. What was recorded until then is kept, in whole lines. */
export class RecordFull extends Error {
  override readonly name = "RecordFull";
  readonly file: string;

  constructor(file: string, options?: ErrorOptions) {
    super(`the disk is full: ${path.basename(file)} cannot grow`, options);
    this.file = file;
  }
}

/**
 * Writes a run down while it happens. Every line is in the kernel when the call returns, so that a kill -9 of the
 * harness loses nothing that was told to it; only a power cut can.
 */
export interface RecordWriter {
  /** Rejects with RecordFull at the first line that found no room; never resolves. */
  readonly full: Promise<never>;
  history(event: HistoryEvent): void;
  /** Lines of the ledger. After `full` they are dropped: the end of the run matters more. */
  telemetry(line: Telemetry): void;
  sample(sample: Sample): void;
  audit(line: AuditLine): void;
  /** The last line of the history, if given; then all files are closed. Calling it twice is fine. */
  close(last?: RunEvent): void;
}

/**
 * Room kept back for the end of the run: when the disk is full, the history's last lines and the report still fit.
 */
const RESERVE_BYTES = 1 << 20;
const RESERVE = ".reserve";

/**
 * Writes plan.json into the run's folder (made if needed) and opens the record. Throws RecordFull when not even
 * that fits, and the system's error when the folder cannot be written.
 */
export function openRecord(dir: string, plan: Plan): RecordWriter {
  const inDir = (name: string): string => path.join(dir, name);
  const reserve = inDir(RESERVE);
  mkdirSync(inDir(runFiles.logs), { recursive: true });
  withRoom(inDir(runFiles.plan), (file) => writeFileSync(file, `${JSON.stringify(plan, null, 2)}\n`));
  withRoom(reserve, (file) => writeFileSync(file, Buffer.alloc(RESERVE_BYTES)));

  const history = openLines(inDir(runFiles.history));
  const ledger = openLines(inDir(runFiles.ledger));
  const samples = openLines(inDir(runFiles.samples));
  const thin = thinner();
  const { promise: full, reject } = Promise.withResolvers<never>();
  full.catch(() => {});
  let isFull = false;
  let closed = false;

  /** Never throws for a full disk: it is called from callbacks that have nobody to catch it. */
  function write(lines: LineFile, value: unknown): void {
    if (closed) return;
    const text = `${JSON.stringify(value)}\n`;
    try {
      lines.append(text);
    } catch (error) {
      if (!(error instanceof RecordFull)) throw error;
      if (isFull) return;
      isFull = true;
      rmSync(reserve, { force: true });
      reject(error);
      if (lines === history) retryOnce(lines, text);
    }
  }

  return {
    full,
    history: (event) => write(history, event),
    telemetry(line) {
      if (!isFull) write(ledger, line);
    },
    sample(sample) {
      if (!isFull) write(samples, thin(sample));
    },
    audit(line) {
      const audit = openLines(inDir(runFiles.audit));
      write(audit, line);
      audit.close();
    },
    close(last) {
      if (closed) return;
      if (last) write(history, last);
      closed = true;
      for (const file of [history, ledger, samples]) file.close();
      rmSync(reserve, { force: true });
    },
  };
}

/** The event that found the disk full goes into the room that was kept back; if that fails too, it is lost. */
function retryOnce(lines: LineFile, text: string): void {
  try {
    lines.append(text);
  } catch (error) {
    if (!(error instanceof RecordFull)) throw error;
  }
}

interface LineFile {
  append(text: string): void;
  close(): void;
}

/** Appends whole lines: one that does not fit is taken back, so that the file never ends in the middle of one. */
function openLines(file: string): LineFile {
  const fd = withRoom(file, () => openSync(file, "a"));
  let size = fstatSync(fd).size;
  return {
    append(text) {
      const bytes = Buffer.from(text);
      withRoom(file, () => {
        let done = 0;
        try {
          while (done < bytes.length) done += writeSync(fd, bytes, done);
          size += done;
        } catch (error) {
          if (done > 0) ftruncateSync(fd, size);
          throw error;
        }
      });
    },
    close: () => closeSync(fd),
  };
}

function withRoom<T>(file: string, act: (file: string) => T): T {
  try {
    return act(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT") throw new RecordFull(file, { cause: error });
    throw error;
  }
}
