import type { BalancerDefect } from "../defect.ts";

const defect: BalancerDefect = {
  name: "upgrade-header-stripped",
  summary: "the proxy passes neither Upgrade nor Connection on, so no handshake is one when it arrives",
  requirement: ["B179"],
  wave: 2,
  inProduction:
    "Nobody behind this proxy can connect, everybody who goes around it can; the servers log plain GETs for the WebSocket path and answer 426 or 400.",
  remedy:
    "In nginx: proxy_set_header Upgrade $http_upgrade and Connection by a map, with proxy_http_version 1.1. On a corporate proxy: wss:// on 443, and SockJS as the way around.",
  signs: [
    { fact: "handshakes", weight: 3 },
    { fact: "feature:refused-as-plain-get", weight: 5 },
    { fact: "feature:refused-for-http-version", weight: -3 },
    { fact: "feature:refused-by-gateway", weight: -3 },
  ],
  caughtBy: { scenario: "proxy-matrix", check: "handshakes" },
  apply: (healthy) => ({ ...healthy, passesUpgrade: false }),
};
export default defect;
