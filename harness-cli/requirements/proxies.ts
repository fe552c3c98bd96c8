import type { RequirementTitle } from "./row.ts";

/** Section F: proxies and infrastructure. */
export const proxyRows: readonly RequirementTitle[] = [
  {
    id: "F1",
    title: "ALB idle timeout: default 60 s; set 3600 (1 h); attribute idle_timeout.timeout_seconds",
  },
  { id: "F2", title: "nginx read/send timeout: default proxy_read_timeout 60s; set both 3600s" },
  {
    id: "F3",
    title: "nginx upgrade headers: HTTP/1.1 upstream, Upgrade from client, Connection upgrade, Host",
  },
  { id: "F4", title: "nginx buffering: proxy_buffering off" },
  {
    id: "F5",
    title: "HTTP/1.1 vs HTTP/2: extended CONNECT RFC 8441; ALB can forward 1.1 for WS while h2 elsewhere",
  },
  { id: "F6", title: "HAProxy: named as a proxy that breaks WS when old or misconfigured; no numbers given" },
  { id: "F7", title: "Envoy: not mentioned in any seed (the brief's list has it)" },
  {
    id: "F8",
    title:
      'Stickiness: lb_cookie, 86400 s (24 h) in S2/S3; "1-hour cookie by default" in S4; needed or not: see I11',
  },
  {
    id: "F9",
    title: "LB health: path /actuator/health, HTTP 200, interval 15, timeout 5, healthy 2, unhealthy 3",
  },
  { id: "F10", title: "TLS: 443, TLS 1.3 policy, terminate at LB, backend 8080" },
  { id: "F11", title: "Security groups: 443 in only; tasks accept only the LB" },
  { id: "F12", title: "WAF / CloudFront: per-IP rate rules, bad IPs, geo; edge in front of ALB" },
  { id: "F13", title: "Access logs: ALB logs to S3; contain URLs with tokens" },
  {
    id: "F14",
    title: "ECS/Fargate: 1024 CPU / 2048 MB; container port 8080; stopTimeout 60; rolling 100/200",
  },
  { id: "F15", title: "Autoscaling: target 5000, min 2, max 20, out 60 s, in 300 s" },
  { id: "F16", title: "Container health: curl each 15 s, timeout 5, retries 3, start 60 s" },
  { id: "F17", title: "Redis server: see A97; node cache.r6g.large about 13 GB" },
  { id: "F18", title: "Redis cluster caution: pub/sub on cluster mode is harder" },
  { id: "F19", title: "Database: MySQL 8 multi-AZ, read replicas, Aurora Global" },
  { id: "F20", title: "SockJS /info + affinity: extra request, transports are several HTTP requests" },
  {
    id: "F21",
    title: "Corporate proxies/firewalls: strip upgrade headers, clients see 400; 443 passes, 80 stripped",
  },
  { id: "F22", title: "101 delayed or 502: symptoms of misconfigured proxies that no app log shows" },
  { id: "F23", title: "Deploy-time check: test WS through the whole proxy stack, not only HTTP" },
  { id: "F24", title: "OS limits: nofile 65536/100000, sysctls" },
  {
    id: "F25",
    title: "Tomcat limits: max-connections 10000/20000, accept-count 200, threads 200/400, timeouts 20000 ms",
  },
  { id: "F26", title: "DNS: Route53 latency routing, 60-120 s failover" },
  { id: "F27", title: "Dockerfile: JRE alpine, non-root, 75% RAM" },
  { id: "F28", title: "LB algorithm: uneven load from stickiness; nothing said of least-connections" },
  { id: "F29", title: "Deregistration: remove from target group gradually; no delay value given" },
  { id: "F30", title: "Netflix Zuul: WS terminated at an edge gateway" },
];
