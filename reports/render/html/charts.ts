import type { RunRecord } from "../../record/run-record.ts";
import type { Report } from "../../report.ts";
import { type Series, seriesOf } from "../facts/series.ts";
import { type Chart, chart } from "./chart.ts";
import { type Markup, markup } from "./markup.ts";
import type { Stage } from "./stage.ts";

/** All charts on one time axis, in the order of the questions: what users felt, why, and can it be believed. */
export function charts(report: Report, record: RunRecord, stage: Stage): Markup {
  const series = seriesOf(record, stage.axis);
  return markup`<div class="charts">${specs(series, report).map((spec) => chart(spec, stage))}</div>`;
}

function specs(series: Series, report: Report): readonly Chart[] {
  const servers = ["cat1", "cat2", "cat3", "cat4", "cat5", "cat6"];
  return [
    {
      title: "Delivery latency",
      unit: "ms",
      about:
        "Intended send time to receipt, every delivery, by the second in which the message was intended: a stall counts where it began.",
      draw: "lines",
      spread: "durations",
      lines: series.deliveryMs,
      tones: ["low", "mid", "high"],
      limits: limitsOf(report, "delivery-p99"),
      heightPx: 170,
    },
    {
      title: "Deliveries",
      unit: "messages a second",
      about: "Received by all subscribers, by the time of receipt.",
      draw: "stack",
      lines: series.deliveriesPerSecond,
      tones: ["main"],
      heightPx: 80,
    },
    {
      title: "Sends",
      unit: "messages a second",
      about:
        "By intended time and by what became of them: only a confirmed send can be lost, an unanswered one is unknown.",
      draw: "stack",
      lines: series.sendsPerSecond,
      tones: ["main", "warn", "bad", "quiet"],
      heightPx: 80,
    },
    {
      title: "Clients",
      unit: "count",
      about:
        "What the load wants connected (due), with an open STOMP session, and with a confirmed subscription.",
      draw: "lines",
      lines: series.clients,
      tones: ["due", "mid", "high"],
      heightPx: 90,
    },
    {
      title: "Reconnect attempts",
      unit: "attempts a second",
      about: "Every attempt after a client's first connection, when it began, by its outcome.",
      draw: "stack",
      lines: series.reconnectsPerSecond,
      tones: ["main", "bad", "warn"],
      heightPx: 80,
    },
    {
      title: "Closes",
      unit: "connections, by close code",
      about: "“no code” is a connection that ended without a close frame.",
      draw: "stack",
      lines: series.closes,
      tones: series.closes.map(({ name }) => codeTone(name)),
      heightPx: 80,
    },
    {
      title: "Send queue depth",
      unit: "messages, p99 over the connections of a server",
      about: "Sampled by the server over all its connections; a value is the upper bound of its bucket.",
      draw: "lines",
      spread: "counts",
      lines: series.sendQueueP99,
      tones: servers,
      limits: limitsOf(report, "send-queue-depth"),
      heightPx: 90,
    },
    {
      title: "Connections",
      unit: "as each server counts them",
      about: "A gap is a scrape without an answer.",
      draw: "lines",
      lines: series.connections,
      tones: servers,
      heightPx: 90,
    },
    {
      title: "CPU",
      unit: "cores, by process; darker is more; mean · max at the right",
      about: "CPU seconds per second of each process of the run.",
      draw: "rows",
      lines: series.cpuCores,
      tones: [],
    },
    {
      title: "Waiting for a core",
      unit: "ms of a second, by process; darker is more; mean · max at the right",
      about:
        "The longest that one thread of each process had work and no core to do it on: what came late meanwhile was the machine's.",
      draw: "rows",
      lines: series.coreWaitMs,
      tones: [],
    },
    {
      title: "Generator",
      unit: "ms, p99 of its own delays",
      about: "Whether the load can be believed: how late it sent, and how late its event loops ran.",
      draw: "lines",
      spread: "durations",
      lines: series.generatorMs,
      tones: ["cat1", "cat2", "cat3"],
      heightPx: 90,
    },
  ];
}

/** The limit of each phase that the check was judged in. */
function limitsOf(report: Report, check: string): NonNullable<Chart["limits"]> {
  return report.phases.flatMap(({ name, fromMs, toMs }) => {
    const judgement = report.judgements.find((one) => one.check === check && one.phase === name);
    return judgement === undefined ? [] : [{ fromMs, toMs, value: judgement.limit }];
  });
}

/** Normal leaves are quiet, abnormal ends loud, what a server says on purpose in between. */
function codeTone(name: string): string {
  if (name === "1000" || name === "1001") return "quiet";
  if (name === "1006") return "bad";
  if (name === "no code") return "warn";
  return name.startsWith("1") ? "cat3" : "cat2";
}
