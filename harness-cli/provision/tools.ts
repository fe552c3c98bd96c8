/** Every outside program of a run, found and checked: absolute paths. */
export interface Tools {
  readonly node: ToolPath;
  readonly k6: ToolPath;
  readonly toxiproxy: ToolPath;
  /** redis-server or valkey-server. */
  readonly redis: ToolPath;
  /** The folder with `initdb` and `postgres`; `path` is that folder. */
  readonly postgres: ToolPath;
}

export interface ToolPath {
  readonly path: string;
  readonly version: string;
  /** Where it came from: `PATH`, `cache`, `npm` … */
  readonly from: string;
}
