import WebSocket from "ws";
import { emptyHistogram, type Histogram, percentile, record } from "../../../scenarios/model/histogram.ts";
import { Clock } from "../../../scenarios/native/clock.ts";

/**
 * A client that does nothing but count, by `ws`: the limit that the native engine is measured beside. It opens so many
 * sockets, says `ready`, and at SIGTERM tells how many messages came and how late they were by their own identity.
 */
const [url = "", sockets = "0", startEpochMs = "0"] = process.argv.slice(2);
const clock = new Clock();
const late: Histogram = emptyHistogram();
let messages = 0;

await Promise.all(Array.from({ length: Number(sockets) }, open));
console.log("ready");

function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on("open", () => {
      socket.send("listen");
      resolve();
    });
    socket.on("error", reject);
    socket.on("message", (data: Buffer) => {
      messages += 1;
      if (messages % 16 !== 0 || startEpochMs === "0") return;
      const intendedMs = Number(/sw1\/\w+\/\d+\/\d+\/(\d+)\//.exec(data.toString("latin1"))?.[1]);
      record(late, Math.round((clock.epochMs() - Number(startEpochMs) - intendedMs) * 1_000));
    });
  });
}

process.on("SIGTERM", () => {
  console.log(JSON.stringify({ messages, p99Ms: (percentile(late, 0.99) ?? Number.NaN) / 1_000 }));
  process.exit(0);
});
