import { defineScenario } from "../../../scenarios/model/scenario.ts";

/** Clients that subscribe once and listen: what an engine costs, and nothing else. */
export default defineScenario({
  name: "listen",
  summary: "clients that only listen",
  requirement: ["C2"],
  params: { clients: 20, rampMs: 1_000, listenMs: 600_000 },
  explain: {
    clients: "connections, each with one subscription",
    rampMs: "time in which they connect",
    listenMs: "for how long at most",
  },
  checks: [],
  timing: ({ rampMs, listenMs }) => ({
    warmUpMs: rampMs,
    publishUntilMs: rampMs + listenMs,
    endMs: rampMs + listenMs,
  }),
  roles: ({ clients, rampMs }) => ({
    listener: {
      load: { kind: "ramp", clients, overMs: rampMs },
      reconnect: "fixed",
      async session(stomp) {
        await stomp.connect();
        await stomp.subscribe("/topic/room.bench");
        await stomp.stay();
        await stomp.disconnect();
      },
    },
  }),
});
