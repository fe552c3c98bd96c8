// Made by `node harness-cli/compose/k6-entry.ts`; a test holds that it is fresh.
// The load of one run of Seaworthy, complete. With the target up it runs alone:
//   k6 run --no-usage-report k6-entry.ts
// SEAWORTHY_ENDPOINTS (comma-separated ws:// addresses) and SEAWORTHY_JWT_SECRET replace what is written below.
import scenario from "../scenarios/ramp.ts";
import { k6Script } from "../scenarios/k6/engine.ts";

const config = {
  "scenario": "ramp",
  "seed": 2026,
  "nonce": "b2hx1l",
  "timeScale": 1,
  "params": {
    "clients": 60,
    "roomSize": 10,
    "rampMs": 6000,
    "holdMs": 30000,
    "publishEveryMs": 1000,
    "bodyBytes": 200,
    "reconnect": "full-jitter",
    "drainMs": 2000,
    "sendDestination": "/app/chat.send/room-{room}",
    "subscribeDestination": "/topic/room.room-{room}"
  },
  "timing": {
    "warmUpMs": 8000,
    "publishUntilMs": 36000,
    "endMs": 38000
  },
  "endpoints": [
    "ws://balancer:8080/ws"
  ],
  "access": {
    "kind": "jwt",
    "secret": "SEAWORTHY_JWT_SECRET replaces this",
    "origin": "http://localhost:8080"
  },
  "reference": true,
  "shards": [
    {
      "vu": 1,
      "roles": [
        "chatter"
      ],
      "part": 0,
      "parts": 1
    }
  ],
  "vusInAll": 1
};

const script = k6Script(scenario, config);

export const options = script.options;
export const handleSummary = script.handleSummary;
export default script.run;
