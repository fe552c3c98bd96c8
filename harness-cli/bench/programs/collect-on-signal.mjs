// Preloaded into a server whose memory is measured: SIGUSR2 collects garbage, so that what is counted is what is held.
import process from "node:process";

process.on("SIGUSR2", () => {
  globalThis.gc?.();
  globalThis.gc?.();
});
