import type { FaultWindow } from "../chaos/timeline.ts";
import type { MistakeList } from "./mistakes.ts";

const STEPS = ["inject", "observe", "undo", "healed"] as const;
/** Without one of these a fault would be unseen, or for ever. */
const REQUIRED = ["inject", "observe", "undo"] as const;

/** `app-1.inject=docker kill app-1` and so on, by target, as parameters of the fault `command`. */
export function parseFaultCommands(
  texts: readonly string[],
  mistakes: MistakeList,
): ReadonlyMap<string, readonly string[]> {
  const commands = new Map<string, string[]>();
  for (const text of texts) {
    const { target, step, command } =
      /^(?<target>[\w-]+)\.(?<step>\w+)=(?<command>.+)$/s.exec(text)?.groups ?? {};
    if (!target || !command || !STEPS.some((known) => known === step)) {
      mistakes.add(
        "SW_USAGE",
        `cannot read --fault-command "${text}"`,
        `write target.step=command with a step of ${STEPS.join(", ")}, for example app-1.inject="docker kill app-1"`,
      );
      continue;
    }
    commands.set(target, [...(commands.get(target) ?? []), `${step}=${command}`]);
  }
  return commands;
}

/** Every window of commands has its commands, and every command its window. */
export function requireCommands(
  windows: readonly FaultWindow[],
  commands: ReadonlyMap<string, readonly string[]>,
  mistakes: MistakeList,
): void {
  const own = windows.filter(({ fault }) => fault === "command");
  for (const target of new Set(own.map((window) => window.target))) {
    const params = own.find((window) => window.target === target)?.params ?? {};
    const missing = REQUIRED.filter((step) => params[step] === "");
    if (missing.length === 0) continue;
    mistakes.add(
      "SW_BAD_PARAMETER",
      `fault command on ${target} has no ${missing.join(" and no ")} command`,
      missing.map((step) => `--fault-command ${target}.${step}="…"`).join(" "),
    );
  }
  for (const target of commands.keys()) {
    if (own.some((window) => window.target === target)) continue;
    mistakes.add(
      "SW_USAGE",
      `--fault-command names ${target}, and no fault of this run acts on it`,
      `add --fault command@10s..20s:${target}`,
    );
  }
}
