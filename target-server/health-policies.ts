/** What an instance says of itself when it is asked whether it lives and can serve. */
export interface HealthPolicies {
  /** Does it live? Healthy: whoever can answer does; a store that is away is nothing that a restart mends (I46; B187). */
  isAlive(notReady: () => Promise<string | undefined>): boolean | Promise<boolean>;
  /** Why Redis cannot be used; undefined when it can. Healthy: asked over a connection that is there (A128; B188). */
  askRedis(ways: RedisWays): Promise<string | undefined>;
}

export interface RedisWays {
  /** Over the relay's connections. */
  shared(): Promise<string | undefined>;
  /** A connection for this one question. */
  open(): RedisQuestion;
}

/** Whoever opened it must dispose of it. */
export interface RedisQuestion extends Disposable {
  ask(): Promise<string | undefined>;
}

export const healthyHealth: HealthPolicies = {
  isAlive: () => true,
  askRedis: ({ shared }) => shared(),
};
