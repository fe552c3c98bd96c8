import { BlockList, isIP } from "node:net";

/** `10.0.0.1`, `::1`, or a network such as `172.16.0.0/12`. */
export function isAddressOrNetwork(text: string): boolean {
  return parse(text) !== undefined;
}

/**
 * Is an address on the list, or in one of its networks? `::ffff:10.0.0.1` is `10.0.0.1` by another name; what is no
 * address is on no list.
 *
 * @throws TypeError when an entry is neither an address nor a network.
 */
export function addressList(entries: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of entries) {
    const parsed = parse(entry);
    if (parsed === undefined) throw new TypeError(`"${entry}" is neither an address nor a network`);
    list.addSubnet(parsed.address, parsed.prefix, parsed.family);
  }
  return (text) => {
    const address = plain(text);
    const family = familyOf(address);
    return family !== undefined && list.check(address, family);
  };
}

/** An address as we compare it. */
export function plain(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
}

const BITS = { ipv4: 32, ipv6: 128 } as const;

function parse(text: string) {
  const [, head = "", digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = plain(head);
  const family = familyOf(address);
  if (family === undefined) return undefined;
  const prefix = digits === undefined ? BITS[family] : Number(digits);
  return prefix > BITS[family] ? undefined : { address, prefix, family };
}

function familyOf(address: string): keyof typeof BITS | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? "ipv4" : "ipv6";
}
