import { Option } from "commander";

/** For every command that brings the reference system up. */
export function runAsOption(): Option {
  return new Option(
    "--run-as <backend>",
    "the reference system as processes of this machine or as containers; auto: processes",
  ).choices(["auto", "processes", "containers"]);
}
