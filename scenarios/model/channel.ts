import type { Control, Telemetry } from "./telemetry.ts";

/** The one WebSocket between a VU and the harness: telemetry out, control in. */
export interface Channel {
  emit(line: Telemetry): void;
  close(): void;
}

export interface ChannelEvents {
  opened(): void;
  control(control: Control): void;
  /** Nobody listens any more. */
  closed(reason: string): void;
}
