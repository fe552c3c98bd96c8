/**
 * Every limit by which the load generator and its machine are judged, with the source of its number. docs/measurement.md
 * explains them. Idle, k6 stays far below all of them (lateness p99 6 ms, timers 1.3 to 6 ms late at p99: measured).
 */

/** What makes a second of the run useless for judging latency. */
export const SECOND_LIMITS = {
  /** Half of D1's 100 ms: beyond it a red latency could be the generator's own. */
  latenessP99Ms: 50,
  /** D1 itself: arrivals are stamped outside the loop, so its lag only delays what the clients do next. */
  loopLagP99Ms: 100,
  /**
   * Of what an engine can use: each thread of the native one is one loop, and a loop that never idles makes a queue.
   * k6 uses every core, and is judged against all of them.
   */
  engineCpuPercent: 98,
  /** A machine this full makes everything on it wait, the target too: whose fault a late answer is cannot be told. */
  cpuPercent: 95,
  /**
   * For a core, of one thread of the run's own processes, load and target alike: half of D1, beyond which a red latency
   * could be the machine's own although it is not full over the whole second.
   */
  waitMs: 50,
  /**
   * And so long on average before each turn on a core: many short waits hold up nobody. At 0.5 one turn in six waits for
   * another's whole time slice of 3 ms. Measured on two cores: a run by itself 0.05 to 0.3, three beside each other 0.7
   * to 2.
   */
  waitPerTurnMs: 0.5,
  /** CPU time that the hypervisor gave to others: from here on stalls of 100 ms and more were seen. */
  stolenPercent: 20,
} as const;

/** What disqualifies a whole phase at once. */
export const PHASE_LIMITS = {
  /** Beyond 1 % of the schedule not sent, the load was not the one that was planned (D13's threshold). */
  missedLatePercent: 1,
  /** It reports every second; three without a word is a generator that stood still. */
  silenceMs: 3_000,
  /** The same for a report on its way: the harness has not seen what it writes down. */
  telemetryLagMs: 3_000,
  /** Latencies are differences of wall-clock times: half of D1. */
  clockStepMs: 50,
  /** 1 % of D1. Every clock that the engines stamp by is finer (k6's whole milliseconds are the coarsest). */
  clockResolutionMs: 1,
  /** The kernel tries ports one after the other and slows down before it refuses: a tenth is kept free. */
  portsPercent: 90,
  /** A tenth is kept free for what an engine opens besides its connections. */
  descriptorsPercent: 90,
} as const;
