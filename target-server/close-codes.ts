/** Every code this server closes with. 1006 never travels: it is what others say of a missing close frame (A76). */
export const closeCodes = {
  normal: 1000,
  protocolError: 1002,
  unsupportedData: 1003,
  invalidData: 1007,
  policy: 1008,
  tooBig: 1009,
  bug: 1011,
  restart: 1012,
  overload: 1013,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** What an ERROR frame calls the same, for programs; its `message` is for people (A48). */
export const reasonCodes: Readonly<Record<CloseCode, string>> = {
  1000: "normal",
  1002: "protocol",
  1003: "unsupported-data",
  1007: "invalid-data",
  1008: "policy",
  1009: "too-big",
  1011: "internal",
  1012: "restart",
  1013: "overload",
};
