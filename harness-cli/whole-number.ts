import { SeaworthyError } from "./errors.ts";

/** An option's value, such as a seed: digits, and no more than a plan's JSON keeps exactly. Throws SW_USAGE. */
export function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0 || value.trim() === "") {
    throw new SeaworthyError(
      "SW_USAGE",
      `"${value}" is not a whole number`,
      `write it in digits, ${Number.MAX_SAFE_INTEGER} at most`,
    );
  }
  return number;
}
