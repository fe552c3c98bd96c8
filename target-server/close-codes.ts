/** Every code this server closes with. 1006 never travels: it is what others say of a missing close frame (A76). */
export const closeCodes = {
  normal: 1000,
  protocolError: 1002,
  invalidData: 1007,
  policy: 1008,
  tooBig: 1009,
  bug: 1011,
  restart: 1012,
  overload: 1013,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];
