import { RecordFull } from "../reports/record/writer.ts";
import { SeaworthyError } from "./errors.ts";

/** What the file system says no to is the person's to know, not a bug: SW_NOT_WRITABLE or SW_DISK_FULL. */
export async function writtenOrRefused<T>(
  folder: string,
  write: () => T | Promise<T>,
  hint = "choose another folder with --out",
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof RecordFull || code === "ENOSPC") {
      throw new SeaworthyError("SW_DISK_FULL", message, `free some space, or ${hint}`);
    }
    if (code === undefined) throw error;
    throw new SeaworthyError("SW_NOT_WRITABLE", `cannot write to ${folder}: ${message}`, hint);
  }
}
