import type { Topology } from "../../chaos/topology.ts";
import type { AuditLine } from "../../reports/record/samples.ts";
import type { LoadAccess } from "../../scenarios/model/load-config.ts";

/** A system that is up and answers, whoever started it. Disposing it stops all of it. */
export interface RunningTarget extends AsyncDisposable {
  readonly topology: Topology;
  /** ws:// addresses that the clients dial, one per instance, through their proxies. */
  readonly endpoints: readonly string[];
  /** `host:port` that clients must dial at another one, without asking for another name: wss:// through a proxy. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** PEM of the authority behind wss:// addresses, where this machine does not know it. */
  readonly caFile?: string;
  /** Direct addresses, past the proxies; `metricsUrl` is scraped once a second. */
  readonly servers: readonly { readonly name: string; readonly metricsUrl: string }[];
  /** What CONNECT must carry. */
  readonly access: LoadAccess;
  readonly versions: Readonly<Record<string, string>>;
  /** Living processes by name, for CPU and memory samples. */
  pids(): Readonly<Record<string, number>>;
  /** What the store holds of this run; undefined where there is no store to ask. */
  audit?: (nonce: string) => Promise<AuditLine>;
}
