import { WebSocket } from "ws";
import { Clock } from "../../scenarios/native/clock.ts";
import { type Listener, listen } from "./listener.ts";
import type { ProbeOrder } from "./messages.ts";

/**
 * The probe: a process with an event loop of its own that does nothing but listen, so that what it measures is not
 * what it waits for itself. It is told what to do over one socket, reports over the same, and ends with it.
 */
const REPORT_EVERY_MS = 1_000;
/** A peer that never answers the close must not keep it. */
const CLOSE_MS = 1_000;

const socket = new WebSocket(process.env.SEAWORTHY_PROBE ?? "", { perMessageDeflate: false });
const clock = new Clock();
let listener: Listener | undefined;

function report(): void {
  if (!listener || socket.readyState !== WebSocket.OPEN) return;
  const atMs = Math.round(clock.nowMs());
  if (atMs > 0) socket.send(JSON.stringify(listener.take(atMs)));
}

socket.on("message", (data) => {
  const order = JSON.parse(String(data)) as ProbeOrder;
  switch (order.type) {
    case "task":
      clock.go(order.task.startEpochMs);
      listener = listen(order.task, () => clock.nowMs());
      setInterval(report, REPORT_EVERY_MS).unref();
      return;
    case "destination":
      listener?.add(order.destination);
      return;
    case "stop":
      report();
      void Promise.resolve(listener?.close(CLOSE_MS)).then(() => socket.close(1000));
      return;
  }
});
socket.on("error", (error) => console.error(error.message));
// Whatever is left ends with it: whoever waited for this has all reports.
socket.on("close", () => process.exit());
