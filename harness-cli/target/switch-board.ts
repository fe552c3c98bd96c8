import type { SwitchBoard, Switches } from "../../chaos/topology.ts";

const ANSWER_WITHIN_MS = 3_000;

/** The reference server's `/internal/switches`, past every proxy. */
export function switchBoard(serverUrl: string, internalToken: string): SwitchBoard {
  const ask = async (init: RequestInit): Promise<Response> => {
    const response = await fetch(`${serverUrl}/internal/switches`, {
      ...init,
      headers: { authorization: `Bearer ${internalToken}`, connection: "close" },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (!response.ok) throw new Error(`the server's switches answered ${response.status}`);
    return response;
  };
  return {
    read: async () => (await (await ask({})).json()) as Switches & { readonly nowMs: number },
    async turn(switches) {
      await ask({ method: "POST", body: JSON.stringify(switches) });
    },
  };
}
