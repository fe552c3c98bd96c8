import { SeaworthyError } from "../errors.ts";

/** Runs what writes to the disk; a full or forbidden disk becomes an error that a person can act on. */
export async function onDisk<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT") {
      throw new SeaworthyError("SW_DISK_FULL", `${what}: ${message}`, "free some space", { cause: error });
    }
    if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
      throw new SeaworthyError(
        "SW_NOT_WRITABLE",
        `${what}: ${message}`,
        "choose a folder that can be written",
        {
          cause: error,
        },
      );
    }
    throw error;
  }
}
