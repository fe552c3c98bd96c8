import type { ProbeSample } from "../../reports/record/samples.ts";
import type { LoadAccess } from "../../scenarios/model/load-config.ts";

/** Everything that the probe has to know, told once, at go. */
export interface ProbeTask {
  readonly startEpochMs: number;
  /** Marks the messages of this run. */
  readonly nonce: string;
  readonly timeScale: number;
  readonly endpoints: readonly string[];
  readonly access: LoadAccess;
  readonly subscriptions: number;
}

/** From the harness to the probe. */
export type ProbeOrder =
  | { readonly type: "task"; readonly task: ProbeTask }
  /** Somebody of the load has subscribed there, so the probe may. */
  | { readonly type: "destination"; readonly destination: string }
  | { readonly type: "stop" };

/** From the probe to the harness, each second. */
export type ProbeReport = Omit<ProbeSample, "kind">;
