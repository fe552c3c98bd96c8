// @ts-check
// npm's `prepare`: makes `npx seaworthy` work in a checkout after `npm install` and `npm ci`. Valid for Node 20.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { linkOwnBin } from "./packages.mjs";

linkOwnBin(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
