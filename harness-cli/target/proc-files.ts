/** The few numbers that a run wants of Linux's /proc. Each throws on a text of another form. */

/** Clock ticks of all cores since boot. */
export interface CpuTimes {
  /** Waiting for a disk counts as idle; time that the hypervisor gave to others does not. */
  readonly idle: number;
  /** What the hypervisor gave to others while this machine wanted it. */
  readonly stolen: number;
  readonly total: number;
}

/** /proc/stat, first line: `cpu user nice system idle iowait irq softirq steal guest guest_nice`. */
export function parseCpuTimes(text: string): CpuTimes {
  const fields = /^cpu +([\d ]+)/.exec(text)?.[1];
  if (fields === undefined) throw new SyntaxError("/proc/stat has no cpu line");
  // guest time is contained in user time already
  const ticks = fields.trim().split(/ +/).slice(0, 8).map(Number);
  return {
    idle: (ticks[3] ?? 0) + (ticks[4] ?? 0),
    stolen: ticks[7] ?? 0,
    total: ticks.reduce((sum, value) => sum + value, 0),
  };
}

/** One process at one moment. */
export interface Reading {
  /** When it started: with the pid it names one process. */
  readonly startTicks: number;
  /** User and system time of all its threads. */
  readonly cpuTicks: number;
}

/** /proc/<pid>/stat. The name (field 2) may hold spaces and parentheses; fields count from behind it. */
export function parseStat(text: string): Reading {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [utime, stime, start] = [fields[11], fields[12], fields[19]].map(Number);
  const cpuTicks = (utime as number) + (stime as number);
  if (!Number.isFinite(cpuTicks) || !Number.isFinite(start)) throw new SyntaxError("not a /proc/<pid>/stat");
  return { startTicks: start as number, cpuTicks };
}

/** One thread since it began. */
export interface Turns {
  /** How long it had work and no core to do it on. */
  readonly waitedMs: number;
  /** How often it got a core. */
  readonly turns: number;
}

/** /proc/<pid>/task/<tid>/schedstat: nanoseconds on a core, nanoseconds of waiting for one, turns. */
export function parseTurns(text: string): Turns {
  const [, waitedNs = Number.NaN, turns = Number.NaN] = text.split(" ").map(Number);
  if (!Number.isFinite(waitedNs + turns)) throw new SyntaxError("not a schedstat");
  return { waitedMs: waitedNs / 1e6, turns };
}

export interface Memory {
  readonly residentBytes: number;
  /** What it does not share with others. */
  readonly privateBytes: number;
}

/** /proc/<pid>/status: in kB, while statm counts pages, whose size differs between machines. */
export function parseStatus(text: string): Memory {
  const bytes = (name: string) => {
    const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1];
    if (kilobytes === undefined) throw new SyntaxError(`no ${name} in /proc/<pid>/status`);
    return Number(kilobytes) * 1_024;
  };
  return { residentBytes: bytes("VmRSS"), privateBytes: bytes("RssAnon") };
}

/** /proc/<pid>/limits: how many descriptors it may open; Infinity for no limit. */
export function parseDescriptorLimit(text: string): number {
  const soft = /^Max open files +(\S+)/m.exec(text)?.[1];
  if (soft === undefined) throw new SyntaxError("/proc/<pid>/limits has no open files");
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

/** /proc/sys/net/ipv4/ip_local_port_range: how many ports there are to dial from. */
export function parsePortRange(text: string): number {
  const [from, to] = text.trim().split(/\s+/).map(Number);
  if (!Number.isFinite(from) || !Number.isFinite(to)) throw new SyntaxError("not a port range");
  return (to as number) - (from as number) + 1;
}
